"""Progress as a stream of reports: library code reports, the command line draws."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from enum import Enum
from typing import Any, Protocol


class Progress(Protocol):
    """What long work reports to."""

    def note(self, text: str) -> None:
        """Something worth a line: what will be done, what was left out."""

    def start(self, stage: str, total: int, unit: str, done: int = 0) -> None:
        """A stage begins that will report ``total`` units, ``done`` of them from before."""

    def advance(self, amount: int) -> None:
        """``amount`` more units of the running stage are done; fewer, if below 0."""

    def finish(self) -> None:
        """The running stage is over, done or not."""


class Silent:
    """Reports to nobody."""

    def note(self, text: str) -> None:
        pass

    def start(self, stage: str, total: int, unit: str, done: int = 0) -> None:
        pass

    def advance(self, amount: int) -> None:
        pass

    def finish(self) -> None:
        pass


class Style(Enum):
    """How much of long work is shown."""

    #: Notes; a bar a stage in a terminal or notebook, a line a stage elsewhere.
    BARS = "bars"
    #: Notes, and a line a stage everywhere.
    LINES = "lines"
    QUIET = "quiet"


_STYLE: ContextVar[Style] = ContextVar("style", default=Style.BARS)


@contextmanager
def shown_as(style: Style) -> Iterator[None]:
    """Within the block, every `Bars` that is made shows this much."""
    token = _STYLE.set(style)
    try:
        yield
    finally:
        _STYLE.reset(token)


def chosen_style() -> Style:
    """How much is shown here."""
    return _STYLE.get()


#: Seconds between two lines of one stage where there is no bar.
_LINE_EVERY_S = 30.0


class Bars:
    """Notes as lines on standard error, and each stage as a bar, or as a line with its time.

    Parameters
    ----------
    label : str
        Stands before each note and each stage's name, usually the cell.
    """

    def __init__(self, label: str = ""):
        self._label, self._style = label, _STYLE.get()
        self._bar: Any = None
        self._line: _Line | None = None

    def note(self, text: str) -> None:
        if self._style is Style.QUIET:
            return
        if self._bar is None:
            self._print(text)
        else:  # above the bar, which is drawn again
            self._bar.write(self._named(text), file=sys.stderr)

    def start(self, stage: str, total: int, unit: str, done: int = 0) -> None:
        if self._style is Style.QUIET:
            return
        if self._style is Style.LINES or not (_is_terminal() or _is_notebook()):
            self._line = _Line(stage, total, unit, done)
            return
        self._bar = _bar_class()(
            total=total,
            initial=done,
            desc=self._named(stage),
            unit=unit,
            unit_scale=unit == "B",
            unit_divisor=1000,
            bar_format=_bar_format(total, unit),
            disable=False,
            leave=False,
        )

    def advance(self, amount: int) -> None:
        if self._bar is not None:
            self._bar.update(amount)
        elif self._line is not None and self._line.advance(amount):
            self._print(self._line.state())

    def finish(self) -> None:
        if self._bar is not None:
            self._bar.close()
            self._bar = None
        if self._line is not None:
            self._print(self._line.end())
            self._line = None

    def _named(self, text: str) -> str:
        return f"{self._label} {text}".lstrip()

    def _print(self, text: str) -> None:
        # Where standard error is closed or full, the work goes on all the same.
        if sys.stderr is not None:
            with suppress(OSError, ValueError):
                print(self._named(text), file=sys.stderr, flush=True)


class CellsLeft:
    """How far a run over several cells is: told before each cell but the first.

    Parameters
    ----------
    n_cells : int
    """

    def __init__(self, n_cells: int):
        self._n_cells, self._n_begun = n_cells, 0
        self._took_s: list[float] = []
        self._last = time.monotonic()

    def bars(self, label: str) -> Bars:
        """What the next cell reports to."""
        bars, now = Bars(label), time.monotonic()
        if self._n_begun:
            self._took_s.append(now - self._last)
            text = f"is cell {self._n_begun + 1} of {self._n_cells}"
            # One that was up to date tells nothing of the others.
            worked_s = [took_s for took_s in self._took_s if took_s > AT_ONCE_S]
            if worked_s:
                left_s = sum(worked_s) / len(worked_s) * (self._n_cells - self._n_begun)
                text += f", about {time_text(left_s)} left"
            bars.note(text)
        self._last, self._n_begun = now, self._n_begun + 1
        return bars


#: Whoever takes less did not build.
AT_ONCE_S = 1.0


class _Line:
    """One stage where no bar can be drawn: how far it is, and how long it took."""

    def __init__(self, stage: str, total: int, unit: str, done: int):
        self._stage, self._total, self._unit = stage, total, unit
        self._first = self._done = done
        self._begun = self._told = time.monotonic()

    def advance(self, amount: int) -> bool:
        """Whether it is time for a line again."""
        self._done += amount
        now = time.monotonic()
        if now - self._told < _LINE_EVERY_S:
            return False
        self._told = now
        return True

    def state(self) -> str:
        took_s = time.monotonic() - self._begun
        share = self._done / self._total if self._total else 1.0
        text = f"{self._stage}: {100 * share:.0f} % after {time_text(took_s)}"
        gone = self._done - self._first
        if gone <= 0:
            return text
        left_s = took_s * max(self._total - self._done, 0) / gone
        return f"{text}, about {time_text(left_s)} left"

    def end(self) -> str:
        took = time_text(time.monotonic() - self._begun)
        if self._total == 1 or self._done == self._first:
            return f"{self._stage}: {took}"
        if self._unit == "B":
            return f"{self._stage}: {self._done / 1e6:,.1f} MB in {took}"
        return f"{self._stage}: {self._done} {self._unit} in {took}"


def time_text(seconds: float) -> str:
    """A time for people: ``0.4 s``, ``12 s``, ``3 min``, ``2 h 5 min``."""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    if seconds < 119.5:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60} min"


def _is_terminal() -> bool:
    return sys.stderr is not None and sys.stderr.isatty()


def _is_notebook() -> bool:
    """Whether this runs in Jupyter's kernel, whose output can be drawn again."""
    if "ipykernel" not in sys.modules or "IPython" not in sys.modules:
        return False
    shell = sys.modules["IPython"].get_ipython()
    return shell is not None and "IPKernelApp" in shell.config


def _bar_class() -> Any:
    if _is_notebook():
        from tqdm import auto

        return auto.tqdm
    from tqdm import tqdm

    return tqdm


def _bar_format(total: int, unit: str) -> str | None:
    """What tqdm draws: its own bar for bytes, counts with their unit, a name for a single step."""
    if total == 1:
        # Such a stage is never redrawn, so a count or a clock would stand at zero.
        return "{desc} ..."
    if unit == "B":
        return None
    return "{l_bar}{bar}| {n_fmt}/{total_fmt} {unit} [{elapsed}<{remaining}]"


class Stoppable(Silent):
    """Reports to nobody, and ends work in another thread at its next report.

    Python cannot stop a thread; after `stop` every ``advance`` raises `Stopped`.
    """

    def __init__(self) -> None:
        self._is_stopped = threading.Event()

    def stop(self) -> None:
        """End the work that reports here."""
        self._is_stopped.set()

    def advance(self, amount: int) -> None:
        if self._is_stopped.is_set():
            raise Stopped


class Stopped(Exception):
    """The work was ended by `Stoppable.stop`; nobody waits for its result."""


@contextmanager
def stage(progress: Progress, name: str, total: int, unit: str, done: int = 0) -> Iterator[None]:
    """Bracket one stage of work, so that its bar closes whatever happens."""
    progress.start(name, total, unit, done)
    try:
        yield
    finally:
        progress.finish()
