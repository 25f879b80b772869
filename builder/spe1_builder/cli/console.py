"""What the command line prints: tables, errors, and the run over several cells."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from spe1_builder.cells import catalogue, expand_cells
from spe1_builder.errors import MissingFileError, OptionError, Spe1Error
from spe1_builder.layout import QUICKLOOK_NAME, RawLayout, RootLayout
from spe1_builder.progress import Bars

if TYPE_CHECKING:
    from spe1_builder.dataset.plan.inputs import Sources
    from spe1_builder.dataset.plan.options import BuildOptions
    from spe1_builder.dataset.write.build import BuildResult

#: Exit status after Ctrl-C: 128 + SIGINT, as shells have it.
STOPPED = 130
#: Where the output is no terminal, a table gets all the room it can need.
_WIDE = 200
_GAP = 2


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


def print_cells(root: Path, raw_dir: Path) -> None:
    """The catalogue: what is known of each cell, and what is here."""
    width = console_width()
    columns = cell_columns(root, raw_dir)
    fitting = fit_columns(columns, width)
    print_columns(fitting, width)
    print(
        f"\n{len(catalogue())} cells; {len(RootLayout(root).built_cells())} built in {root}.\n"
        "min: length. site: electrode nearest to the soma, 0-based (the localization target).\n"
        "dist: soma to site, µm. depth: soma below the pia, µm. p-p: mean spike, µV.\n"
        "Hz: patch samples per second."
    )
    left_out = [column.name for column in columns if column not in fitting]
    if left_out:
        print(f"No room for: {', '.join(left_out)}. All columns: spe1 cells | less -S")


def cell_columns(root: Path, raw_dir: Path) -> list[Column]:
    """The catalogue as columns; ``here`` says what of a cell is in the two folders."""
    cells = list(catalogue().values())
    raw_layout, built = RawLayout(raw_dir), set(RootLayout(root).built_cells())

    def here(cell_id: str) -> str:
        words = ["raw"] if raw_layout.cell_dir(cell_id).is_dir() else []
        return " ".join([*words, "built"] if cell_id in built else words) or "-"

    return [
        Column("cell", [cell.cell_id for cell in cells], is_left=True),
        Column("patch", [cell.patch_type.release_name for cell in cells], is_left=True, rank=1),
        Column("type", [cell.cell_type for cell in cells], is_left=True, rank=6),
        Column("sets", [", ".join(cell.sets) for cell in cells], is_left=True, rank=3),
        Column("min", [f"{cell.recording_length_min:g}" for cell in cells], rank=4),
        Column("spikes", [str(cell.n_patch_spikes) for cell in cells], rank=1),
        Column("site", [str(cell.chan_predicted) for cell in cells], rank=2),
        Column("dist", [f"{cell.distance_um:.0f}" for cell in cells], rank=5),
        Column("depth", [f"{cell.depth_um:.0f}" for cell in cells], rank=7),
        Column("p-p", [f"{cell.jta_peak_to_peak_uV:g}" for cell in cells], rank=2),
        Column("Hz", [f"{cell.patch_rate_hz:.2f}" for cell in cells], rank=8),
        Column("here", [here(cell.cell_id) for cell in cells], is_left=True),
    ]


@dataclass(frozen=True)
class Failure:
    """A cell that could not be built, and why."""

    cell_id: str
    error: Exception

    @property
    def cause(self) -> str:
        """In one line; the whole of it has been printed."""
        error = self.error
        return error.what if isinstance(error, Spe1Error) else type(error).__name__


def build_cells(
    names: Sequence[str],
    sources: Sources,
    root: Path,
    options: BuildOptions,
    *,
    n_threads: int | None,
    force: bool,
) -> int:
    """Build several cells, one after the other, and sum up; one failure stops no other.

    Parameters
    ----------
    names : sequence of str
        Cells or sets of the catalogue.

    Returns
    -------
    int
        Exit status: 0 if every cell is there and up to date, else 1.

    Raises
    ------
    UnknownCellError, OptionError
        There is no such cell; less than one thread.
    """
    from spe1_builder.dataset.write.build import build_cell

    cell_ids = expand_cells(names)
    _check_threads(n_threads)
    missing = _tell_missing(cell_ids, sources)
    build = partial(
        build_cell, sources=sources, root=root, options=options, n_threads=n_threads, force=force
    )
    results: list[BuildResult | Failure] = []
    for cell_id in cell_ids:
        if cell_id in missing:
            results.append(missing[cell_id])
            continue
        try:
            result = build(cell_id, progress=Bars(cell_id))
        except Exception as error:  # noqa: BLE001 - whatever befalls one cell, the others go on
            print_error(cell_id, error)
            if not isinstance(error, Spe1Error | OSError | MemoryError):
                traceback.print_exception(error)
            results.append(Failure(cell_id, error))
        else:
            results.append(result)
    return _sum_up(results)


def _check_threads(n_threads: int | None) -> None:
    if n_threads is not None and n_threads < 1:
        raise OptionError(
            f"threads cannot be {n_threads}.",
            where="threads",
            expected="1 or more",
            got=n_threads,
            do="leave --threads out for all processors, at most 8",
        )


def _tell_missing(cell_ids: Sequence[str], sources: Sources) -> dict[str, Failure]:
    """Where several cells have no raw folder, say it once; a single one is told as any error."""
    missing = [cell_id for cell_id in cell_ids if not sources.cell_dir(cell_id).is_dir()]
    if len(missing) < 2:
        return {}
    error = MissingFileError(
        f"The raw recordings of {len(missing)} cells are not there: {', '.join(missing)}.",
        where=sources.cell_dir(missing[0]).parent,
        do=f"spe1 download {' '.join(missing)} --raw-dir {sources.raw_dir}, or check --raw-dir",
    )
    print_error("spe1", error)
    cause = MissingFileError("no raw recording")
    return {cell_id: Failure(cell_id, cause) for cell_id in missing}


def _sum_up(results: Sequence[BuildResult | Failure]) -> int:
    """Print what came of the cells; returns the exit status."""
    width = console_width()
    print_columns(fit_columns(_result_columns(results), width), width)
    looks = [r.folder / QUICKLOOK_NAME for r in results if not isinstance(r, Failure)]
    if looks:
        print("\npictures: " + " ".join(str(path) for path in looks))
    n_failed = len(results) - len(looks)
    if n_failed:
        print(f"\n{n_failed} of {plural(len(results), 'cell')} failed.", file=sys.stderr)
    return 1 if n_failed else 0


def _result_columns(results: Sequence[BuildResult | Failure]) -> list[Column]:
    names = ["cell", "status", "train + test", "spikes", "peak", "site", "bad", "GB", "s", "note"]
    rows = [_result_row(result) for result in results]
    ranks = {"s": 6, "bad": 5, "GB": 4, "site": 3, "peak": 2, "spikes": 1, "train + test": 1}
    return [
        Column(
            name,
            [row[index] for row in rows],
            is_left=name in {"cell", "status", "note"},
            rank=ranks.get(name, 0),
            least=24 if name == "note" else None,
        )
        for index, name in enumerate(names)
    ]


def _result_row(result: BuildResult | Failure) -> list[str]:
    if isinstance(result, Failure):
        return [result.cell_id, "FAILED", *[""] * 7, result.cause]
    data = result.metadata
    return [
        result.cell_id,
        result.status,
        f"{data.splits['train'].rows} + {data.splits['test'].rows}",
        str(data.n_spikes_total),
        str(data.peak_channel),
        str(data.gt_electrode_chan_idx),
        str(len(data.bad_channel_ids)),
        f"{sum(file.size for file in data.files) / 1e9:.2f}",
        f"{result.seconds:.1f}",
        "simulated" if data.provenance.simulated else "",
    ]
