"""Progress as a stream of reports: library code reports, the command line draws."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
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


class Bars:
    """Notes as lines on standard error, and one bar a stage where that is a terminal.

    Parameters
    ----------
    label : str
        Stands before each note and each stage's name, usually the cell.
    """

    def __init__(self, label: str = ""):
        self._label = label
        self._bar: Any = None

    def note(self, text: str) -> None:
        if self._bar is None or self._bar.disable:
            print(self._named(text), file=sys.stderr)
        else:  # above the bar, which is drawn again
            self._bar.write(self._named(text), file=sys.stderr)

    def start(self, stage: str, total: int, unit: str, done: int = 0) -> None:
        from tqdm import tqdm

        self._bar = tqdm(
            total=total,
            initial=done,
            desc=self._named(stage),
            unit=unit,
            unit_scale=unit == "B",
            unit_divisor=1000,
            bar_format=_bar_format(total, unit),
            disable=None,
            leave=False,
        )

    def _named(self, text: str) -> str:
        return f"{self._label} {text}".lstrip()

    def advance(self, amount: int) -> None:
        if self._bar is not None:
            self._bar.update(amount)

    def finish(self) -> None:
        if self._bar is not None:
            self._bar.close()
            self._bar = None


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
