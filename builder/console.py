"""What the command line prints: tables, errors, and the run over several cells."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from builder.cells import catalogue, expand_cells, get_cell
from builder.errors import Spe1Error
from builder.layout import QUICKLOOK_NAME, RawLayout, RootLayout
from builder.progress import Bars

if TYPE_CHECKING:
    from rich.table import Table

    from builder.dataset.build import BuildResult
    from builder.dataset.inputs import Sources
    from builder.dataset.options import BuildOptions


class ConsoleBars(Bars):
    """Bars for a person who typed a command: notes are always shown."""

    def note(self, text: str) -> None:
        print(f"{self._label} {text}", file=sys.stderr)


def print_error(label: str, error: BaseException) -> None:
    """An error on standard error, with what to do; other people's errors keep their type."""
    text = str(error) if isinstance(error, Spe1Error) else f"{type(error).__name__}: {error}"
    print(f"{label}: {text}", file=sys.stderr)


def print_table(table: Table) -> None:
    """A table on standard output; as wide as it needs where that is no terminal."""
    from rich.console import Console

    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=200)
    console.print(table)


def print_cells(root: Path, raw_dir: Path) -> None:
    """The catalogue: what is known of each cell, and what is here."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("cell", "patch", "type", "sets"):
        table.add_column(name, no_wrap=True)
    for name in (
        "minutes",
        "spikes",
        "electrode",
        "distance (µm)",
        "depth (µm)",
        "p-p (µV)",
        "patch (Hz)",
    ):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("here", no_wrap=True)
    layout, raw_layout = RootLayout(root), RawLayout(raw_dir)
    built = set(layout.built_cells())
    for cell in catalogue().values():
        here = [
            word
            for word, is_here in (
                ("raw", raw_layout.cell_dir(cell.cell_id).is_dir()),
                ("built", cell.cell_id in built),
            )
            if is_here
        ]
        table.add_row(
            cell.cell_id,
            cell.patch_type.release_name,
            cell.cell_type,
            ", ".join(cell.sets),
            f"{cell.recording_length_min:g}",
            str(cell.n_patch_spikes),
            str(cell.chan_predicted),
            f"{cell.distance_um:.0f}",
            f"{cell.depth_um:.0f}",
            f"{cell.jta_peak_to_peak_uV:g}",
            f"{cell.patch_rate_hz:.2f}",
            " ".join(here) or "-",
        )
    print_table(table)
    print(
        f"\n{len(catalogue())} cells; {len(built)} built in {root}. "
        "electrode: 0-based channel nearest to the soma (the localization target)."
    )


@dataclass(frozen=True)
class Failure:
    """A cell that could not be built, and why."""

    cell_id: str
    error: Exception


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
    """
    from builder.dataset.build import build_cell

    results: list[BuildResult | Failure] = []
    for cell_id in expand_cells(names):
        get_cell(cell_id)
        try:
            result = build_cell(
                cell_id,
                sources,
                root,
                options,
                n_threads=n_threads,
                force=force,
                progress=ConsoleBars(cell_id),
            )
        except (Spe1Error, OSError, MemoryError) as error:
            print_error(cell_id, error)
            results.append(Failure(cell_id, error))
        else:
            results.append(result)
    _print_summary(results)
    n_failed = sum(isinstance(result, Failure) for result in results)
    if n_failed:
        print(f"\n{n_failed} of {len(results)} cells failed.", file=sys.stderr)
    return 1 if n_failed else 0


def _print_summary(results: Sequence[BuildResult | Failure]) -> None:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("cell", "status"):
        table.add_column(name, no_wrap=True)
    for name in ("train + test", "spikes", "peak", "electrode", "bad", "GB", "s"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("folder", overflow="fold")
    for result in results:
        if isinstance(result, Failure):
            table.add_row(result.cell_id, "FAILED", *[""] * 7, type(result.error).__name__)
            continue
        data = result.metadata
        table.add_row(
            result.cell_id,
            result.status,
            f"{data.splits['train'].rows} + {data.splits['test'].rows}",
            str(data.n_spikes_total),
            str(data.peak_channel),
            str(data.gt_electrode_chan_idx),
            str(len(data.bad_channel_ids)),
            f"{sum(file.size for file in data.files) / 1e9:.2f}",
            f"{result.seconds:.1f}",
            str(result.folder),
        )
    print_table(table)
    looks = [r.folder / QUICKLOOK_NAME for r in results if not isinstance(r, Failure)]
    if looks:
        print("\npictures: " + " ".join(str(path) for path in looks))
