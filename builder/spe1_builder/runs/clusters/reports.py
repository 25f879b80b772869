"""What a worker tells of a cell while it is at it, on its way to the client."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from spe1_builder.runs.clusters.events import Event

if TYPE_CHECKING:
    from distributed import Client, Worker

#: A worker tells how far it is at most so often.
_EVERY_S = 1.0


@dataclass(frozen=True)
class Errand:
    """One try of a cell, as its worker knows it.

    Attributes
    ----------
    topic : str
        Under which the client listens.
    cell_id : str
    attempt : int
    is_alone : bool
        No other task runs on the worker, so that it may have all its threads.
    """

    topic: str
    cell_id: str
    attempt: int
    is_alone: bool


class Reports:
    """A `Progress` that is heard by the client of the cluster.

    Parameters
    ----------
    worker : distributed.Worker
    host : str
    errand : Errand
    """

    def __init__(self, worker: Worker, host: str, errand: Errand):
        self._worker, self._topic = worker, errand.topic
        self._common: dict[str, Any] = {
            "cell_id": errand.cell_id,
            "attempt": errand.attempt,
            "worker": worker.address,
            "host": host,
        }
        self._stage, self._unit, self._total = "", "", 0
        self._first = self._done = 0
        self._begun_s = self._told_s = 0.0

    def begin(self) -> None:
        """The worker takes the cell up."""
        self._tell("begun", f"is begun on {self._worker.address}")

    def note(self, text: str) -> None:
        self._tell("note", text)

    def start(self, stage: str, total: int, unit: str, done: int = 0) -> None:
        self._stage, self._unit, self._total = stage, unit, total
        self._first = self._done = done
        self._begun_s = self._told_s = time.monotonic()
        self._tell("stage", f"{stage} on {self._worker.address}", **self._state())

    def advance(self, amount: int) -> None:
        self._done += amount
        now_s = time.monotonic()
        if now_s - self._told_s < _EVERY_S:
            return
        self._told_s = now_s
        per_s = (self._done - self._first) / (now_s - self._begun_s)
        share = self._done / self._total if self._total else 1.0
        text = f"{self._stage}: {100 * share:.0f} %"
        self._tell("progress", text, **self._state(), per_s=round(per_s, 3))

    def finish(self) -> None:
        """The next stage, or the cell's end, is told anyway."""

    def _state(self) -> dict[str, Any]:
        return {"stage": self._stage, "unit": self._unit, "total": self._total, "done": self._done}

    def _tell(self, kind: str, text: str, **fields: Any) -> None:
        event = Event(kind, text, **self._common, **fields)
        self._worker.log_event(self._topic, event.fields())


@contextmanager
def heard(client: Client, topic: str, hear: Callable[[Event], None]) -> Iterator[None]:
    """Within the block, what workers tell under a topic is heard, in another thread."""

    def arrived(told: tuple[float, dict[str, Any]]) -> None:
        hear(Event(**told[1]))

    client.subscribe_topic(topic, arrived)
    try:
        yield
    finally:
        # Of a scheduler that is gone nobody hears anything any more.
        if client.status == "running":
            with suppress(OSError):
                client.unsubscribe_topic(topic)
