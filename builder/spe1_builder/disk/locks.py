"""Locks between processes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from spe1_builder.disk.os_errors import translated_os_errors
from spe1_builder.errors import BusyError


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
