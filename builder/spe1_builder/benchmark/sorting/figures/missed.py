"""When each sorter missed the patched neuron."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from spe1_builder.benchmark.common.figure_style import INK, new_figure
from spe1_builder.benchmark.sorting.figures.looks import looks
from spe1_builder.benchmark.sorting.schema import SortingBenchmark
from spe1_builder.constants import NPX_RATE_HZ

if TYPE_CHECKING:
    from matplotlib.figure import Figure

#: Ticks of a row: more would be a bar. They are spread over the whole window.
_MOST_TICKS = 1500


def draw_missed(result: SortingBenchmark) -> Figure:
    """A row a sorter and cell: the spikes that its best unit has not."""
    cells = result.scored
    n_rows = sum(1 + sum(one.score is not None for one in cell.sorters) for cell in cells)
    figure = new_figure(9.5, 1.2 + 0.26 * n_rows)
    axes = figure.subplots()
    names, y = [], 0
    for cell in cells:
        times_s = np.array(cell.spike_samples) / NPX_RATE_HZ
        axes.plot(_thinned(times_s), np.full(len(_thinned(times_s)), y), "|", color=INK, ms=5)
        names.append(f"{cell.cell_id}: patched")
        y += 1
        for one in cell.sorters:
            if one.score is None:
                continue
            look = looks(result)[one.sorter]
            missed_s = _thinned(times_s[one.missed])
            axes.plot(missed_s, np.full(len(missed_s), y), "|", color=look.color, ms=5)
            share = len(one.missed) / max(len(times_s), 1)
            names.append(f"missed by {look.short}: {share:.0%}")
            y += 1
    axes.set_yticks(range(len(names)), names, fontsize="small")
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.set_xlabel("time in the analysis window (s)")
    axes.grid(axis="y", visible=False)
    figure.suptitle(f"{result.counted}: spikes that the best unit has not")
    return figure


def _thinned(values: np.ndarray) -> np.ndarray:
    step = max(1, -(-len(values) // _MOST_TICKS))
    return values[::step]
