"""What the command line prints, and nothing else prints: lines, errors, tables, the JSON."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, TextIO

from spe1_builder.errors import OutputError, Spe1Error, printable

#: Exit status after Ctrl-C: 128 + SIGINT, as shells have it.
STOPPED = 130
#: Where the output is no terminal, a table gets all the room it can need.
_WIDE = 200
_GAP = 2


@dataclass
class Screen:
    """How one command answers, and what it has answered so far.

    Attributes
    ----------
    command : str
        Its words, without ``spe1``.
    is_json : bool
        One document at the end in place of lines; see docs/command.md.
    is_verbose : bool
        Errors with their traceback.
    results : list
        What was done, an object for each cell or file.
    lines : list of str
        What was said; the results of a command that reports no others.
    warnings : list of str
    events : list
        What happened on the way, of commands that tell it.
    error : Spe1Error or None
    """

    command: str = ""
    is_json: bool = False
    is_verbose: bool = False
    results: list[dict[str, Any]] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)
    error: Spe1Error | None = None

    def document(self, status: int) -> dict[str, Any]:
        """The JSON of ``--json``, given the exit status."""
        document = {
            "command": self.command,
            "status": {0: "ok", STOPPED: "stopped"}.get(status, "failed"),
            "results": self.results or [{"text": line} for line in self.lines],
            "warnings": self.warnings,
            "error": None if self.error is None else error_fields(self.error),
        }
        return document | ({"events": self.events} if self.events else {})


_SCREEN: ContextVar[Screen] = ContextVar("screen")


@contextmanager
def on_screen(screen: Screen) -> Iterator[Screen]:
    """Within the block, what is said goes to this screen."""
    token = _SCREEN.set(screen)
    try:
        yield screen
    finally:
        _SCREEN.reset(token)


def this_screen() -> Screen:
    """The screen of the command that runs."""
    return _SCREEN.get(Screen())


def say(text: str) -> None:
    """A line on standard output; it is part of the result."""
    screen = this_screen()
    if screen.is_json:
        screen.lines.append(text)
    else:
        write_out(text)


def report(text: str, **fields: Any) -> None:
    """A result: a line for people, fields for ``--json``."""
    this_screen().results.append(fields)
    say(text)


def say_aside(text: str) -> None:
    """A line on standard error, beside the result."""
    _write(sys.stderr, text)


def warn(text: str) -> None:
    """Something that the user should know of, though the work went on."""
    this_screen().warnings.append(text)
    say_aside(text)


def write_out(text: str) -> None:
    """Put text on standard output.

    Raises
    ------
    OutputError
        It cannot be written: the disk is full, or there is no standard output.
    BrokenPipeError
        Nobody reads any more.
    """
    try:
        if sys.stdout is None:
            raise OSError("there is no standard output")
        print(text, file=sys.stdout, flush=True)
    except BrokenPipeError:
        raise
    except (OSError, ValueError) as error:
        raise OutputError(
            "The result cannot be written to standard output.",
            where="standard output",
            got=getattr(error, "strerror", None) or str(error),
            do="free some room, or send it elsewhere; what the command did itself is done",
        ) from error


def _write(stream: TextIO | None, text: str) -> None:
    """A line beside the result; where nobody can read it, it is left out."""
    if stream is None:
        return
    try:
        print(text, file=stream, flush=True)
    except (OSError, ValueError):
        return


def error_fields(error: BaseException) -> dict[str, str | None]:
    """An error as ``--json`` has it."""
    if not isinstance(error, Spe1Error):
        text = f"{type(error).__name__}: {error}"
        return {"what": text, "where": None, "expected": None, "got": None, "do": None}
    values = {
        "what": error.what,
        "where": error.where,
        "expected": error.expected,
        "got": error.got,
        "do": error.do,
    }
    return {name: None if value is None else str(value) for name, value in values.items()}


def print_error(label: str, error: BaseException) -> None:
    """An error on standard error, with what to do; other people's errors keep their type."""
    is_ours = isinstance(error, Spe1Error)
    text = str(error) if is_ours else printable(f"{type(error).__name__}: {error}")
    _write(sys.stderr, f"{label}: {text}")


def print_stopped(label: str) -> None:
    """What Ctrl-C leaves behind."""
    _write(
        sys.stderr,
        f"\n{label}: stopped; nothing half-written can be loaded, run the same command again",
    )


def print_document(screen: Screen, status: int) -> None:
    """The JSON document, as the only thing on standard output."""
    write_out(json.dumps(screen.document(status), ensure_ascii=True, indent=1, allow_nan=False))


def plural(count: int, noun: str) -> str:
    """``1 cell``, ``2 cells``."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def size_text(n_bytes: int) -> str:
    """Bytes for people: ``17.2 GB``, ``1.5 MB``, ``0.2 kB``."""
    unit, name = (1e9, "GB") if n_bytes >= 1e8 else (1e6, "MB") if n_bytes >= 1e5 else (1e3, "kB")
    return f"{n_bytes / unit:,.1f} {name}"


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


def console_width(wide: int = _WIDE) -> int:
    """Characters of the terminal; ``wide`` where standard output is none."""
    from rich.console import Console

    console = Console()
    return console.width if console.is_terminal else wide


def print_columns(columns: Sequence[Column], width: int) -> None:
    """Print a table without lines, one row a cell."""
    import io

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
    # Drawn in memory, so that one place writes.
    is_terminal = Console().is_terminal
    drawn = io.StringIO()
    Console(
        file=drawn, force_terminal=is_terminal, highlight=False, markup=False, width=width
    ).print(table)
    say("\n".join(line.rstrip() for line in drawn.getvalue().splitlines()))
