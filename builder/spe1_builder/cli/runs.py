"""``spe1 runs``: what ran on clusters, from the records in the root."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from spe1_builder.cli.arguments import GivenRoot
from spe1_builder.cli.console import (
    Column,
    console_width,
    fit_columns,
    plural,
    print_columns,
    say,
    this_screen,
    warn,
)
from spe1_builder.cli.roots import require_root, settle_root
from spe1_builder.errors import OptionError, OutputError
from spe1_builder.progress import time_text

if TYPE_CHECKING:
    from spe1_builder.runs.clusters.record import CellRecord, RunRecord


#: Columns that go where there is little room, the highest first.
_RANKS = {"workers": 4, "command": 3, "try": 3, "time": 2, "host": 2, "cluster": 1}


def runs(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[ROOT]", help="The same as --root.")
    ] = None,
    root: GivenRoot = None,
    run: Annotated[
        str | None, typer.Option(help="One run, by its name: a line a cell.", metavar="NAME")
    ] = None,
) -> None:
    """List the runs on clusters: when, where, how long, what came of the cells."""
    from spe1_builder.runs.clusters.record import read_run, run_files

    root, rest = settle_root(names, root)
    if rest:
        raise OptionError("A run is named by --run.", got=" ".join(rest), do="spe1 runs --run NAME")
    require_root(root, "runs")
    found = []
    for path in run_files(root):
        try:
            found.append(read_run(path))
        except OutputError as error:
            warn(str(error))
    found.sort(key=lambda record: record.begun_at)
    if run is not None:
        found = [record for record in found if record.name == run]
        if not found:
            raise OptionError("There is no such run.", where="run", got=run, do="spe1 runs")
    this_screen().results.extend(record.model_dump(mode="json") for record in found)
    if not found:
        say("no run on a cluster yet: spe1 build all --cluster local:2")
    elif run is None:
        _print(["run", "command", "cluster", "status", "time", "cells", "workers"], _lines(found))
    else:
        _print(["cell", "status", "try", "s", "host", "note"], [_cell(c) for c in found[0].cells])


def _print(names: list[str], rows: list[list[str]]) -> None:
    columns = [
        Column(
            name,
            [row[index] for row in rows],
            is_left=True,
            rank=_RANKS.get(name, 0),
            least=24 if name == "note" else None,
        )
        for index, name in enumerate(names)
    ]
    width = console_width()
    print_columns(fit_columns(columns, width), width)


def _lines(records: list[RunRecord]) -> list[list[str]]:
    return [
        [
            record.name,
            record.command,
            record.cluster,
            record.status,
            "" if record.seconds is None else time_text(record.seconds),
            f"{record.count('done')} of {len(record.cells)}",
            f"{len(record.workers)} on {plural(len({w.host for w in record.workers}), 'host')}",
        ]
        for record in records
    ]


def _cell(cell: CellRecord) -> list[str]:
    seconds = "" if cell.seconds is None else f"{cell.seconds:.1f}"
    note = cell.text if cell.status in ("failed", "again") else ""
    return [cell.cell, cell.status, str(cell.attempt or ""), seconds, cell.host or "", note]
