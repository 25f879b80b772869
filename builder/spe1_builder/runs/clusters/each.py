"""Cells on the workers of a cluster: `spe1_builder.runs.loop.each_cell` on many machines."""

from __future__ import annotations

import queue
import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from spe1_builder.errors import ClusterError, UnseenPathError
from spe1_builder.runs.clusters.events import Event, Listener, to_nobody
from spe1_builder.runs.clusters.opened import DISK_RESOURCE
from spe1_builder.runs.clusters.reports import Errand, heard
from spe1_builder.runs.clusters.sight import Sight
from spe1_builder.runs.clusters.there import Ran, run_there
from spe1_builder.runs.clusters.tries import Try, lost_workers
from spe1_builder.runs.clusters.workers import GO_ON, LOOK_EVERY_S, SchedulerGone, Workers
from spe1_builder.runs.loop import Done, Failure, goes_on
from spe1_builder.runs.tasks import Task

if TYPE_CHECKING:
    from distributed import Client, Future

R = TypeVar("R")
#: Tries of a cell that fails by its own fault. Dask gives a cell up after the fourth worker that
#: died with it, be it at work on the cell or not; that is a try if the last one was at it.
_TRIES = 2
#: How often Dask may give up a cell that no worker was seen to be at: it can die before it tells.
_GIVEN_UP = 6


def each_on_cluster(
    client: Client,
    cell_ids: Sequence[str],
    task: Task[R],
    sight: Sight,
    *,
    listener: Listener = to_nobody,
    no_worker_s: float | None = 60.0,
    replenish: Callable[[], None] | None = None,
    is_hopeless: Callable[[Exception], bool] = goes_on,
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
    is_hopeless : callable, optional
        As `each_cell` has it; what is queued then is cancelled.

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
    present = Workers(client, sight, listener, no_worker_s, replenish)
    run = _Run(client, task, sight, listener, present, is_hopeless)
    with heard(client, run.topic, run.hear):
        try:
            run.wait_for_workers()
            for rank, cell_id in enumerate(cell_ids):
                run.submit(Try(cell_id), priority=-rank)
            while run.pending:
                for outcome in run.next_outcomes():
                    yield outcome
                    if isinstance(outcome, Failure) and is_hopeless(outcome.error):
                        yield from run.ended()
                        return
        finally:
            run.cancel()


class _Run(Generic[R]):
    """The cells of one run that have not ended."""

    def __init__(
        self,
        client: Client,
        task: Task[R],
        sight: Sight,
        listener: Listener,
        workers: Workers,
        is_hopeless: Callable[[Exception], bool],
    ):
        self.pending: dict[str, tuple[Future[Ran[R]], Try]] = {}
        self._client, self._task, self._sight = client, task, sight
        self._tell, self._workers, self._is_hopeless = listener, workers, is_hopeless
        self._mark = secrets.token_hex(4)
        # What other threads have to say: cells that ended, and what workers tell.
        self._arrived: queue.SimpleQueue[tuple[str, int] | Event] = queue.SimpleQueue()
        self._looked_at = time.monotonic()

    @property
    def topic(self) -> str:
        """Under which the workers tell of this run."""
        return f"spe1-{self._mark}"

    def hear(self, event: Event) -> None:
        """Something that a worker tells; called in another thread."""
        self._arrived.put(event)

    def wait_for_workers(self) -> None:
        """Wait for the first worker; raises if one is not fit for the work."""
        with self._scheduler_there():
            self._workers.wait_for_first()

    def submit(self, tried: Try, priority: int = 0) -> None:
        cell_id, attempt = tried.cell_id, tried.attempt
        takes_disk = self._workers.take_disk_resource()
        future = self._client.submit(
            run_there,
            self._task,
            Errand(self.topic, cell_id, attempt, is_alone=takes_disk),
            self._sight,
            key=f"spe1-{type(self._task).__name__}-{cell_id}-{attempt}-{self._mark}",
            priority=priority,
            resources={DISK_RESOURCE: 1} if takes_disk else None,
            pure=False,
        )
        self.pending[cell_id] = (future, tried)
        future.add_done_callback(lambda _: self._arrived.put((cell_id, attempt)))
        if attempt == 1:
            self._tell(Event("queued", "is queued", cell_id))

    def next_outcomes(self) -> Iterator[Done[R] | Failure]:
        """Wait a little; the cells that have ended."""
        if time.monotonic() - self._looked_at > LOOK_EVERY_S:
            self._look()
        try:
            arrived = self._arrived.get(timeout=LOOK_EVERY_S)
        except queue.Empty:
            return
        yield from self._outcomes_of(arrived)

    def ended(self) -> Iterator[Done[R] | Failure]:
        """The cells that have ended already, and were not given yet."""
        while not self._arrived.empty():
            yield from self._outcomes_of(self._arrived.get())

    def _outcomes_of(self, arrived: tuple[str, int] | Event) -> Iterator[Done[R] | Failure]:
        if isinstance(arrived, Event):
            self._hear(arrived)
            return
        cell_id, attempt = arrived
        future, tried = self.pending[cell_id]
        assert attempt == tried.attempt
        outcome = self._outcome_of(future, tried)
        if outcome is None:
            self.submit(tried.again())
            return
        del self.pending[cell_id]
        yield outcome

    def cancel(self) -> None:
        """Take back what has not ended."""
        if self.pending and self._client.status == "running":
            futures = [future for future, _ in self.pending.values()]
            # Of a scheduler that is gone nothing is queued any more.
            with suppress(OSError, TimeoutError):
                self._client.cancel(futures, asynchronous=False)
        for cell_id in self.pending:
            self._tell(Event("cancelled", "is cancelled", cell_id))

    def _hear(self, event: Event) -> None:
        """What a worker tells of the try that is on its way; what comes late is no news."""
        _, tried = self.pending.get(event.cell_id or "", (None, None))
        if tried is not None and tried.attempt == event.attempt:
            tried.at = event.worker
            self._tell(event)

    def _look(self) -> None:
        self._looked_at = time.monotonic()
        with self._scheduler_there():
            self._workers.look()

    @contextmanager
    def _scheduler_there(self) -> Iterator[None]:
        try:
            yield
        except SchedulerGone as error:
            raise self._gone() from error

    def _outcome_of(self, future: Future[Ran[R]], tried: Try) -> Done[R] | Failure | None:
        """What came of a cell; None if it is to be tried again."""
        cell_id = tried.cell_id
        if future.status not in ("finished", "error"):
            if self._client.status != "running" or future.cancelled():
                raise self._gone()
            # It ended, and its worker died before anybody had fetched what came of it.
            text = "is done once more: its worker died with the result"
            self._tell(Event("again", text, cell_id, attempt=tried.attempt))
            return None
        try:
            ran: Ran[R] = future.result()
        except Exception as error:  # noqa: BLE001 - whatever Dask raises for one cell
            return self._fault_of_dask(error, tried)
        if isinstance(ran.error, UnseenPathError) and ran.worker in str(ran.error):
            raise ran.error
        where = {"worker": ran.worker, "host": ran.host, "attempt": tried.attempt}
        took: dict[str, Any] = where | {"seconds": round(ran.seconds, 3)}
        if ran.error is None:
            text = f"is done on {ran.worker} after {ran.seconds:.1f} s"
            self._tell(Event("done", text, cell_id, **took))
            return Done(cell_id, ran.result)  # type: ignore[arg-type]  # a task may return None
        failure = Failure(cell_id, ran.error)
        tried.n_faults += 1
        if tried.n_faults < _TRIES and not self._is_hopeless(ran.error):
            text = f"failed on {ran.worker}, and is tried once more: {failure.cause}"
            self._tell(Event("again", text, cell_id, **took))
            return None
        self._tell(Event("failed", f"failed on {ran.worker}: {failure.cause}", cell_id, **took))
        return failure

    def _fault_of_dask(self, error: Exception, tried: Try) -> Failure | None:
        """What comes of an error that is not the task's: workers died, or the scheduler is gone.

        Raises
        ------
        ClusterError
        """
        from distributed.scheduler import KilledWorker

        cell_id, attempt = tried.cell_id, tried.attempt
        if not isinstance(error, KilledWorker):
            if self._client.status != "running":
                raise self._gone() from error
            failure = Failure(cell_id, error)
        else:
            address = error.last_worker.address
            tried.n_given_up += 1
            tried.n_faults += tried.at == address
            if tried.n_faults < _TRIES and tried.n_given_up < _GIVEN_UP:
                was = "was at" if tried.at == address else "held"
                text = f"is tried once more: the last worker that {was} it, {address}, died"
                self._tell(Event("again", text, cell_id, attempt=attempt))
                return None
            failure = Failure(cell_id, lost_workers(cell_id, address))
        self._tell(Event("failed", f"failed: {failure.cause}", cell_id, attempt=attempt))
        return failure

    def _gone(self) -> ClusterError:
        n_left = len(self.pending)
        return ClusterError(
            "The cluster's scheduler is gone, or has forgotten the work.",
            where=self._client.scheduler.addr if self._client.scheduler else None,
            got=f"{n_left} cells had not ended: {', '.join(sorted(self.pending)[:10])}",
            do=f"start it again, then {GO_ON}",
        )
