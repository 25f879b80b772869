"""A dataset root that a command is to work on, refused before the work if it is none."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from spe1_builder.cells import is_cell_name
from spe1_builder.errors import MissingFileError, OptionError
from spe1_builder.layout import METADATA_NAME, RootLayout
from spe1_builder.paths import local_path

DEFAULT_ROOT = Path("spe1")
#: Seconds to wait for another process that writes the same file.
_WAIT_S = 60.0


def settle_root(names: list[str] | None, root: Path | None) -> tuple[Path, list[str]]:
    """The root and the cells of a command line that has ``--root``, or the root before the cells.

    The first word is a root if there is no ``--root`` and it names no cell, or a folder
    of that name is here.

    Returns
    -------
    Path
    list of str
        What is left: cells and sets.
    """
    rest = list(names or [])
    if root is None and rest and (not is_cell_name(rest[0]) or Path(rest[0]).is_dir()):
        root = local_path(rest.pop(0), "ROOT")
    return root or DEFAULT_ROOT, rest


@contextmanager
def alone_in(root: Path, name: str) -> Iterator[None]:
    """Hold the lock of a file of the root while it is written; another process is waited for.

    Raises
    ------
    AccessError, SpaceError
        The root cannot be written.
    BusyError
        The other one does not end.
    """
    from spe1_builder.dataset.write.transaction import locked
    from spe1_builder.disk.os_errors import translated_os_errors

    layout = RootLayout(root)
    with translated_os_errors(root):
        layout.private.mkdir(exist_ok=True)
        with locked(layout, name, wait_s=_WAIT_S):
            yield


def require_root(root: Path, command: str) -> None:
    """Refuse what is no dataset root before a command works on it.

    Raises
    ------
    MissingFileError
        There is no such folder.
    OptionError
        The folder is a cell.
    """
    if root.is_dir():
        if (root / METADATA_NAME).is_file():
            cell = f" {root.absolute().name}" if command == "verify" else ""
            raise OptionError(
                "That is a cell, not a dataset root.",
                where=root,
                expected="the folder that holds the cells' folders",
                do=f"spe1 {command}{cell} --root {root.absolute().parent}",
            )
        return
    what = "is no folder" if root.exists() else "is not there"
    raise MissingFileError(
        f"The dataset root {what}.",
        where=root,
        do="name the folder that 'spe1 build --root' wrote, or build a cell first",
    )
