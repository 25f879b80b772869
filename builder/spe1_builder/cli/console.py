"""What the command line prints, and nothing else prints: lines, errors, tables."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass

from spe1_builder.errors import Spe1Error

#: Exit status after Ctrl-C: 128 + SIGINT, as shells have it.
STOPPED = 130
#: Where the output is no terminal, a table gets all the room it can need.
_WIDE = 200
_GAP = 2


def say(text: str) -> None:
    """A line on standard output."""
    print(text)


def say_aside(text: str) -> None:
    """A line on standard error, beside the result."""
    print(text, file=sys.stderr)


def print_error(label: str, error: BaseException) -> None:
    """An error on standard error, with what to do; other people's errors keep their type."""
    text = str(error) if isinstance(error, Spe1Error) else f"{type(error).__name__}: {error}"
    print(f"{label}: {text}", file=sys.stderr)


def print_stopped(label: str) -> None:
    """What Ctrl-C leaves behind."""
    print(
        f"\n{label}: stopped; nothing half-written can be loaded, run the same command again",
        file=sys.stderr,
    )


def plural(count: int, noun: str) -> str:
    """``1 cell``, ``2 cells``."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Attributes
    ----------
    name : str
    values : list of str
    is_left : bool
        Aligned left, as words are.
    rank : int
        Where there is too little room the columns of the highest rank go first;
        those of rank 0 stay.
    least : int, optional
        Characters that are enough where there is too little room.
    """

    name: str
    values: list[str]
    is_left: bool = False
    rank: int = 0
    least: int | None = None

    @property
    def width(self) -> int:
        longest = max(len(text) for text in (self.name, *self.values))
        return longest if self.least is None else min(longest, max(self.least, len(self.name)))


def fit_columns(columns: Sequence[Column], width: int) -> list[Column]:
    """The columns that find room in ``width`` characters."""
    fitting = list(columns)
    while sum(column.width + _GAP for column in fitting) - _GAP > width:
        lowest = max(fitting, key=lambda column: column.rank)
        if lowest.rank == 0:
            break
        fitting.remove(lowest)
    return fitting


def console_width() -> int:
    """Characters of the terminal; `_WIDE` where standard output is none."""
    from rich.console import Console

    console = Console()
    return console.width if console.is_terminal else _WIDE


def print_columns(columns: Sequence[Column], width: int) -> None:
    """Print a table without lines, one row a cell."""
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, _GAP, 0, 0), header_style="bold")
    for column in columns:
        table.add_column(
            column.name,
            no_wrap=True,
            justify="left" if column.is_left else "right",
            min_width=column.width,
        )
    for row in zip(*(column.values for column in columns), strict=True):
        table.add_row(*row)
    Console(highlight=False, markup=False, width=width).print(table)
