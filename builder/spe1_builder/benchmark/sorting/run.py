"""A run of the sorting benchmark over cells."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from platform import python_version

from spe1_builder import __version__
from spe1_builder.benchmark.sorting.contestants.peaks import FP_RATES_HZ
from spe1_builder.benchmark.sorting.evaluate import evaluate_cell
from spe1_builder.benchmark.sorting.given import GivenSorting
from spe1_builder.benchmark.sorting.options import SortingOptions
from spe1_builder.benchmark.sorting.published import published
from spe1_builder.benchmark.sorting.schema import (
    SortingBenchmark,
    SortingParameters,
    SortingProvenance,
)
from spe1_builder.benchmark.sorting.schema_cells import SortedCell
from spe1_builder.benchmark.sorting.score import (
    DUPLICATE_MS,
    LEAST_SHARE,
    N_SHIFTS,
    SHIFT_SEED,
    TOLERANCES_MS,
)
from spe1_builder.benchmark.sorting.summary import summarise
from spe1_builder.errors import OptionError, OutputError
from spe1_builder.origins import MEANINGS, ORIGINS
from spe1_builder.progress import Progress, Silent, stage
from spe1_builder.versions import installed_versions

_PACKAGES = ("numpy", "scipy", "numba", "pyarrow", "datasets", "spikeinterface")


def run_sorting_benchmark(
    root: Path,
    cell_ids: Sequence[str],
    options: SortingOptions,
    given: GivenSorting | None = None,
    progress: Progress | None = None,
) -> SortingBenchmark:
    """Run and score sorters on cells of a dataset root.

    Parameters
    ----------
    root : Path
    cell_ids : sequence of str
    options : SortingOptions
    given : GivenSorting, optional
        Of the one cell; or, where its path has ``{cell}`` in it, of each.
    progress : Progress, optional

    Returns
    -------
    SortingBenchmark
        Cells and sorters that failed are in it, with their problem.

    Raises
    ------
    OptionError
        No such sorter; or one sorting of several cells.
    OutputError
        Not one cell could be scored.
    """
    if given is not None and len(cell_ids) != 1 and not given.is_of_any_cell:
        raise OptionError(
            "A sorting is of one cell.",
            where="sorting",
            expected="one cell, or a path with {cell} in it",
            got=", ".join(cell_ids),
            do="name the cell (--cells c14), or put {cell} where the paths have the cell's id",
        )
    cells = []
    with stage(progress or Silent(), "sort", len(cell_ids), "cells"):
        for cell_id in cell_ids:
            cells.append(evaluate_cell(root, cell_id, options, given))
            (progress or Silent()).advance(1)
    if all(cell.problem is not None for cell in cells):
        raise OutputError(
            "Not one cell could be scored.",
            where=root,
            got="; ".join(f"{cell.cell_id}: {cell.problem}" for cell in cells),
            do="see the reason of each; spe1 verify checks the cells",
        )
    return assemble(cells, options)


def assemble(cells: Sequence[SortedCell], options: SortingOptions) -> SortingBenchmark:
    """A result of cells that were evaluated, with versions and parameters."""
    origins = [kind for kind in ORIGINS if any(cell.origin == kind for cell in cells)]
    return SortingBenchmark(
        provenance=SortingProvenance(
            spe1_version=__version__,
            versions={"python": python_version(), **installed_versions(_PACKAGES)},
            origins=list(origins),
            label="; ".join(MEANINGS[kind] for kind in origins),
        ),
        parameters=SortingParameters(
            sorters=list(options.sorters),
            n_channels=options.channels,
            repeats=options.repeats,
            tolerances_ms=list(TOLERANCES_MS),
            least_share=LEAST_SHARE,
            duplicate_ms=DUPLICATE_MS,
            n_shifts=N_SHIFTS,
            shift_seed=SHIFT_SEED,
            fp_rates_hz=list(FP_RATES_HZ),
        ),
        summary=summarise(cells),
        cells=list(cells),
        published=published(),
    )
