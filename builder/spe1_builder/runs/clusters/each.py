"""Cells on the workers of a cluster: `spe1_builder.runs.loop.each_cell` on many machines."""

from __future__ import annotations

import queue
import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from spe1_builder.errors import ClusterError, UnseenPathError, WorkerLostError
from spe1_builder.runs.clusters.events import Event, Listener, to_nobody
from spe1_builder.runs.clusters.opened import DISK_RESOURCE
from spe1_builder.runs.clusters.sight import (
    Sight,
    WorkerFacts,
    check_workers,
    require_one_kind_of_lock,
)
from spe1_builder.runs.clusters.there import Ran, run_there
from spe1_builder.runs.loop import Done, Failure
from spe1_builder.runs.tasks import Task

if TYPE_CHECKING:
    from distributed import Client, Future

R = TypeVar("R")
#: Tries of a cell that fails by its own fault. A worker's death is not; Dask gives a cell up after
#: the fourth, which counts as one try, since it also counts cells that only waited for that worker.
_TRIES = 2
#: How often the workers are counted.
_LOOK_EVERY_S = 2.0
_GO_ON = "run the same again: cells that are done stay as they are, and count as up to date"


def each_on_cluster(
    client: Client,
    cell_ids: Sequence[str],
    task: Task[R],
    sight: Sight,
    *,
    listener: Listener = to_nobody,
    no_worker_s: float | None = 60.0,
    replenish: Callable[[], None] | None = None,
) -> Iterator[Done[R] | Failure]:
    """Run a task on each cell, on the workers of a cluster.

    A cell whose worker dies is run again elsewhere; one that fails by itself is tried once
    more. If the caller stops, what is queued is cancelled; what a worker of somebody else's
    cluster has begun comes to its end.

    Parameters
    ----------
    client : distributed.Client
    cell_ids : sequence of str
    task : Task
        Its paths are the workers'.
    sight : Sight
        What each worker must see.
    listener : callable, optional
        Told of every event.
    no_worker_s : float, optional
        Longest time without a single worker; None waits for ever, as for a batch system.
    replenish : callable, optional
        Asks for workers in the place of those that left, which are started by nobody else.

    Yields
    ------
    Done or Failure
        As each cell ends, in the order in which they end.

    Raises
    ------
    ClusterError
        There is no worker, or the scheduler is gone.
    UnseenPathError, MemoryShortError
        A worker that cannot do the work; the error names it.
    """
    run = _Run(client, task, sight, listener, no_worker_s, replenish)
    try:
        run.wait_for_workers()
        for rank, cell_id in enumerate(cell_ids):
            run.submit(cell_id, 1, priority=-rank)
        while run.pending:
            yield from run.next_outcomes()
    finally:
        run.cancel()


class _Run(Generic[R]):
    """The cells of one run that have not ended, and the workers that were seen."""

    def __init__(
        self,
        client: Client,
        task: Task[R],
        sight: Sight,
        listener: Listener,
        no_worker_s: float | None,
        replenish: Callable[[], None] | None,
    ):
        self.pending: dict[str, tuple[Future[Ran[R]], int]] = {}
        self._client, self._task, self._sight = client, task, sight
        self._tell, self._no_worker_s, self._replenish = listener, no_worker_s, replenish
        self._n_most = 0
        self._workers: dict[str, WorkerFacts] = {}
        self._ended: queue.SimpleQueue[tuple[str, int]] = queue.SimpleQueue()
        self._mark = secrets.token_hex(4)
        self._seen_at = self._looked_at = time.monotonic()

    def wait_for_workers(self) -> None:
        """Wait for the first worker; raises if one is not fit for the work."""
        is_told = False
        while not self._workers:
            self._look()
            if not self._workers:
                if not is_told:
                    self._tell(Event("waiting", "waiting for the first worker"))
                is_told = True
                time.sleep(0.2)

    def submit(self, cell_id: str, attempt: int, priority: int = 0) -> None:
        # A resource that no worker has would be waited for without end.
        has_disk = any(facts.has_disk_resource for facts in self._workers.values())
        future = self._client.submit(
            run_there,
            self._task,
            cell_id,
            self._sight,
            key=f"spe1-{type(self._task).__name__}-{cell_id}-{attempt}-{self._mark}",
            priority=priority,
            resources={DISK_RESOURCE: 1} if has_disk else None,
            pure=False,
        )
        self.pending[cell_id] = (future, attempt)
        future.add_done_callback(lambda _: self._ended.put((cell_id, attempt)))
        if attempt == 1:
            self._tell(Event("queued", "is queued", cell_id))

    def next_outcomes(self) -> Iterator[Done[R] | Failure]:
        """Wait a little; the cells that have ended."""
        try:
            cell_id, attempt = self._ended.get(timeout=_LOOK_EVERY_S)
        except queue.Empty:
            self._look()
            return
        if time.monotonic() - self._looked_at > _LOOK_EVERY_S:
            self._look()
        future, latest = self.pending[cell_id]
        assert attempt == latest
        outcome = self._outcome_of(cell_id, future, attempt)
        if outcome is None:
            self.submit(cell_id, attempt + 1)
            return
        del self.pending[cell_id]
        yield outcome

    def cancel(self) -> None:
        """Take back what has not ended."""
        if self.pending and self._client.status == "running":
            futures = [future for future, _ in self.pending.values()]
            try:
                self._client.cancel(futures, asynchronous=False)
            except (OSError, TimeoutError):
                return  # the scheduler is gone, and with it what was queued

    def _outcome_of(
        self, cell_id: str, future: Future[Ran[R]], attempt: int
    ) -> Done[R] | Failure | None:
        """What came of a cell; None if it is to be tried again."""
        if future.status not in ("finished", "error"):
            raise self._gone()
        try:
            ran: Ran[R] = future.result()
        except Exception as error:  # noqa: BLE001 - whatever Dask raises for one cell
            return self._fault_of_dask(cell_id, error, attempt)
        if isinstance(ran.error, UnseenPathError) and ran.worker in str(ran.error):
            raise ran.error
        where = {"worker": ran.worker, "host": ran.host, "attempt": attempt}
        took: dict[str, Any] = where | {"seconds": round(ran.seconds, 3)}
        if ran.error is None:
            text = f"is done on {ran.worker} after {ran.seconds:.1f} s"
            self._tell(Event("done", text, cell_id, **took))
            return Done(cell_id, ran.result)  # type: ignore[arg-type]  # a task may return None
        failure = Failure(cell_id, ran.error)
        if attempt < _TRIES:
            text = f"failed on {ran.worker}, and is tried once more: {failure.cause}"
            self._tell(Event("again", text, cell_id, **took))
            return None
        self._tell(Event("failed", f"failed on {ran.worker}: {failure.cause}", cell_id, **took))
        return failure

    def _fault_of_dask(self, cell_id: str, error: Exception, attempt: int) -> Failure | None:
        """What comes of an error that is not the task's: workers died, or the scheduler is gone.

        Raises
        ------
        ClusterError
        """
        from distributed.scheduler import KilledWorker

        if not isinstance(error, KilledWorker):
            if self._client.status != "running":
                raise self._gone() from error
            failure = Failure(cell_id, error)
        else:
            lost = WorkerLostError(
                f"The workers that took up {cell_id} died, one after the other.",
                where=cell_id,
                got=f"the last one was {error.last_worker.address}",
                do="see their logs; most often they had too little memory: start them with more",
            )
            failure = Failure(cell_id, lost)
            if attempt < _TRIES:
                text = f"is tried once more: {failure.cause}"
                self._tell(Event("again", text, cell_id, attempt=attempt))
                return None
        self._tell(Event("failed", f"failed: {failure.cause}", cell_id, attempt=attempt))
        return failure

    def _gone(self) -> ClusterError:
        n_left = len(self.pending)
        return ClusterError(
            "The cluster's scheduler is gone, or has forgotten the work.",
            where=self._client.scheduler.addr if self._client.scheduler else None,
            got=f"{n_left} cells had not ended: {', '.join(sorted(self.pending)[:10])}",
            do=f"start it again, then {_GO_ON}",
        )

    def _look(self) -> None:
        """Count the workers; hold new ones to what the work needs."""
        self._looked_at = now = time.monotonic()
        try:
            present = set(self._client.nthreads())
        except (OSError, TimeoutError) as error:
            raise self._gone() from error
        for address in self._workers.keys() - present:
            left = self._workers.pop(address)
            self._tell(Event("worker left", f"{address} left", worker=address, host=left.host))
        new = sorted(present - self._workers.keys())
        for facts in check_workers(self._client, self._sight, new) if new else []:
            self._workers[facts.address] = facts
            text = f"{facts.address} on {facts.host} joined, {facts.n_threads} threads"
            if facts.without_flock is not None:
                text += f", locks by lease files ({facts.without_flock})"
            where: dict[str, Any] = {"worker": facts.address, "host": facts.host}
            self._tell(Event("worker joined", text, **where, versions=facts.versions))
        require_one_kind_of_lock(list(self._workers.values()))
        self._n_most = max(self._n_most, len(self._workers))
        if self._replenish is not None and len(self._workers) < self._n_most:
            self._replenish()
        if self._workers:
            self._seen_at = now
        elif self._no_worker_s is not None and now - self._seen_at > self._no_worker_s:
            raise ClusterError(
                f"The cluster has had no worker for {self._no_worker_s:.0f} s.",
                do=f"start some (dask worker ADDRESS), then {_GO_ON}",
            )
