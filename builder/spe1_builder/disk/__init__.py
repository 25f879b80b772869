"""The disk that is written to: its errors, its locks, its room, its flush."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from spe1_builder.errors import AccessError, BusyError, SpaceError

#: Room that must remain, so that no work fills the disk to the last byte.
SPARE_BYTES = 200_000_000


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
        What is being written; files elsewhere are input.
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
            if not place.is_relative_to(where):
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


@contextmanager
def held_lock(path: Path, name: str, *, wait_s: float = 0.0) -> Iterator[None]:
    """Hold a lock file; it is free by itself when its process dies.

    Raises
    ------
    BusyError
        Another process holds it.
    """
    from filelock import FileLock, Timeout

    lock = FileLock(path, timeout=wait_s)
    try:
        with translated_os_errors(path.parent):
            lock.acquire()
    except Timeout as error:
        raise BusyError(
            f"Another process is working on {name}.",
            where=path,
            do="wait until it is done; a lock of a process that died is free by itself",
        ) from error
    try:
        yield
    finally:
        lock.release()


def require_space(folder: Path, n_bytes: int, what: str, *, do: str) -> int:
    """Free bytes of the disk, if they suffice.

    Raises
    ------
    SpaceError
        Less than ``n_bytes`` and a little are free.
    """
    free = shutil.disk_usage(folder).free
    if free < n_bytes + SPARE_BYTES:
        raise SpaceError(
            f"Too little room for {what}.",
            where=folder.resolve(),
            expected=f"{(n_bytes + SPARE_BYTES) / 1e9:.2f} GB free",
            got=f"{free / 1e9:.2f} GB",
            do=do,
        )
    return free


def sync_tree(folder: Path) -> None:
    """Force files and folders to the disk, so that a rename never precedes the bytes."""
    for path in [*folder.rglob("*"), folder]:
        sync(path)


def sync(path: Path) -> None:
    """Force one file or folder to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        # Some network file systems cannot sync a folder; its files have been.
        if not (path.is_dir() and error.errno in (errno.EINVAL, errno.ENOTSUP, errno.EBADF)):
            raise
    finally:
        os.close(descriptor)
