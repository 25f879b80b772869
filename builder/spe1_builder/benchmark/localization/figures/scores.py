"""Accuracy and median error of every method and control (figure 2 of the paper)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spe1_builder.benchmark.common.figure_style import INK, new_figure
from spe1_builder.benchmark.localization.contestants import contestant
from spe1_builder.benchmark.localization.figures.titles import (
    counted_cells,
    counted_levels,
    levels_of,
)
from spe1_builder.benchmark.localization.schema import LocalizationBenchmark, SummaryRow

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def draw_scores(result: LocalizationBenchmark) -> Figure:
    """Accuracy and median error with their intervals (figure 2 of the paper)."""
    levels = levels_of(result)
    figure = new_figure(9.5, 0.9 + 2.3 * len(levels))
    panels = figure.subplots(len(levels), 2, squeeze=False)
    for level, (left, right) in zip(levels, panels, strict=True):
        rows = [row for row in result.summary if (row.mode, row.level) == ("corrected", level)]
        names = [contestant(row.method).short for row in rows]
        _draw_bars(left, rows, "accuracy")
        _draw_bars(right, rows, "error")
        left.set_title(counted_levels(rows[0].pooled.n, level), loc="left")
        left.set_xlim(0.0, 1.12)
        left.set_xlabel(f"accuracy: share within {result.parameters.tolerance_um:g} µm")
        right.set_xlim(left=0.0)
        right.set_xlabel("median 2-D error (µm)")
        for axes in (left, right):
            axes.set_yticks(range(len(names)), names)
            axes.invert_yaxis()
            axes.grid(axis="y", visible=False)
    title = counted_cells(result, _n_cells(result))
    if any(row.pooled_accuracy_interval is not None for row in result.summary):
        percent = 100 * result.parameters.confidence
        title += f"; lines: {percent:.0f} % interval, bootstrap over cells"
    figure.suptitle(title)
    return figure


def _draw_bars(axes: Axes, rows: list[SummaryRow], quantity: str) -> None:
    for y, row in enumerate(rows):
        look = contestant(row.method)
        if quantity == "accuracy":
            value, interval = row.pooled.accuracy, row.pooled_accuracy_interval
        else:
            value, interval = row.pooled.median_error_um, row.pooled_median_error_interval_um
        if value is None:
            continue
        axes.barh(y, value, height=0.62, color=look.color, alpha=0.85)
        end = value
        if interval is not None:
            end = max(value, interval.high)
            axes.plot([interval.low, interval.high], [y, y], color=INK, linewidth=1.4)
            axes.plot([interval.low, interval.high], [y, y], "|", color=INK, markersize=7)
        text = f"{value:.2f}" if quantity == "accuracy" else f"{value:.1f}"
        axes.annotate(text, (end, y), (5, 0), textcoords="offset points", va="center")
    axes.margins(x=0.16)


def _n_cells(result: LocalizationBenchmark) -> int:
    return sum(cell.problem is None for cell in result.cells)
