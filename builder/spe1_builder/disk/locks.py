"""Locks between processes, on one machine or on several that share a disk."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from spe1_builder.disk.leases import Lease
from spe1_builder.disk.mounts import lacks_flock
from spe1_builder.disk.os_errors import translated_os_errors
from spe1_builder.errors import BusyError


class Held:
    """A lock that is held.

    Parameters
    ----------
    path : Path
    name : str
    lease : Lease, optional
        What holds it, where it can get lost.
    """

    def __init__(self, path: Path, name: str, lease: Lease | None = None):
        self._path, self._name, self._lease = path, name, lease

    def require(self) -> None:
        """Refuse to go on if the lock has been taken over meanwhile.

        Raises
        ------
        BusyError
            This process did not run, or not reach the disk, for so long that it counted as dead.
        """
        if self._lease is not None and not self._lease.is_held():
            raise BusyError(
                f"Another process took over the work on {self._name}.",
                where=self._path,
                got="this process, or its disk, stood still for minutes",
                do="wait until the other one is done",
            )


@contextmanager
def held_lock(path: Path, name: str, *, wait_s: float = 0.0) -> Iterator[Held]:
    """Hold a lock file; it is free by itself when its process dies.

    Where the disk's own locks do not hold between machines, a lease file beside it does. One of
    another machine that died is free after three minutes.

    Yields
    ------
    Held

    Raises
    ------
    BusyError
        Another process holds it.
    """
    if lacks_flock(path.parent) is not None:
        with _held_lease(path, name, wait_s) as held:
            yield held
        return
    from filelock import FileLock, Timeout

    lock = FileLock(path, timeout=wait_s)
    try:
        with translated_os_errors(path.parent):
            lock.acquire()
    except Timeout as error:
        raise _busy(path, name, "a lock of a process that died is free by itself") from error
    try:
        yield Held(path, name)
    finally:
        lock.release()


@contextmanager
def _held_lease(path: Path, name: str, wait_s: float) -> Iterator[Held]:
    lease = Lease(path.with_name(f"{path.name}.lease"))
    with translated_os_errors(path.parent):
        is_ours = lease.acquire(wait_s)
    if not is_ours:
        holder = lease.holder()
        who = "" if holder is None else f"process {holder.pid} on {holder.host}"
        text = "the lock of a process of another machine that died is free after three minutes"
        raise _busy(path, name, text, who or None)
    try:
        yield Held(path, name, lease)
    finally:
        lease.release()


def _busy(path: Path, name: str, when_free: str, got: str | None = None) -> BusyError:
    return BusyError(
        f"Another process is working on {name}.",
        where=path,
        got=got,
        do=f"wait until it is done; {when_free}",
    )
