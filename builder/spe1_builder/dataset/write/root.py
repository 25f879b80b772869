"""The dataset root: a folder of ours, and its shared files."""

from __future__ import annotations

from pathlib import Path

from spe1_builder.dataset.card.kept import read_kept
from spe1_builder.dataset.card.root_files import has_our_card, write_root_files
from spe1_builder.dataset.plan.inputs import SharedFiles
from spe1_builder.disk.os_errors import translated_os_errors
from spe1_builder.errors import OptionError
from spe1_builder.layout import (
    CHAN_MAP_NAME,
    SUMMARY_CSV_NAME,
    SUMMARY_NAME,
    RootLayout,
)

#: What tells a checkout or a project from a folder of data.
_PROJECT_NAMES = ("spe1.py", "pyproject.toml", ".git")
#: `load_dataset` reads a path with these as a pattern.
_GLOB_MARKS = ("[", "]", "*", "?", "::")


def prepare_root(root: Path) -> RootLayout:
    """Make the dataset root, or say why it cannot be one.

    Raises
    ------
    OptionError
        The root is a file, a project's folder, or somebody else's dataset; or
        ``datasets`` could not load it.
    AccessError
        The root cannot be made or written.
    """
    root = Path(root)
    layout = RootLayout(root)
    with translated_os_errors(root):
        _refuse_foreign(root, layout)
        try:
            root.mkdir(parents=True, exist_ok=True)
            layout.private.mkdir(exist_ok=True)
        except (FileExistsError, NotADirectoryError) as error:
            raise OptionError(
                "The dataset root is not a folder.", where=root, got=error, do="choose another root"
            ) from error
    return layout


def _refuse_foreign(root: Path, layout: RootLayout) -> None:
    full = root.resolve()
    if any(mark in str(full) for mark in _GLOB_MARKS):
        raise OptionError(
            "load_dataset takes the path of the dataset root for a pattern.",
            where=full,
            expected=f"a path without any of {' '.join(_GLOB_MARKS)}",
            do="choose another root",
        )
    # datasets >= 4 refuses a folder that holds a script of its own name.
    for name in (*_PROJECT_NAMES, f"{full.name}.py"):
        if (root / name).exists():
            raise OptionError(
                "The dataset root is a project's folder, not one for data.",
                where=root / name,
                do="choose a folder of its own, such as root='spe1' (--root spe1)",
            )
    if layout.card.exists() and not has_our_card(layout):
        raise OptionError(
            "The dataset root holds a README.md that spe1 did not write.",
            where=layout.card,
            do="choose an empty folder as root, or move that file away",
        )
    # What would stop the card at the end stops the build before the work.
    read_kept(layout.card)


def _named(shared: SharedFiles) -> dict[str, bytes]:
    """The shared files as a root has them, by name."""
    return {
        CHAN_MAP_NAME: shared.chan_map,
        SUMMARY_NAME: shared.summary.content,
        SUMMARY_CSV_NAME: shared.summary.as_csv().encode(),
    }


def check_shared_files(layout: RootLayout, shared: SharedFiles) -> None:
    """The shared files may be written: they are not there, the same, or ours.

    Raises
    ------
    OptionError
        A root without our card holds a different one.
    """
    if has_our_card(layout):
        return
    for name, content in _named(shared).items():
        path = layout.root / name
        if path.exists() and path.read_bytes() != content:
            raise OptionError(
                f"The dataset root holds another '{name}', which spe1 did not write.",
                where=path,
                do="choose an empty folder as root, or move that file away",
            )


def mirror_shared_files(layout: RootLayout, shared: SharedFiles) -> None:
    """Copy the channel map and the summary (also as CSV) into the root."""
    write_root_files(layout, _named(shared))
