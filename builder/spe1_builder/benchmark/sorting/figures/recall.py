"""Recall over what makes a spike hard to find."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spe1_builder.benchmark.common.figure_style import new_figure
from spe1_builder.benchmark.common.proportion import wilson
from spe1_builder.benchmark.sorting.figures.looks import looks
from spe1_builder.benchmark.sorting.schema import SortingBenchmark
from spe1_builder.benchmark.sorting.schema_cells import Condition

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_POOLED: tuple[tuple[Condition, str], ...] = (
    ("interval", "interval since the spike before (ms)"),
    ("burst", "place in the burst"),
    ("overlap", "to the nearest spike of another neuron (ms)"),
)


def draw_recall_over_amplitude(result: SortingBenchmark) -> Figure:
    """A point a bin of each cell: amplitudes in s.d. of the cell's noise."""
    figure = new_figure(8.0, 4.6)
    axes = figure.subplots()
    for name, look in looks(result).items():
        at, recall = [], []
        for cell in result.scored:
            for one in cell.sorters:
                if one.sorter != name or cell.facts is None:
                    continue
                for curve in one.curves:
                    if curve.condition != "amplitude":
                        continue
                    for part in curve.bins:
                        low, high = part.low or 0.0, part.high or part.low or 0.0
                        at.append((low + high) / 2 / cell.facts.noise_uV)
                        recall.append(part.recall)
        axes.plot(at, recall, look.marker, color=look.color, label=look.label, alpha=0.8)
    axes.set_ylim(-0.03, 1.03)
    axes.set_xlabel("spike's amplitude on the peak channel (s.d. of the noise)")
    axes.set_ylabel("recall of the best unit")
    axes.legend(loc="lower right")
    figure.suptitle(f"{result.counted}: an eighth of a cell's spikes each")
    return figure


def draw_conditions(result: SortingBenchmark) -> Figure:
    """Recall pooled over the cells that have a spike to find, with Wilson's intervals."""
    figure = new_figure(11.0, 3.8)
    panels = figure.subplots(1, len(_POOLED), sharey=True)
    for axes, (condition, label) in zip(panels, _POOLED, strict=True):
        _draw_pooled(axes, result, condition)
        axes.set_xlabel(label)
    panels[0].set_ylabel("recall of the best unit")
    panels[0].set_ylim(-0.03, 1.03)
    panels[0].legend(loc="lower right", fontsize="small")
    figure.suptitle(f"{result.counted}: spikes of all cells with an extracellular spike")
    return figure


def _draw_pooled(axes: Axes, result: SortingBenchmark, condition: Condition) -> None:
    edges: list[tuple[float, float | None]] = sorted(
        {
            (part.low or 0.0, part.high)
            for cell in result.scored
            for one in cell.sorters
            for curve in one.curves
            if curve.condition == condition
            for part in curve.bins
        },
        key=lambda edge: edge[0],
    )
    for i, (name, look) in enumerate(looks(result).items()):
        for x, edge in enumerate(edges):
            n, n_hit = _counts(result, name, condition, edge)
            interval = wilson(n_hit, n)
            if interval is None:
                continue
            at = x + (i - (len(looks(result)) - 1) / 2) * 0.12
            axes.plot([at, at], [interval.low, interval.high], color=look.color, lw=1.0)
            label = look.label if x == 0 else None
            axes.plot([at], [n_hit / n], look.marker, color=look.color, label=label)
    if condition == "burst":
        names = [f"{low:g}" if high is not None else f"{low:g}+" for low, high in edges]
    else:
        names = [f"{low:g}-{high:g}" if high is not None else f">{low:g}" for low, high in edges]
    axes.set_xticks(range(len(names)), names, rotation=45, ha="right")


def _counts(
    result: SortingBenchmark, name: str, condition: Condition, edge: tuple[float, float | None]
) -> tuple[int, int]:
    """Spikes of a bin, and those that are found, over cells."""
    parts = [
        part
        for cell in result.scored
        if cell.facts is not None and cell.facts.has_extracellular_spike
        for one in cell.sorters
        if one.sorter == name and one.repeat == 0
        for curve in one.curves
        if curve.condition == condition
        for part in curve.bins
        if (part.low or 0.0, part.high) == edge
    ]
    return sum(part.n for part in parts), sum(part.n_hit for part in parts)
