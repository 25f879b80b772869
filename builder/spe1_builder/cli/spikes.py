"""``spe1 spikes``: the ground-truth spikes as a table, in lines or in a file."""

from __future__ import annotations

import csv
import io
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TextIO

import typer

from spe1_builder.cli.arguments import CELLS_HELP, Root, as_local
from spe1_builder.cli.console import (
    Column,
    console_width,
    fit_columns,
    plural,
    print_columns,
    report,
    say,
    this_screen,
    write_out,
)
from spe1_builder.cli.outputs import STANDARD_OUTPUT, require_free, write_whole
from spe1_builder.cli.roots import require_root
from spe1_builder.errors import MissingFileError, OptionError
from spe1_builder.origins import Origin

if TYPE_CHECKING:
    import pyarrow as pa

    from spe1_builder.reading.spike_summary import SpikeSummary

_NOTHING = "-"


def spikes(
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="CELL", help=f"{CELLS_HELP} Default: all that are built."),
    ] = None,
    root: Root = Path("spe1"),
    csv_file: Annotated[
        Path | None,
        typer.Option("--csv", callback=as_local, help="CSV file, a row a spike; - is the screen."),
    ] = None,
    parquet_file: Annotated[
        Path | None,
        typer.Option("--parquet", callback=as_local, help="Parquet file, a row a spike."),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", metavar="", help="Overwrite a file that is there.")
    ] = False,
) -> None:
    """Show the ground-truth spikes of built cells, a line a cell, or write them to a file."""
    _check_places(csv_file, parquet_file, force=force)
    require_root(root, "spikes")
    from spe1_builder.cells import expand_cells
    from spe1_builder.reading.spikes import spikes

    table = spikes(root, expand_cells(names) if names else None)
    if csv_file is None and parquet_file is None:
        _show(table, root)
    if csv_file == STANDARD_OUTPUT:
        text = io.StringIO(newline="")
        write_csv(table, text)
        write_out(text.getvalue().removesuffix("\n"))
    elif csv_file is not None:
        write_whole(csv_file, "--csv", lambda path: _write_csv_file(table, path))
        _tell_written(table, csv_file)
    if parquet_file is not None:
        write_whole(parquet_file, "--parquet", lambda path: _write_parquet(table, path))
        _tell_written(table, parquet_file)


def _check_places(csv_file: Path | None, parquet_file: Path | None, *, force: bool) -> None:
    if csv_file == STANDARD_OUTPUT and this_screen().is_json:
        raise OptionError(
            "Standard output cannot be both CSV and JSON.",
            where="--csv -",
            do="leave --json out, or name a file with --csv",
        )
    if parquet_file == STANDARD_OUTPUT:
        raise OptionError(
            "Parquet is not for a screen.", where="--parquet -", do="name a file with --parquet"
        )
    if csv_file is not None and csv_file == parquet_file:
        raise OptionError(
            "CSV and Parquet cannot be one file.", where="--csv", got=csv_file, do="name two files"
        )
    if csv_file is not None and csv_file != STANDARD_OUTPUT:
        require_free(csv_file, "--csv", force=force)
    if parquet_file is not None:
        require_free(parquet_file, "--parquet", force=force)


def write_csv(table: pa.Table, file: TextIO) -> None:
    """A header and a row a spike: numbers to their last digit, nulls as empty fields.

    Parameters
    ----------
    table : pyarrow.Table
        Of any columns that hold one value a row.
    file : text file
        Opened with ``newline=""``.
    """
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(table.column_names)
    for batch in table.to_batches():
        writer.writerows(zip(*(column.to_pylist() for column in batch.columns), strict=True))


def _write_csv_file(table: pa.Table, path: Path) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        write_csv(table, file)


def _write_parquet(table: pa.Table, path: Path) -> None:
    import pyarrow.parquet as pq

    pq.write_table(table, path)


def _tell_written(table: pa.Table, path: Path) -> None:
    cell_ids = table["cell_id"].unique().to_pylist()
    counts = f"{plural(table.num_rows, 'spike')} of {plural(len(cell_ids), 'cell')}"
    report(f"{path}: {counts}", file=str(path), rows=table.num_rows, cells=cell_ids)


def _show(table: pa.Table, root: Path) -> None:
    """One line a cell."""
    from spe1_builder.reading.catalogue import cells
    from spe1_builder.reading.spike_summary import summarize_spikes

    known = cells(root)
    found = summarize_spikes(table, known)
    if not found:
        raise MissingFileError(
            "No cell has been built here, or none has a spike.",
            where=root,
            do=f"build one: spe1 build c14 --raw-dir .raw --root {root}",
        )
    origins = dict(zip(known["cell_id"].to_pylist(), known["origin"].to_pylist(), strict=True))
    width = console_width()
    print_columns(fit_columns(_columns(found, origins), width), width)
    for one in found:
        fields: dict[str, Any] = asdict(one)
        origin = origins[one.cell_id]
        kind = {"simulated": origin and origin != "recorded", "origin": origin}
        this_screen().results.append({"cell": fields.pop("cell_id"), **kind, **fields})
    say(
        f"\n{plural(table.num_rows, 'spike')} of the analysis windows, in {root}.\n"
        "To a file, a row a spike: --csv FILE, --parquet FILE."
    )


def _columns(found: list[SpikeSummary], origins: dict[str, Origin | None]) -> list[Column]:
    columns = [
        Column("cell", [one.cell_id for one in found], is_left=True),
        Column("spikes", [str(one.n_spikes) for one in found]),
        Column("Hz", [_number(one.rate_hz, 2) for one in found]),
        Column("median interval, ms", [_number(one.median_interval_ms, 1) for one in found]),
    ]
    if any(one.least_amplitude_uV is not None for one in found):
        ranges = [
            f"{_number(one.least_amplitude_uV, 1)} to {_number(one.largest_amplitude_uV, 1)}"
            for one in found
        ]
        columns.append(Column("amplitude, uV", ranges))
    kinds = [origins[one.cell_id] for one in found]
    notes = ["" if kind in ("recorded", None) else kind for kind in kinds]
    return [*columns, Column("note", notes, is_left=True)]


def _number(value: float | None, n_digits: int) -> str:
    return _NOTHING if value is None else f"{value:.{n_digits}f}"
