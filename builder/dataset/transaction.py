"""A cell appears whole or not at all: lock, room, leftovers, and the one rename."""

from __future__ import annotations

import ctypes
import errno
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from builder.errors import AccessError, BusyError, OptionError, SpaceError
from builder.layout import RootLayout

#: Room that must remain, so that a build never fills the disk to the last byte.
SPARE_BYTES = 200_000_000

_AT_FDCWD = -100
_RENAME_EXCHANGE = 2


def prepare_root(root: Path) -> RootLayout:
    """Make the dataset root, or say why it cannot be one.

    Raises
    ------
    OptionError
        The root is a file, or holds a ``.py`` of its own name: ``datasets``
        refuses such a folder as a loading script.
    AccessError
        The root cannot be made or written.
    """
    root = Path(root)
    script = root / f"{root.resolve().name}.py"
    if script.exists():
        raise OptionError(
            "The dataset root holds a script of its own name; datasets >= 4 loads no such folder.",
            where=script,
            do="choose another root, such as root='spe1' beside that script",
        )
    with translated_os_errors(root):
        try:
            root.mkdir(parents=True, exist_ok=True)
            RootLayout(root).private.mkdir(exist_ok=True)
        except (FileExistsError, NotADirectoryError) as error:
            raise OptionError(
                "The dataset root is not a folder.", where=root, got=error, do="choose another root"
            ) from error
    return RootLayout(root)


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


def clear_leftovers(layout: RootLayout, cell_id: str) -> None:
    """Remove what an interrupted build left; needs the cell's lock."""
    replaced, cell = layout.replaced(cell_id), layout.cell(cell_id)
    if replaced.exists() and not cell.exists():
        replaced.rename(cell)
    for leftover in (replaced, layout.incomplete(cell_id)):
        if leftover.exists():
            shutil.rmtree(leftover)


def require_space(root: Path, n_bytes: int, what: str) -> int:
    """Free bytes of the disk, if they suffice.

    Raises
    ------
    SpaceError
        Less than ``n_bytes`` and a little are free.
    """
    free = shutil.disk_usage(root).free
    if free < n_bytes + SPARE_BYTES:
        raise SpaceError(
            f"Too little room for {what}.",
            where=root.resolve(),
            expected=f"{(n_bytes + SPARE_BYTES) / 1e9:.2f} GB free",
            got=f"{free / 1e9:.2f} GB",
            do="free some room, choose another root, or build a shorter window (duration_s)",
        )
    return free


@contextmanager
def growing_cell(layout: RootLayout, cell_id: str) -> Iterator[Path]:
    """An empty folder that becomes the cell when the block ends well.

    Needs the cell's lock. If the block raises, the folder is removed and the old
    cell, if any, stays as it was.
    """
    folder = layout.incomplete(cell_id)
    with translated_os_errors(folder):
        try:
            folder.mkdir()
            yield folder
            _sync_tree(folder)
            _put_in_place(layout, cell_id)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise


def _sync_tree(folder: Path) -> None:
    """Force files and folders to the disk, so that the rename never precedes the bytes."""
    for path in [*folder.rglob("*"), folder]:
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _put_in_place(layout: RootLayout, cell_id: str) -> None:
    incomplete, cell = layout.incomplete(cell_id), layout.cell(cell_id)
    replaced = layout.replaced(cell_id)
    if not cell.exists():
        incomplete.rename(cell)
    elif _exchange(incomplete, cell):
        incomplete.rename(replaced)
    else:
        # Between these two the cell is absent; `clear_leftovers` puts it back.
        cell.rename(replaced)
        incomplete.rename(cell)
    _sync_folder(layout.root)
    if replaced.exists():
        shutil.rmtree(replaced)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


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
