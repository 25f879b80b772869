"""A task where it runs: on a worker."""

from __future__ import annotations

import pickle
import socket
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from spe1_builder.disk.leases import DEAD_AFTER_S
from spe1_builder.errors import BusyError
from spe1_builder.runs.clusters.reports import Errand, Reports
from spe1_builder.runs.clusters.sight import Sight
from spe1_builder.runs.tasks import Task

R = TypeVar("R")
#: A worker that was given up, though it lives, may still hold the cell's lock; one of another
#: machine that died holds a lease for `spe1_builder.disk.leases.DEAD_AFTER_S` more.
_BUSY_WAIT_S = DEAD_AFTER_S + 60.0


@dataclass(frozen=True)
class Ran(Generic[R]):
    """What came of a task on a worker: a result, or an error.

    Attributes
    ----------
    worker, host : str
    seconds : float
    result : object or None
    error : Exception or None
        With the worker's traceback as a note, if nobody foresaw it.
    """

    worker: str
    host: str
    seconds: float
    result: R | None = None
    error: Exception | None = None


def run_there(task: Task[R], errand: Errand, sight: Sight) -> Ran[R]:
    """Run a task on this worker; its errors are values, so that they come with the place."""
    from distributed import get_worker

    worker = get_worker()
    host, begun = socket.gethostname(), time.monotonic()
    # Where one task at a time writes, it has all threads of the worker; else one of them.
    threaded = task.with_threads(worker.state.nthreads if errand.is_alone else 1)
    reports, name = Reports(worker, host, errand), f"{worker.address} on {host}"
    result: Any = None
    try:
        sight.require(name)
        for part in threaded.parts:
            with _turn_of(part, errand):
                # Who waited for long may be one whose run was given up meanwhile.
                sight.require(name)
                if part is threaded.parts[0]:
                    begun = time.monotonic()
                    reports.begin()
                result = _when_free(part, errand.cell_id, reports)
    except Exception as error:  # noqa: BLE001 - whatever befalls one cell, the worker goes on
        seconds = time.monotonic() - begun
        return Ran(worker.address, host, seconds, error=_portable(error))
    return Ran(worker.address, host, time.monotonic() - begun, result)


@contextmanager
def _turn_of(task: Task[R], errand: Errand) -> Iterator[None]:
    """Within the block, no more of these tasks run in the cluster than may."""
    if task.at_once is None:
        yield
        return
    from distributed import Semaphore

    name = f"{errand.topic}-{type(task).__name__}"
    with Semaphore(max_leases=task.at_once, name=name):
        yield


def _when_free(task: Task[R], cell_id: str, reports: Reports) -> R:
    until = time.monotonic() + _BUSY_WAIT_S
    while True:
        try:
            return task(cell_id, reports)
        except BusyError:
            if time.monotonic() > until:
                raise
            time.sleep(1.0)


def _portable(error: Exception) -> Exception:
    """An error that survives the way, with the traceback that does not."""
    text = "".join(traceback.format_exception(error))
    try:
        arrived = pickle.loads(pickle.dumps(error))
    except Exception:  # noqa: BLE001 - other people's errors, which may hold anything
        arrived = RuntimeError(f"{type(error).__name__}: {error}")
    assert isinstance(arrived, Exception)
    arrived.add_note(f"On the worker:\n{text}")
    return arrived
