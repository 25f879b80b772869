"""Median error over the methods' parameter grids (figure 5 of the paper)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from spe1_builder.benchmark.common.figure_style import new_figure
from spe1_builder.benchmark.localization.figures.titles import counted_cells, levels_of
from spe1_builder.benchmark.localization.methods.parameter_grid import Axis
from spe1_builder.benchmark.localization.methods.registry import METHODS
from spe1_builder.benchmark.localization.schema import LocalizationBenchmark
from spe1_builder.benchmark.localization.schema_curves import GridPoint

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def draw_grid_search(result: LocalizationBenchmark) -> Figure | None:
    """Median error over the methods' parameter grids, one row of panels for each method."""
    if result.grid_search is None:
        return None
    level = levels_of(result)[-1]
    points = [
        point
        for point in result.grid_search.points
        if (point.mode, point.level) == ("corrected", level)
    ]
    shown = []
    for method in METHODS.values():
        if method.grid is not None:
            names = {method.grid.down.name, method.grid.across.name}
            # What lies beside the grid has other names.
            chosen = [p for p in points if p.method == method.name and set(p.parameters) == names]
            if chosen:
                shown.append((method.short, method.grid.down, method.grid.across, chosen))
    if not shown:
        return None
    days = result.grid_search.days
    ranges_um = {day: _range_um([p for *_, chosen in shown for p in chosen], day) for day in days}
    figure = new_figure(2.5 * len(days) + 1.2, 2.7 * len(shown) + 0.7)
    panels = figure.subplots(len(shown), len(days), squeeze=False)
    for (short, down, across, chosen), row in zip(shown, panels, strict=True):
        rows, columns = _values(chosen, down), _values(chosen, across)
        for day, axes in zip(days, row, strict=True):
            table_um = np.full((len(rows), len(columns)), np.nan)
            for point in chosen:
                value = point.score.median_error_um
                if point.day == day and value is not None:
                    place = point.parameters[down.name], point.parameters[across.name]
                    table_um[rows.index(place[0]), columns.index(place[1])] = value
            lowest_um, highest_um = ranges_um[day]
            axes.imshow(table_um, cmap="cividis", vmin=lowest_um, vmax=highest_um, aspect="auto")
            _label_cells(axes, table_um, (lowest_um + highest_um) / 2)
            axes.set_yticks(range(len(rows)), [f"{value:g}" for value in rows])
            axes.set_xticks(range(len(columns)), [f"{value:g}" for value in columns])
            axes.set_ylabel(down.label)
            axes.set_xlabel(across.label)
            axes.grid(visible=False)
            axes.spines[:].set_visible(False)
            axes.set_title(f"{short}, day {day}")
    n_cells = len(result.grid_search.cells)
    figure.suptitle(
        f"Parameters, {level}: {counted_cells(result, n_cells)}\n"
        "median 2-D error (µm); each day has its own scale of colours, dark is near"
    )
    return figure


def _range_um(points: Sequence[GridPoint], day: int) -> tuple[float, float]:
    """The lowest and the highest error of a day, over all methods."""
    errors_um = [point.score.median_error_um for point in points if point.day == day]
    known_um = [value for value in errors_um if value is not None]
    return (min(known_um), max(known_um)) if known_um else (0.0, 1.0)


def _values(points: Sequence[GridPoint], axis: Axis) -> list[float]:
    """The values of one parameter that the result has, ascending."""
    return sorted({point.parameters[axis.name] for point in points})


def _label_cells(axes: Axes, table_um: np.ndarray, middle_um: float) -> None:
    for (i, j), value in np.ndenumerate(table_um):
        color = "black" if value >= middle_um or np.isnan(value) else "white"
        text = "-" if np.isnan(value) else f"{value:.1f}"
        axes.text(j, i, text, ha="center", va="center", color=color, fontsize=10)
