"""The benchmark's result on a terminal: tables that fit it, and why a cell has no number."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from spe1_builder.cli.console import (
    Column,
    console_width,
    fit_columns,
    plural,
    print_columns,
    say,
    warn,
)

if TYPE_CHECKING:
    from spe1_builder.benchmark.common.tables import Table
    from spe1_builder.benchmark.localization.schema import LocalizationBenchmark

#: Where the output is no terminal.
_WIDTH = 80


def print_result(result: LocalizationBenchmark) -> None:
    """Every table, under a line that says what the numbers are of."""
    from spe1_builder.benchmark.localization.narrow import RANKS, narrow_tables

    width = console_width(_WIDTH)
    scored = sum(cell.problem is None for cell in result.cells)
    n_left = len(result.cells) - scored
    head = f"Localization benchmark of {plural(scored, 'cell')}"
    head += f" ({n_left} more could not be scored)" if n_left else ""
    say_wrapped(f"{head}: {result.provenance.label}.", width)
    for table in narrow_tables(result):
        say("")
        print_table(table, RANKS, width)
    for cell in result.cells:
        for text in cell.warnings:
            warn(f"{cell.cell_id}: warning: {text}")


def print_table(table: Table, ranks: dict[str, int], width: int) -> None:
    """A table under its title, without the columns that find no place.

    Parameters
    ----------
    table : Table
    ranks : dict of str to int
        By column: the highest goes first; those that are not named stay.
    width : int
        Of the terminal, characters.
    """
    say(table.title)
    columns = [
        Column(name, [row[i] for row in table.rows], is_left=is_left, rank=ranks.get(name, 0))
        for i, (name, is_left) in enumerate(zip(table.columns, table.is_left, strict=True))
    ]
    print_columns(fit_columns(columns, width), width)
    if table.note:
        say_wrapped(table.note, width)


def say_wrapped(text: str, width: int) -> None:
    """Text in lines of a terminal."""
    say("\n".join(textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False)))
