"""A file appears whole or not at all."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

#: End of the name under which a file grows beside its place.
INCOMPLETE = ".incomplete"
#: End of the name of a folder that is being replaced.
_REPLACED = ".replaced"


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A place to write that becomes ``path`` by one rename when the block ends well.

    If the block raises, what was there before stays, and what was written is removed.

    Yields
    ------
    Path
        In the same folder; not there yet.
    """
    partial = path.with_name(path.name + INCOMPLETE)
    partial.unlink(missing_ok=True)
    try:
        yield partial
        sync(partial)
        partial.replace(path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


@contextmanager
def replacing_folder(path: Path) -> Iterator[Path]:
    """An empty folder that becomes ``path`` by one rename when the block ends well.

    If the block raises, the folder that was there before stays. A process that is killed
    between the two renames leaves it beside its place, where the next run finds it.

    Yields
    ------
    Path
        Beside it.
    """
    partial, old = (path.with_name(path.name + end) for end in (INCOMPLETE, _REPLACED))
    if old.exists() and not path.exists():
        old.rename(path)
    for leftover in (partial, old):
        if leftover.exists():
            shutil.rmtree(leftover)
    try:
        partial.mkdir()
        yield partial
        sync_tree(partial)
        if path.exists():
            path.rename(old)
        partial.rename(path)
        sync(path.parent)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        if old.exists() and not path.exists():
            old.rename(path)
        raise
    shutil.rmtree(old, ignore_errors=True)


def write_bytes(path: Path, content: bytes) -> None:
    """Write a small file; it appears whole or not at all."""
    with replacing(path) as partial:
        partial.write_bytes(content)


def write_text(path: Path, text: str) -> None:
    """Write a small file in UTF-8; it appears whole or not at all."""
    write_bytes(path, text.encode())


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
