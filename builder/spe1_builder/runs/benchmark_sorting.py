"""The sorting benchmark over cells of a dataset root: ``spe1.benchmark_sorting``."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from spe1_builder.benchmark.sorting.options import SortingOptions
from spe1_builder.benchmark.sorting.schema import SortingBenchmark
from spe1_builder.cells import cell_names
from spe1_builder.declared import takes_options_of
from spe1_builder.paths import local_path
from spe1_builder.progress import Progress
from spe1_builder.reading.catalogue import require_root


@takes_options_of(SortingOptions)
def benchmark_sorting(
    root: str | Path = "spe1",
    cells: str | Iterable[str] | None = None,
    progress: Progress | None = None,
    *,
    sorting: Any = None,
    unit: str | None = None,
    kind: str | None = None,
    clock: str | None = None,
    trust_pickle: bool = False,
    **options: Any,
) -> SortingBenchmark:
    """Score spike sorters against the patched neuron.

    Parameters
    ----------
    root : str or Path
        Dataset root.
    cells : str or iterable of str, optional
        Cells and sets; by default the paper's that are in the root.
    progress : Progress, optional
        Told of the cells that are done.
    sorting : object, optional
        A sorting to be scored beside those that are run: an object of SpikeInterface, a mapping
        of unit to spike times, or the path of what a sorter has written, in which ``{cell}``
        stands for the cell's id. Times count from the start of the analysis window, but for
        those of a path, which says or is told what they are.
    unit : {"samples", "s", "ms"}, optional
        Of the spike times; by default samples at 30 kHz, of a path what it says itself.
    kind, clock : str, optional
        Of a path: what wrote it, and what its times count from.
    trust_pickle : bool
        Of a path: open pickles, which can run any program.
    {options}

    Returns
    -------
    SortingBenchmark
        Each sorter's best unit on each cell, and over all of them; printed, a line a sorter. A
        cell or a sorter that failed is in it with its problem, and in ``undone``. What sorters
        found is kept in the root, and not run twice; nothing else is written.

    Raises
    ------
    OptionError
        There is no such sorter, or an option cannot work.
    MissingFileError
        There is no such root, or none of the paper's cells in it.
    OutputError
        Not one cell could be scored.

    Examples
    --------
    >>> import numpy as np
    >>> import spe1
    >>> spe1.benchmark_sorting("spe1", "c14")
    SortingBenchmark of 1 cell (simulated)
      threshold (floor): accuracy ... over 1 cell
      matched filter (ceiling): accuracy ... over 1 cell

    A sorting of one's own, here the patched spikes without every fifth:

    >>> samples = np.asarray(spe1.spikes("spe1", "c14")["sample"])
    >>> kept = samples[np.arange(len(samples)) % 5 > 0]
    >>> result = spe1.benchmark_sorting("spe1", "c14", sorting={"a": kept}, unit="samples")
    >>> best = result.cells[0].sorters[-1].score.headline.best
    >>> best.unit_id, round(best.accuracy, 1), best.precision
    ('a', 0.8, 1.0)
    """
    from spe1_builder.benchmark.localization.run import choose_cells
    from spe1_builder.benchmark.sorting.given import GivenSorting
    from spe1_builder.benchmark.sorting.run import run_sorting_benchmark

    chosen = SortingOptions(**options)
    place = require_root(local_path(root, "root"))
    cell_ids = choose_cells([] if cells is None else cell_names(cells), place)
    given = None
    if sorting is not None:
        given = GivenSorting(sorting, unit, kind, clock, trust_pickle)
    return run_sorting_benchmark(place, cell_ids, chosen, given, progress)
