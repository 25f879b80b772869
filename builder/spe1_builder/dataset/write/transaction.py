"""A cell appears whole or not at all: lock, leftovers, and the one rename."""

from __future__ import annotations

import ctypes
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from spe1_builder.disk.atomic import sync, sync_tree
from spe1_builder.disk.locks import Held, held_lock
from spe1_builder.disk.os_errors import translated_os_errors
from spe1_builder.layout import RootLayout

_AT_FDCWD = -100
_RENAME_EXCHANGE = 2


@contextmanager
def locked(layout: RootLayout, name: str, *, wait_s: float = 0.0) -> Iterator[Held]:
    """Hold the lock of a cell (or of the card) in this root.

    Raises
    ------
    BusyError
        Another process holds it.
    """
    with held_lock(layout.lock(name), name, wait_s=wait_s) as held:
        yield held


def clear_leftovers(layout: RootLayout, cell_id: str) -> list[Path]:
    """Remove what an interrupted build, or a replaced cell, left; needs the cell's lock.

    Returns
    -------
    list of Path
        Old cells that could not be removed, as when a reader on a network disk
        still holds them. They do no harm, and the next run tries again.
    """
    cell, staging = layout.cell(cell_id), layout.staging(cell_id)
    retired = layout.all_retired(cell_id)
    if retired and not os.path.lexists(cell):
        retired.pop(0).rename(cell)
    if staging.is_symlink():
        staging.unlink()
    elif staging.exists():
        shutil.rmtree(staging)
    remaining = []
    for old in retired:
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
        Writes the card without (False) or with (True) this cell. A card that lists a cell
        whose files are not there loads none of the cells after it.
    """
    folder = layout.staging(cell_id)
    with translated_os_errors(layout.root):
        folder.parent.mkdir(exist_ok=True)
        folder.mkdir()
        made = folder.stat().st_ino
        try:
            yield folder
            sync_tree(folder)
            _put_in_place(layout, cell_id, list_cell)
        except BaseException:
            # One of another process, which took over the cell's lease meanwhile, stays.
            if folder.is_dir() and folder.stat().st_ino == made:
                shutil.rmtree(folder, ignore_errors=True)
            raise


def _put_in_place(layout: RootLayout, cell_id: str, list_cell: Callable[[bool], None]) -> None:
    staging, cell = layout.staging(cell_id), layout.cell(cell_id)
    if not cell.exists():
        staging.rename(cell)
    else:
        list_cell(False)
        try:
            retired = layout.free_retired(cell_id)
            retired.parent.mkdir(parents=True, exist_ok=True)
            _swap(staging, cell, retired)
        except BaseException:
            list_cell(True)  # whichever of the two is there now
            raise
    sync(layout.root)


def _swap(staging: Path, cell: Path, retired: Path) -> None:
    if _exchange(staging, cell):
        staging.rename(retired)
        return
    # Between these two the cell is absent; `clear_leftovers` puts it back.
    cell.rename(retired)
    try:
        staging.rename(cell)
    except OSError:
        retired.rename(cell)
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
