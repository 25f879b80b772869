"""Progress as a stream of reports: library code reports, the command line draws."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol


class Progress(Protocol):
    """What long work reports to."""

    def note(self, text: str) -> None:
        """Something worth a line: what will be done, what was left out."""

    def start(self, stage: str, total: int, unit: str) -> None:
        """A stage begins that will report ``total`` units."""

    def advance(self, amount: int) -> None:
        """``amount`` more units of the running stage are done."""

    def finish(self) -> None:
        """The running stage is over, done or not."""


class Silent:
    """Reports to nobody."""

    def note(self, text: str) -> None:
        pass

    def start(self, stage: str, total: int, unit: str) -> None:
        pass

    def advance(self, amount: int) -> None:
        pass

    def finish(self) -> None:
        pass


class Bars:
    """One bar a stage on standard error, nothing where that is no terminal.

    Parameters
    ----------
    label : str
        Stands before each stage's name, usually the cell.
    """

    def __init__(self, label: str):
        self._label = label
        self._bar: Any = None

    def note(self, text: str) -> None:
        if sys.stderr.isatty():
            print(f"{self._label} {text}", file=sys.stderr)

    def start(self, stage: str, total: int, unit: str) -> None:
        from tqdm import tqdm

        scale = unit == "B"
        self._bar = tqdm(
            total=total,
            desc=f"{self._label} {stage}",
            unit=unit,
            unit_scale=scale,
            unit_divisor=1000,
            disable=None,
            leave=False,
        )

    def advance(self, amount: int) -> None:
        if self._bar is not None:
            self._bar.update(amount)

    def finish(self) -> None:
        if self._bar is not None:
            self._bar.close()
            self._bar = None


@contextmanager
def stage(progress: Progress, name: str, total: int, unit: str) -> Iterator[None]:
    """Bracket one stage of work, so that its bar closes whatever happens."""
    progress.start(name, total, unit)
    try:
        yield
    finally:
        progress.finish()
