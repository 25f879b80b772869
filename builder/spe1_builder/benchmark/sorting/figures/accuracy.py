"""Accuracy of every sorter on every cell, over what there is to see of the cell."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spe1_builder.benchmark.common.figure_style import new_figure
from spe1_builder.benchmark.sorting.figures.looks import looks
from spe1_builder.benchmark.sorting.schema import SortingBenchmark

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def draw_accuracy(result: SortingBenchmark) -> Figure:
    """A point a cell and sorter, with its interval; open where a match is chance."""
    figure = new_figure(8.0, 4.6)
    axes = figure.subplots()
    told = set()
    for cell in result.scored:
        for one in cell.sorters:
            if one.score is None or cell.facts is None or one.accuracy is None:
                continue
            look = looks(result)[one.sorter]
            interval = one.score.headline.best.accuracy_interval
            label = None if one.sorter in told else look.label
            told.add(one.sorter)
            snr = max(cell.facts.snr, 0.1)
            if interval is not None:
                axes.plot([snr, snr], [interval.low, interval.high], color=look.color, lw=0.9)
            is_open = not cell.facts.has_extracellular_spike and look.marker not in "x+*"
            axes.plot(
                [snr],
                [one.accuracy],
                look.marker,
                color=look.color,
                markerfacecolor="none" if is_open else look.color,
                label=label,
            )
    axes.set_xscale("log")
    axes.set_ylim(-0.03, 1.03)
    axes.set_xlabel("SNR: template's largest value over the noise on its channel")
    axes.set_ylabel("accuracy of the best unit, 0.4 ms")
    axes.legend(loc="upper left")
    figure.suptitle(result.counted)
    return figure
