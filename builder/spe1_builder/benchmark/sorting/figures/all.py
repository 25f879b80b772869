"""All figures of a result: one line each adds one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spe1_builder.benchmark.common.figure_style import style
from spe1_builder.benchmark.sorting.figures.accuracy import draw_accuracy
from spe1_builder.benchmark.sorting.figures.missed import draw_missed
from spe1_builder.benchmark.sorting.figures.recall import (
    draw_conditions,
    draw_recall_over_amplitude,
)
from spe1_builder.benchmark.sorting.schema import SortingBenchmark

if TYPE_CHECKING:
    from matplotlib.figure import Figure

#: By the name of the files: what draws a figure, and its caption.
FIGURES = {
    "accuracy": (
        draw_accuracy,
        "Accuracy of each sorter's best unit over the SNR of the cell; lines: Wilson's 95 % "
        "interval. Floor and ceiling bound what a sorter can reach. Open: cells without an "
        "extracellular spike, where a match is chance.",
    ),
    "recall_amplitude": (
        draw_recall_over_amplitude,
        "Recall over the amplitude of single spikes on the peak channel.",
    ),
    "conditions": (
        draw_conditions,
        "Recall over the interval since the spike before, the place in a burst, and the distance "
        "in time to spikes of other neurons that are seen on the peak channel.",
    ),
    "missed": (draw_missed, "Patched spikes, and those that the best unit of each sorter missed."),
}


def draw_figures(result: SortingBenchmark) -> dict[str, Figure]:
    """Every figure by name."""
    with style():
        return {name: draw(result) for name, (draw, _) in FIGURES.items()}
