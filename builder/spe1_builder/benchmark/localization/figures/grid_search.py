"""Median error over the methods' parameter grids (figure 5 of the paper)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from spe1_builder.benchmark.common.figure_style import new_figure
from spe1_builder.benchmark.localization.contestants import CONTESTANTS
from spe1_builder.benchmark.localization.degradation.grid_search import (
    GRID_PERCENTILES,
    GRID_RADII_UM,
    MONOPOLAR_MAX_DISTANCES_UM,
    MONOPOLAR_RADII_UM,
)
from spe1_builder.benchmark.localization.figures.titles import counted_cells, levels_of
from spe1_builder.benchmark.localization.schema import GridPoint, LocalizationBenchmark

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def draw_grid_search(result: LocalizationBenchmark) -> Figure | None:
    """Median error over the paper's parameter grids (figure 5)."""
    if result.grid_search is None:
        return None
    level = levels_of(result)[-1]
    points = [
        point
        for point in result.grid_search.points
        if (point.mode, point.level) == ("corrected", level) and "radius_um" in point.parameters
    ]
    axes_of = {
        "monopolar_triangulation": (MONOPOLAR_RADII_UM, MONOPOLAR_MAX_DISTANCES_UM[level]),
        "grid_convolution": (GRID_RADII_UM, GRID_PERCENTILES),
    }
    methods = [method for method in axes_of if any(point.method == method for point in points)]
    if not methods:
        return None
    days = result.grid_search.days
    errors_um = [point.score.median_error_um for point in points if point.method in methods]
    known_um = [value for value in errors_um if value is not None]
    figure = new_figure(2.5 * len(days) + 1.2, 2.7 * len(methods) + 0.7)
    panels = figure.subplots(len(methods), len(days), squeeze=False)
    image = None
    for method, row in zip(methods, panels, strict=True):
        for day, axes in zip(days, row, strict=True):
            chosen = [point for point in points if (point.method, point.day) == (method, day)]
            table_um = _table_um(chosen, *axes_of[method])
            image = axes.imshow(
                table_um, cmap="cividis", vmin=min(known_um), vmax=max(known_um), aspect="auto"
            )
            _label_cells(axes, table_um, max(known_um), min(known_um))
            _label_axes(axes, method, *axes_of[method])
            axes.set_title(f"{CONTESTANTS[method].short}, day {day}")
    if image is not None:
        figure.colorbar(image, ax=panels, label="median 2-D error (µm)", shrink=0.8)
    n_cells = len(result.grid_search.cells)
    figure.suptitle(f"Parameters, {level}: {counted_cells(result, n_cells)}")
    return figure


def _table_um(
    points: Sequence[GridPoint], rows: Sequence[float], columns: Sequence[float]
) -> np.ndarray:
    """Median errors, radius down and the other parameter across: float64."""
    table_um = np.full((len(rows), len(columns)), np.nan)
    for point in points:
        radius_um, other = point.parameters.values()
        value = point.score.median_error_um
        table_um[rows.index(radius_um), columns.index(other)] = np.nan if value is None else value
    return table_um


def _label_cells(axes: Axes, table_um: np.ndarray, highest_um: float, lowest_um: float) -> None:
    middle_um = (highest_um + lowest_um) / 2
    for (i, j), value in np.ndenumerate(table_um):
        color = "white" if value < middle_um else "black"
        axes.text(j, i, f"{value:.1f}", ha="center", va="center", color=color, fontsize=10)


def _label_axes(axes: Axes, method: str, rows: Sequence[float], columns: Sequence[float]) -> None:
    axes.set_yticks(range(len(rows)), [f"{value:g}" for value in rows])
    axes.set_xticks(range(len(columns)), [f"{value:g}" for value in columns])
    axes.set_ylabel("radius (µm)")
    is_monopolar = method == "monopolar_triangulation"
    axes.set_xlabel("max distance (µm)" if is_monopolar else "percentile (%)")
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)
