"""Whether each worker sees what the client sees, asked before the work."""

from __future__ import annotations

import secrets
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spe1_builder import __version__
from spe1_builder.constants import DATA_VERSION
from spe1_builder.disk.mounts import LOCKS_VARIABLE, lacks_flock
from spe1_builder.disk.os_errors import translated_os_errors
from spe1_builder.errors import ClusterError, MemoryShortError, Spe1Error, UnseenPathError
from spe1_builder.layout import RootLayout
from spe1_builder.runs.clusters.opened import DISK_RESOURCE
from spe1_builder.versions import installed_versions

if TYPE_CHECKING:
    from distributed import Client, Worker

#: What a task needs of memory, whatever the cell's length.
TASK_BYTES = 1_000_000_000
#: What decides bytes or numbers on a worker.
_PACKAGES = ("numpy", "scipy", "numba", "pyarrow", "datasets", "spikeinterface", "distributed")
_SAME_PATHS = (
    "mount the folder there under the same path, or start the workers where it is; paths are the "
    "workers' (docs/cluster.md)"
)


@dataclass(frozen=True)
class Sight:
    """What a process must see: folders, and a file that the client has just written.

    Attributes
    ----------
    places : tuple of Path
        Absolute.
    token : Path
    words : str
        What is in it.
    are_here : tuple of bool
        Which of the places the client sees.
    versions : tuple of str
        The client's spe1, and of the data that it writes.
    """

    places: tuple[Path, ...]
    token: Path
    words: str
    are_here: tuple[bool, ...]
    versions: tuple[str, str] = (__version__, DATA_VERSION)

    def require(self, worker: str) -> None:
        """Refuse to work where something of it is not seen.

        Raises
        ------
        UnseenPathError, ClusterError
            It names the worker.
        """
        here = (__version__, DATA_VERSION)
        if here != self.versions:
            raise ClusterError(
                f"The worker {worker} has another version of spe1.",
                where=worker,
                expected=f"{self.versions[0]} (data {self.versions[1]})",
                got=f"{here[0]} (data {here[1]})",
                do="install the same spe1 there as here, and start the worker again",
            )
        for place, is_here in zip(self.places, self.are_here, strict=True):
            try:
                mode = place.stat().st_mode
            except OSError as error:
                raise _unseen(worker, place, error.strerror or str(error), is_here) from error
            if not stat.S_ISDIR(mode):
                raise _unseen(worker, place, "no folder there", is_here)
        try:
            words = self.token.read_text(encoding="utf-8")
        except OSError as error:
            got = f"a folder without the client's file: {error.strerror}"
            raise _unseen(worker, self.token.parent.parent, got) from error
        if words != self.words:
            raise _unseen(worker, self.token.parent.parent, "a folder of another client")


def _unseen(worker: str, place: Path, got: str, is_here: bool = True) -> UnseenPathError:
    return UnseenPathError(
        f"The worker {worker} does not see a folder that the work needs.",
        where=place,
        expected="the same folder as here" if is_here else "a folder; here there is none either",
        got=got,
        do=_SAME_PATHS,
    )


@contextmanager
def shared_sight(root: Path, places: Sequence[Path]) -> Iterator[Sight]:
    """A token in the root, as long as the block runs."""
    words = secrets.token_hex(16)
    private = RootLayout(root).private
    token = private / f"cluster-{words[:8]}.token"
    with translated_os_errors(root):
        private.mkdir(parents=True, exist_ok=True)
        token.write_text(words, encoding="utf-8")
    try:
        yield Sight(tuple(places), token, words, tuple(place.is_dir() for place in places))
    finally:
        token.unlink(missing_ok=True)


@dataclass(frozen=True)
class WorkerFacts:
    """What a worker is.

    Attributes
    ----------
    address, host : str
    pid, n_threads : int
    memory_bytes : int or None
        Its limit, if it has one.
    has_disk_resource : bool
    without_flock : str or None
        Why its locks in the root are lease files, if they are.
    versions : dict of str to str
    """

    address: str
    host: str
    pid: int
    n_threads: int
    memory_bytes: int | None
    has_disk_resource: bool
    without_flock: str | None
    versions: dict[str, str]

    @property
    def n_tasks(self) -> int:
        """Tasks that it may run at once: without the resource, as many as it has threads."""
        return 1 if self.has_disk_resource else self.n_threads


def look(sight: Sight, dask_worker: Worker) -> WorkerFacts:
    """Run on each worker: what it is; raises if it does not see what is needed."""
    import os
    import platform
    import socket

    facts = WorkerFacts(
        dask_worker.address,
        socket.gethostname(),
        os.getpid(),
        dask_worker.state.nthreads,
        dask_worker.memory_manager.memory_limit,
        DISK_RESOURCE in dask_worker.state.total_resources,
        lacks_flock(sight.token.parent) if sight.token.exists() else None,
        {"spe1": __version__, "python": platform.python_version(), **installed_versions(_PACKAGES)},
    )
    sight.require(f"{facts.address} on {facts.host}")
    return facts


def check_workers(client: Client, sight: Sight, addresses: Sequence[str]) -> list[WorkerFacts]:
    """What these workers are; one that has gone meanwhile is left out.

    Raises
    ------
    UnseenPathError
        A worker does not see a folder.
    MemoryShortError
        A worker may use too little memory for a task.
    ClusterError
        A worker has no spe1, or another version of it.
    """
    from distributed.comm.core import CommClosedError

    answers: dict[str, Any] = client.run(look, sight, workers=list(addresses), on_error="return")
    found = []
    for address, answer in answers.items():
        if isinstance(answer, Spe1Error):
            raise answer
        if isinstance(answer, CommClosedError | ConnectionError | TimeoutError):
            continue  # it is gone
        if isinstance(answer, BaseException):
            raise ClusterError(
                f"The worker {address} cannot run spe1.",
                where=address,
                got=f"{type(answer).__name__}: {answer}",
                do="install the same spe1 there as here",
            ) from answer
        _check(answer)
        found.append(answer)
    return found


def require_one_kind_of_lock(workers: Sequence[WorkerFacts]) -> None:
    """Refuse workers whose locks do not keep each other out.

    Raises
    ------
    ClusterError
    """
    with_flock = [facts for facts in workers if facts.without_flock is None]
    without = [facts for facts in workers if facts.without_flock is not None]
    if with_flock and without:
        raise ClusterError(
            "The workers' locks would not keep each other out.",
            where=f"{without[0].address} on {without[0].host}",
            expected="one kind of lock on all of them",
            got=f"lease files there ({without[0].without_flock}), flock on {with_flock[0].host}",
            do=f"mount the root in one way everywhere, or start all with {LOCKS_VARIABLE}=lease",
        )


def _check(facts: WorkerFacts) -> None:
    if facts.memory_bytes and facts.memory_bytes < TASK_BYTES * facts.n_tasks:
        at_once = "a cell" if facts.n_tasks == 1 else f"{facts.n_tasks} cells, one a thread"
        raise MemoryShortError(
            f"The worker {facts.address} may use too little memory for {at_once}.",
            where=f"{facts.address} on {facts.host}",
            expected=f"{TASK_BYTES * facts.n_tasks / 1e9:.0f} GB",
            got=f"{facts.memory_bytes / 1e9:.2f} GB",
            do="start it with a larger --memory-limit, or ask for more (--memory)"
            if facts.n_tasks == 1
            else f"start it with --resources {DISK_RESOURCE}=1, then it does one at a time",
        )
