"""A dataset root that a command is to work on, refused before the work if it is none."""

from __future__ import annotations

from pathlib import Path

from spe1_builder.errors import MissingFileError, OptionError
from spe1_builder.layout import METADATA_NAME


def require_root(root: Path, command: str) -> None:
    """Refuse what is no dataset root before a command works on it.

    Raises
    ------
    MissingFileError
        There is no such folder.
    OptionError
        The folder is a cell.
    """
    from spe1_builder.cells import CELL_SETS, catalogue

    if root.is_dir():
        if (root / METADATA_NAME).is_file():
            cell = f" {root.name}" if command == "verify" else ""
            raise OptionError(
                "That is a cell, not a dataset root.",
                where=root,
                expected="the folder that holds the cells' folders",
                do=f"spe1 {command} {root.parent}{cell}",
            )
        return
    do = "name the folder that 'spe1 build --root' wrote, or build a cell first"
    if command == "verify" and (str(root) in catalogue() or str(root) in CELL_SETS):
        do = f"the root comes first: spe1 verify spe1 {root}"
    what = "is no folder" if root.exists() else "is not there"
    raise MissingFileError(f"The dataset root {what}.", where=root, do=do)
