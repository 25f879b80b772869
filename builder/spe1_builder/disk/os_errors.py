"""A full disk and a missing permission, as errors that say what to do."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from spe1_builder.errors import AccessError, SpaceError


@contextmanager
def translated_os_errors(
    where: Path,
    *,
    full: str = "The disk is full; what was written of this cell has been removed.",
    do_full: str = "free some room or choose another root, then build again",
    do_access: str = "choose another root (--root), or make that folder writable",
) -> Iterator[None]:
    """A full disk and a missing permission, as errors that say what to do.

    Parameters
    ----------
    where : Path
        What is being written, and what has to be made for it; files elsewhere are input.
    full, do_full : str
        What a full disk means for this work, and what to do.
    do_access : str
        What to do where the folder cannot be written.
    """
    try:
        yield
    except (SpaceError, AccessError):
        raise
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise SpaceError(full, where=where, got=error.strerror, do=do_full) from error
        if error.errno in (errno.ENOLCK, errno.ENOSYS):
            raise AccessError(
                "The disk of the output folder has no file locks.",
                where=where,
                got=error.strerror,
                do="choose a folder on another disk, then copy the result",
            ) from error
        if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            place = Path(error.filename) if isinstance(error.filename, str | Path) else where
            if not _lies_in(place, where):
                raise AccessError(
                    "A file cannot be read.",
                    where=place,
                    got=error.strerror,
                    do="make it readable for this user, or copy the archive to where it is",
                ) from error
            raise AccessError(
                "The output folder cannot be written.",
                where=place,
                got=error.strerror,
                do=do_access,
            ) from error
        raise


def _lies_in(place: Path, folder: Path) -> bool:
    """Whether a place is a folder, in it, or above it (and it cannot be made).

    One of the two may be relative, or lead through a link.
    """
    places = {os.path.abspath(place), os.path.realpath(place)}  # noqa: PTH100 - links stay
    folders = {os.path.abspath(folder), os.path.realpath(folder)}  # noqa: PTH100
    return any(
        Path(one).is_relative_to(other) or Path(other).is_relative_to(one)
        for one in places
        for other in folders
    )
