"""What is seen of a run on a cluster: a table that lives, or a line an event."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from spe1_builder.cli.console import plural, say_aside, this_screen
from spe1_builder.progress import AT_ONCE_S, Style, chosen_style, time_text

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

    from spe1_builder.runs.clusters.events import Event, Listener

#: What is no news in a line of its own.
_UNTOLD = {"queued", "progress"}
#: With ``--json`` how far a stage is is told at most so often.
_PROGRESS_EVERY_S = 30.0
#: What stays above the table.
_LASTING = ("done", "again", "failed", "note", "warning", "worker left", "waiting")
_UNITS = {"B": (1e6, "MB")}


@contextmanager
def watched(n_cells: int) -> Iterator[Listener]:
    """A listener of the run, and what it draws on standard error as long as the block runs.

    In a terminal a table of the cells that workers are at; elsewhere, and with ``--verbose``, a
    line an event; with ``--json`` an object a line; with ``--quiet`` nothing.
    """
    screen, style = this_screen(), chosen_style()
    told_s: dict[str | None, float] = {}

    def keep(event: Event) -> None:
        if event.kind != "progress":
            screen.events.append(event.fields())

    def as_object(event: Event) -> None:
        keep(event)
        now_s = time.monotonic()
        if event.kind == "progress" and now_s - told_s.get(event.cell_id, 0) < _PROGRESS_EVERY_S:
            return
        if event.kind in ("stage", "progress"):
            told_s[event.cell_id] = now_s
        say_aside(json.dumps(event.fields()))

    def as_line(event: Event) -> None:
        keep(event)
        if event.kind not in _UNTOLD:
            say_aside(_line(event))

    if style is Style.QUIET:
        yield keep
    elif screen.is_json:
        yield as_object
    elif style is Style.LINES or sys.stderr is None or not sys.stderr.isatty():
        yield as_line
    else:
        with _drawn(n_cells) as listener:
            yield listener


def _line(event: Event) -> str:
    clock = datetime.fromisoformat(event.at).astimezone().strftime("%H:%M:%S")
    return f"{clock} {event.cell_id or 'cluster'}: {event.text}"


@contextmanager
def _drawn(n_cells: int, console: Console | None = None) -> Iterator[Listener]:
    from rich.console import Console
    from rich.live import Live

    state = RunState(n_cells)
    console = console or Console(stderr=True)

    def hear(event: Event) -> None:
        state.hear(event)
        if event.kind in _LASTING:
            # Above the table, where it stays.
            live.console.print(_line(event), markup=False, highlight=False, soft_wrap=True)

    with Live(
        console=console,
        # What goes to a file does not belong on the screen.
        redirect_stdout=sys.stdout is not None and sys.stdout.isatty(),
        get_renderable=lambda: table_of(state, time.monotonic()),
        refresh_per_second=4,
        transient=True,
    ) as live:
        yield hear


@dataclass
class _AtWork:
    """A cell that a worker is at, and the last that was heard of it."""

    event: Event
    begun_s: float


@dataclass
class RunState:
    """A run as its events tell it.

    Attributes
    ----------
    n_cells : int
    """

    n_cells: int
    _at_work: dict[str, _AtWork] = field(default_factory=dict)
    _n_done: int = 0
    _took_s: list[float] = field(default_factory=list)
    _workers: set[str] = field(default_factory=set)
    _n_failed: int = 0
    _name: str = "cluster"
    _dashboard: str | None = None

    def hear(self, event: Event) -> None:
        """A listener."""
        if event.kind == "cluster":
            self._name, self._dashboard = f"cluster {event.cluster}", event.dashboard
        elif event.kind == "worker joined":
            self._workers.add(event.worker or "")
        elif event.kind == "worker left":
            self._workers.discard(event.worker or "")
            for cell_id, busy in list(self._at_work.items()):
                if busy.event.worker == event.worker:
                    del self._at_work[cell_id]
        if event.cell_id is None:
            return
        if event.kind == "begun":
            self._at_work[event.cell_id] = _AtWork(event, time.monotonic())
        elif event.kind in ("stage", "progress"):
            self._at_work.setdefault(event.cell_id, _AtWork(event, time.monotonic())).event = event
        elif event.kind != "note":
            self._at_work.pop(event.cell_id, None)
        if event.kind == "done":
            self._n_done += 1
            self._took_s += [event.seconds or 0.0] if (event.seconds or 0.0) > AT_ONCE_S else []
        self._n_failed += event.kind == "failed"

    def summary(self) -> str:
        """How far it is, in a line."""
        n_done, n_busy = self._n_done, len(self._at_work)
        n_queued = self.n_cells - n_done - self._n_failed - n_busy
        counts = f"{n_done} of {self.n_cells} done, {self._n_failed} failed, "
        counts += f"{n_busy} at work, {n_queued} queued"
        parts = [self._name, plural(len(self._workers), "worker"), counts]
        if self._took_s and n_queued + n_busy:
            # As many at once as are now; those at work are half done, on the whole.
            mean_s = sum(self._took_s) / len(self._took_s)
            left_s = mean_s * (n_queued + n_busy / 2) / max(n_busy, 1)
            parts.append(f"about {time_text(left_s)} left")
        return "; ".join(parts)

    def rows(self, now_s: float) -> list[list[str]]:
        """Of each cell that a worker is at: cell, stage, share, rate, time, worker."""
        found = []
        for cell_id, busy in self._at_work.items():
            event = busy.event
            share = "" if not event.total or event.total == 1 else f"{_share(event):.0f} %"
            where = f"{event.worker} on {event.host}"
            took = time_text(now_s - busy.begun_s)
            found.append([cell_id, event.stage or "begun", share, _rate(event), took, where])
        return found

    @property
    def dashboard(self) -> str | None:
        """Its address, if the cluster has one."""
        return self._dashboard


def _share(event: Event) -> float:
    return 100 * (event.done or 0) / (event.total or 1)


def _rate(event: Event) -> str:
    if event.per_s is None or event.unit is None:
        return ""
    scale, name = _UNITS.get(event.unit, (1.0, event.unit))
    return f"{event.per_s / scale:,.1f} {name}/s"


def table_of(state: RunState, now_s: float) -> RenderableType:
    """The table that lives, as it is now."""
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for name in ("cell", "stage", "done", "rate", "time", "worker"):
        right = name in ("done", "rate", "time")
        table.add_column(
            name, justify="right" if right else "left", no_wrap=True, overflow="ellipsis"
        )
    for row in state.rows(now_s):
        table.add_row(*(Text(text) for text in row))
    lines = [Text(state.summary())]
    if state.dashboard is not None:
        lines.append(Text(f"dashboard: {state.dashboard}"))
    # First what must be seen where there are more workers than lines.
    return Group(*lines, table)
