"""A table in words, which the console, Markdown and the report all show."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from spe1_builder.benchmark.common.scores import Interval

#: Shown for what was not, or could not be, computed.
NOTHING = "-"


@dataclass(frozen=True)
class Table:
    """A table in words.

    Attributes
    ----------
    title : str
    columns : tuple of str
        With units.
    rows : tuple of tuple of str
    note : str
        What a reader needs to read it.
    words : frozenset of str
        Columns that hold words; the others hold numbers.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""
    words: frozenset[str] = frozenset({"cell", "on", "method", "note"})

    def markdown(self) -> str:
        """The table in Markdown: words left, numbers right."""
        cells = [[text.replace("|", "\\|") for text in row] for row in (self.columns, *self.rows)]
        rule = [":---" if left else "---:" for left in self.is_left]
        lines = [f"| {' | '.join(row)} |" for row in (cells[0], rule, *cells[1:])]
        note = f"\n\n{self.note}" if self.note else ""
        return f"**{self.title}**\n\n" + "\n".join(lines) + note

    @property
    def is_left(self) -> tuple[bool, ...]:
        """Of each column, whether it holds words."""
        return tuple(name in self.words for name in self.columns)


def share(value: float | None) -> str:
    """A share as a table has it."""
    return NOTHING if value is None else f"{value:.3f}"


def um(value: float | None) -> str:
    """A length in um as a table has it."""
    return NOTHING if value is None else f"{value:.1f}"


def between(interval: Interval | None, written: Callable[[float | None], str]) -> str:
    """An interval behind its value; nothing where there is none."""
    return "" if interval is None else f" [{written(interval.low)}, {written(interval.high)}]"
