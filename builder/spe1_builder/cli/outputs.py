"""Files that a command writes: refused before the work, written whole or not at all."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from spe1_builder.errors import MissingFileError, StaleOutputError

#: In the place of a file: standard output.
STANDARD_OUTPUT = Path("-")


def require_free(path: Path, option: str, *, force: bool) -> None:
    """Refuse, before the work, a place that cannot be written or is not to be replaced.

    Raises
    ------
    MissingFileError
        Its folder is not there, or it is a folder.
    StaleOutputError
        There is a file.
    """
    if not path.parent.is_dir() or path.is_dir():
        raise MissingFileError(
            "The result cannot be written there.",
            where=path.absolute(),
            expected="a file in a folder that exists",
            do=f"make the folder, or name another file with {option}",
        )
    if path.exists() and not force:
        raise StaleOutputError(
            "There is a file already.",
            where=path.absolute(),
            do=f"name another file with {option}, or overwrite it (--force)",
        )


def write_whole(path: Path, option: str, write: Callable[[Path], None]) -> None:
    """Write a file by ``write(path)``; it appears whole or not at all.

    Raises
    ------
    AccessError, SpaceError
        It cannot be written.
    """
    from spe1_builder.disk.atomic import replacing
    from spe1_builder.disk.os_errors import translated_os_errors

    with (
        translated_os_errors(
            path.parent,
            full="The disk is full; the file was not written.",
            do_full=f"free some room or name another place ({option}), then run again",
            do_access=f"make that folder writable, or name another place ({option})",
        ),
        replacing(path) as partial,
    ):
        write(partial)
