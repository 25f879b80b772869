"""Figures 4 and 5: electrodes die, parameters vary."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from spe1_builder.benchmark.localization.contestants import CONTESTANTS
from spe1_builder.benchmark.localization.degradation.grid_search import (
    GRID_PERCENTILES,
    GRID_RADII_UM,
    MONOPOLAR_MAX_DISTANCES_UM,
    MONOPOLAR_RADII_UM,
)
from spe1_builder.benchmark.localization.figures.figures import counted_cells, levels_of, new_figure
from spe1_builder.benchmark.localization.schema import (
    CurvePoint,
    GridPoint,
    LocalizationBenchmark,
    Mode,
)
from spe1_builder.benchmark.localization.zhao2026.published import published

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_QUANTITIES = {
    "accuracy": "accuracy",
    "error": "median 2-D error (µm)",
    "drift": "median drift from day 0 (µm)",
}
_MODE_NAMES = {"corrected": "", "as_published": ", as published"}


def draw_degradation(result: LocalizationBenchmark, mode: Mode) -> Figure | None:
    """Accuracy, error and drift against dead electrodes (figure 4 of the paper)."""
    if result.degradation is None:
        return None
    points = [point for point in result.degradation.points if point.mode == mode]
    if not points:
        return None
    levels = [level for level in levels_of(result) if any(point.level == level for point in points)]
    figure = new_figure(10.5, 1.3 + 2.7 * len(levels))
    panels = figure.subplots(len(levels), 3, squeeze=False, sharex=True)
    for level, row in zip(levels, panels, strict=True):
        for (quantity, label), axes in zip(_QUANTITIES.items(), row, strict=True):
            if level == "spikes" and quantity == "drift":
                axes.set_visible(False)
                continue
            chosen = [point for point in points if point.level == level]
            _draw_curves(axes, chosen, quantity)
            if mode == "as_published" and not result.provenance.simulated:
                _draw_published(axes, quantity, level)
            axes.set_title(level if quantity == "accuracy" else "", loc="left")
            axes.set_ylabel(label)
            axes.set_ylim(0.0, 1.03 if quantity == "accuracy" else None)
            axes.set_xlabel("dead electrodes (of 384)")
            axes.tick_params(labelbottom=True)
    handles, labels = panels[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=3, fontsize=9)
    found = result.degradation
    figure.suptitle(
        f"Electrodes die{_MODE_NAMES[mode]}: "
        f"{counted_cells(result, len(found.cells))}, {len(found.seeds)} seeds"
    )
    return figure


def _draw_curves(axes: Axes, points: Sequence[CurvePoint], quantity: str) -> None:
    for method, look in CONTESTANTS.items():
        chosen = [point for point in points if point.method == method]
        values = [_value(point, quantity) for point in chosen]
        if not chosen:
            continue
        axes.plot(
            [point.n_dead for point in chosen],
            [np.nan if value is None else value for value in values],
            color=look.color,
            marker=look.marker,
            linestyle=look.dash,
            markersize=4.5,
            linewidth=1.4,
            label=look.label,
            clip_on=False,
        )


def _draw_published(axes: Axes, quantity: str, level: str) -> None:
    reference = published()
    for method, look in CONTESTANTS.items():
        values = reference.curve(quantity, level, method)
        if values is not None:
            axes.plot(
                reference.degradation.true_dead_electrodes,
                values,
                color=look.color,
                linestyle="--",
                linewidth=1.0,
                alpha=0.7,
                label=f"{look.label}, published",
            )


def _value(point: CurvePoint, quantity: str) -> float | None:
    if quantity == "accuracy":
        return point.score.accuracy
    return point.score.median_error_um if quantity == "error" else point.median_drift_um


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
