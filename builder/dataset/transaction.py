"""A cell appears whole or not at all: lock, leftovers, and the one rename."""

from __future__ import annotations

import ctypes
import errno
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from builder.errors import AccessError, BusyError, SpaceError
from builder.layout import RootLayout

_AT_FDCWD = -100
_RENAME_EXCHANGE = 2


@contextmanager
def translated_os_errors(where: Path) -> Iterator[None]:
    """A full disk and a missing permission, as errors that say what to do.

    Parameters
    ----------
    where : Path
        What is being written; files elsewhere are input.
    """
    try:
        yield
    except (SpaceError, AccessError):
        raise
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise SpaceError(
                "The disk is full; what was written of this cell has been removed.",
                where=where,
                got=error.strerror,
                do="free some room or choose another root, then build again",
            ) from error
        if error.errno in (errno.ENOLCK, errno.ENOSYS):
            raise AccessError(
                "The disk of the output folder has no file locks.",
                where=where,
                got=error.strerror,
                do="choose a root on another disk, then copy the result",
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
                do="choose another root (--root), or make that folder writable",
            ) from error
        raise


@contextmanager
def locked(layout: RootLayout, name: str, *, wait_s: float = 0.0) -> Iterator[None]:
    """Hold the lock of a cell (or of the card) in this root.

    Raises
    ------
    BusyError
        Another process holds it.
    """
    from filelock import FileLock, Timeout

    lock = FileLock(layout.lock(name), timeout=wait_s)
    try:
        with translated_os_errors(layout.root):
            lock.acquire()
    except Timeout as error:
        raise BusyError(
            f"Another process is working on {name}.",
            where=layout.lock(name),
            do="wait until it is done; a lock of a process that died is free by itself",
        ) from error
    try:
        yield
    finally:
        lock.release()


def clear_leftovers(layout: RootLayout, cell_id: str) -> list[Path]:
    """Remove what an interrupted build, or a replaced cell, left; needs the cell's lock.

    Returns
    -------
    list of Path
        Old cells that could not be removed, as when a reader on a network disk
        still holds them. They do no harm, and the next run tries again.
    """
    cell, incomplete = layout.cell(cell_id), layout.incomplete(cell_id)
    replaced = layout.all_replaced(cell_id)
    if replaced and not cell.exists():
        replaced.pop(0).rename(cell)
    if incomplete.exists():
        shutil.rmtree(incomplete)
    remaining = []
    for old in replaced:
        try:
            shutil.rmtree(old)
        except OSError:
            remaining.append(old)
    return remaining


@contextmanager
def growing_cell(
    layout: RootLayout, cell_id: str, list_cell: Callable[[bool], None]
) -> Iterator[Path]:
    """An empty folder that becomes the cell when the block ends well.

    Needs the cell's lock. If the block raises, the folder is removed and the old
    cell, if any, stays as it was. An old cell that was replaced waits for
    `clear_leftovers`.

    Parameters
    ----------
    list_cell : callable
        Writes the card without (False) or with (True) this cell. ``load_dataset``
        caches rows under what the card says, so no card may name the old cell while
        the new one lies there.
    """
    folder = layout.incomplete(cell_id)
    with translated_os_errors(layout.root):
        try:
            folder.mkdir()
            yield folder
            _sync_tree(folder)
            _put_in_place(layout, cell_id, list_cell)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise


def _sync_tree(folder: Path) -> None:
    """Force files and folders to the disk, so that the rename never precedes the bytes."""
    for path in [*folder.rglob("*"), folder]:
        _sync(path)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        # Some network file systems cannot sync a folder; its files have been.
        if not (path.is_dir() and error.errno in (errno.EINVAL, errno.ENOTSUP, errno.EBADF)):
            raise
    finally:
        os.close(descriptor)


def _put_in_place(layout: RootLayout, cell_id: str, list_cell: Callable[[bool], None]) -> None:
    incomplete, cell = layout.incomplete(cell_id), layout.cell(cell_id)
    if not cell.exists():
        incomplete.rename(cell)
    else:
        list_cell(False)
        try:
            _swap(incomplete, cell, layout.free_replaced(cell_id))
        except BaseException:
            list_cell(True)  # whichever of the two is there now
            raise
    _sync(layout.root)


def _swap(incomplete: Path, cell: Path, replaced: Path) -> None:
    if _exchange(incomplete, cell):
        incomplete.rename(replaced)
        return
    # Between these two the cell is absent; `clear_leftovers` puts it back.
    cell.rename(replaced)
    try:
        incomplete.rename(cell)
    except OSError:
        replaced.rename(cell)
        raise


def _exchange(first: Path, second: Path) -> bool:
    """Swap two folders in one step; False where the system cannot."""
    if not sys.platform.startswith("linux"):
        return False
    rename = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if rename is None:
        return False
    return (
        rename(_AT_FDCWD, os.fsencode(first), _AT_FDCWD, os.fsencode(second), _RENAME_EXCHANGE) == 0
    )
