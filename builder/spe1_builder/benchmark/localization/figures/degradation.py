"""Accuracy, error and drift as electrodes die (figure 4 of the paper)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from spe1_builder.benchmark.common.figure_style import new_figure
from spe1_builder.benchmark.localization.contestants import contestants
from spe1_builder.benchmark.localization.figures.titles import counted_cells, levels_of
from spe1_builder.benchmark.localization.schema import CurvePoint, LocalizationBenchmark
from spe1_builder.benchmark.localization.words import Level, Mode
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
    for method, look in contestants().items():
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


def _draw_published(axes: Axes, quantity: str, level: Level) -> None:
    reference = published()
    for method, look in contestants().items():
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
