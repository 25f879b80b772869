"""What a disk says while a download writes to it, as errors that tell what is kept."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from spe1_builder.disk.os_errors import translated_os_errors
from spe1_builder.errors import AccessError, SpaceError, Spe1Error


@contextmanager
def disk_errors(folder: Path, option: str = "--raw-dir") -> Iterator[None]:
    """Every error of the system about files, as one of ours.

    Parameters
    ----------
    folder : Path
        Is being written to.
    option : str
        Names another folder.

    Raises
    ------
    SpaceError
        The disk is full, or takes no file so large.
    AccessError
        It cannot be written or read, or fails.
    """
    try:
        with translated_os_errors(
            folder,
            full="The disk is full; what has arrived is kept.",
            do_full="free some room, then run the same command again to go on",
            do_access=f"make that folder writable, or choose another ({option})",
        ):
            yield
    except Spe1Error:
        raise
    except OSError as error:
        where = error.filename if isinstance(error.filename, str | Path) else folder
        if error.errno == errno.EFBIG:
            raise SpaceError(
                "The disk takes no file so large; what has arrived is kept.",
                where=where,
                got=error.strerror,
                do=f"choose a disk with another file system ({option}): FAT32 ends at 4.3 GB; or "
                "lift the limit of this shell (ulimit -f); the part can be moved along",
            ) from error
        raise AccessError(
            "The disk refuses, or fails; what has arrived is kept.",
            where=where,
            got=error.strerror or type(error).__name__,
            do="run the same command again to go on; if it stays so, look into that disk, or "
            f"choose another ({option})",
        ) from error
