"""What happens in a run on a cluster, one event after the other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any


def now_text() -> str:
    """The time, as records have it: ``2026-01-31T12:00:00.000+00:00``."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


@dataclass(frozen=True)
class Event:
    """Something that happened.

    Attributes
    ----------
    kind : str
        ``cluster``, ``worker joined``, ``worker left``, ``waiting``; of a cell ``queued``,
        ``begun``, ``stage`` (one begins), ``progress`` (of the stage), ``note``, ``done``,
        ``again`` (it failed, or its worker died, and it is tried once more), ``failed``,
        ``cancelled``; ``warning``.
    text : str
        In one line.
    cell_id : str, optional
    worker, host : str, optional
        Address of the worker, and its machine.
    seconds : float, optional
        What the cell took there.
    attempt : int, optional
        From 1.
    versions : dict, optional
        Of a worker that joined.
    stage, unit : str, optional
        What a worker does with the cell, and what it counts.
    total, done : int, optional
        Of these units.
    per_s : float, optional
        Units a second, since the stage began.
    cluster, dashboard : str, optional
        Its name, and where a browser sees it.
    at : str
        When, in UTC.
    """

    kind: str
    text: str
    cell_id: str | None = None
    worker: str | None = None
    host: str | None = None
    seconds: float | None = None
    attempt: int | None = None
    versions: dict[str, str] | None = None
    stage: str | None = None
    unit: str | None = None
    total: int | None = None
    done: int | None = None
    per_s: float | None = None
    cluster: str | None = None
    dashboard: str | None = None
    at: str = field(default_factory=now_text)

    def fields(self) -> dict[str, Any]:
        """As JSON has it, without what is not known."""
        return {name: value for name, value in asdict(self).items() if value is not None}


Listener = Callable[[Event], None]


def to_nobody(_event: Event) -> None:
    """A listener that does not listen."""
