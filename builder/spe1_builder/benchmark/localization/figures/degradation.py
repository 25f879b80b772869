"""Accuracy, error and drift as electrodes die (figure 4 of the paper)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from spe1_builder.benchmark.common.figure_style import new_figure
from spe1_builder.benchmark.localization.contestants import contestants
from spe1_builder.benchmark.localization.figures.titles import counted_cells, levels_of
from spe1_builder.benchmark.localization.schema import LocalizationBenchmark
from spe1_builder.benchmark.localization.schema_curves import CurvePoint
from spe1_builder.benchmark.localization.words import Level, Mode
from spe1_builder.benchmark.localization.zhao2026.published import published

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: By name: the axis' words, and the first of the figure's five columns that it has.
_QUANTITIES = {
    "accuracy": ("accuracy", 0),
    "error": ("median 2-D error (µm)", 1),
    "drift": ("median drift from day 0 (µm)", 3),
}
#: With no more days than these the last one needs no panel of its own.
_FEW_DAYS = 3
#: Electrodes between the markers of two contestants on the same day: 25 lie between days.
_APART = 3.0
_MODE_NAMES = {"corrected": "", "as_published": ", as published"}


def draw_degradation(result: LocalizationBenchmark, mode: Mode) -> Figure | None:
    """Accuracy, error and drift against dead electrodes (figure 4 of the paper)."""
    if result.degradation is None:
        return None
    points = [point for point in result.degradation.points if point.mode == mode]
    if not points:
        return None
    levels = [level for level in levels_of(result) if any(point.level == level for point in points)]
    figure = new_figure(11.5, 1.3 + 2.7 * len(levels))
    # Of the errors the last day has a panel of its own: hardly an electrode is left then.
    grid = figure.add_gridspec(len(levels), 5, width_ratios=[5, 4.4, 0.9, 4.4, 0.9])
    handles: list[Any] = []
    for i, level in enumerate(levels):
        chosen = [point for point in points if point.level == level]
        last = max(point.n_dead for point in chosen)
        is_apart = len({point.n_dead for point in chosen}) > _FEW_DAYS
        for quantity, (label, first) in _QUANTITIES.items():
            if level == "spikes" and quantity == "drift":
                continue
            with_published = mode == "as_published" and not result.provenance.simulated
            if quantity == "accuracy" or not is_apart:
                wide = grid[i, first] if quantity == "accuracy" else grid[i, first : first + 2]
                parts = [(figure.add_subplot(wide), chosen)]
            else:
                before = [point for point in chosen if point.n_dead < last]
                after = [point for point in chosen if point.n_dead == last]
                parts = [
                    (figure.add_subplot(grid[i, first]), before),
                    (figure.add_subplot(grid[i, first + 1]), after),
                ]
            for axes, part in parts:
                _draw_curves(axes, part, quantity)
                if with_published:
                    _draw_published(axes, quantity, level, {point.n_dead for point in part})
                axes.set_ylim(0.0, 1.03 if quantity == "accuracy" else None)
            axes = parts[0][0]
            axes.set_title(level if quantity == "accuracy" else "", loc="left")
            axes.set_ylabel(label)
            axes.set_xlabel("dead electrodes (of 384)")
            for own, _ in parts[1:]:
                own.set_xticks([last])
                own.margins(x=0.6)
                own.yaxis.tick_right()
                own.spines[["left", "right"]].set_visible(True)
                own.spines["left"].set_linestyle(":")
            handles = handles or axes.get_legend_handles_labels()[0]
    if "spikes" in levels:  # a template's drift has no panel there
        free = figure.add_subplot(grid[levels.index("spikes"), 3:])
        free.set_axis_off()
        free.legend(handles=handles, loc="center", fontsize=9)
    else:
        figure.legend(handles=handles, loc="outside lower center", ncols=3, fontsize=9)
    found = result.degradation
    figure.suptitle(
        f"Electrodes die{_MODE_NAMES[mode]}: "
        f"{counted_cells(result, len(found.cells))}, {_counted_seeds(len(found.seeds))}"
    )
    return figure


def _counted_seeds(n: int) -> str:
    return "1 seed" if n == 1 else f"{n} seeds"


def _draw_curves(axes: Axes, points: Sequence[CurvePoint], quantity: str) -> None:
    looks = contestants()
    for i, (method, look) in enumerate(looks.items()):
        shift = _APART * (i - (len(looks) - 1) / 2)
        chosen = [point for point in points if point.method == method]
        values = [_value(point, quantity) for point in chosen]
        if not chosen:
            continue
        axes.plot(
            [point.n_dead + shift for point in chosen],
            [np.nan if value is None else value for value in values],
            color=look.color,
            marker=look.marker,
            linestyle=look.dash,
            markersize=4.5,
            linewidth=1.4,
            label=look.label,
            clip_on=False,
        )


def _draw_published(axes: Axes, quantity: str, level: Level, shown: Collection[int]) -> None:
    """The paper's curve, on the days that the panel has."""
    reference = published()
    for method, look in contestants().items():
        values = reference.curve(quantity, level, method)
        if values is not None:
            n_dead = np.array(reference.degradation.true_dead_electrodes)
            is_shown = (n_dead >= min(shown)) & (n_dead <= max(shown))
            axes.plot(
                n_dead[is_shown],
                np.array(values, dtype=float)[is_shown],
                color=look.color,
                linestyle="--",
                # A day alone has no line.
                marker="_" if is_shown.sum() == 1 else None,
                linewidth=1.0,
                alpha=0.7,
                label=f"{look.label}, published",
            )


def _value(point: CurvePoint, quantity: str) -> float | None:
    if quantity == "accuracy":
        return point.score.accuracy
    return point.score.median_error_um if quantity == "error" else point.median_drift_um
