"""Real neurons: hits with the label, with a random column in place of its x, and in depth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from spe1_builder.benchmark.common.figure_style import INK, new_figure
from spe1_builder.benchmark.localization.contestants import contestant
from spe1_builder.benchmark.localization.figures.published import METHODS, digitised_part
from spe1_builder.benchmark.localization.label_scores import random_column
from spe1_builder.benchmark.localization.schema import LocalizationBenchmark
from spe1_builder.benchmark.localization.schema_label import RandomColumn
from spe1_builder.source.scraps.packaged import scraps

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Hits:
    """Of one method on some cells: see `TargetScore`."""

    label: str
    n: int
    n_within: int
    n_within_dy: int
    chance: RandomColumn


def draw_hits(result: LocalizationBenchmark) -> Figure | None:
    """The paper's positions on the left, the digitised templates of all cells on the right."""
    part = digitised_part(result)
    if part is None or part.label_scores is None:
        return None
    tolerance_um = part.parameters.tolerance_um
    ours = [
        Hits(
            contestant(one.method).short,
            one.n,
            one.n_within,
            one.n_within_dy,
            one.random_column,
        )
        for one in part.label_scores.targets
        if (one.mode, one.target) == ("corrected", "as given")
    ]
    figure = new_figure(9.5, 3.8)
    left, right = figure.subplots(1, 2, width_ratios=(3, max(len(ours), 3)))
    _draw(left, published_hits(tolerance_um), "the paper's positions")
    _draw(right, ours, "digitised templates")
    left.set_ylabel(f"share of cells within {tolerance_um:g} µm")
    left.legend(*right.get_legend_handles_labels(), loc="upper left", fontsize=8)
    figure.suptitle("Hits on real neurons: with the label's column, with a random one, in depth")
    return figure


def published_hits(tolerance_um: float) -> list[Hits]:
    """The same of the positions that the paper's own methods gave."""
    found = []
    for name in METHODS:
        short = contestant(name).short
        pairs = [
            ((place.x_um, place.y_um), (cell.label.x_um, cell.label.y_um))
            for cell in scraps()
            for place in cell.published_positions
            if place.method == short
        ]
        estimates_um, labels_um = (np.array(side) for side in zip(*pairs, strict=True))
        dx_um, dy_um = (estimates_um - labels_um).T
        n_within = int((np.hypot(dx_um, dy_um) < tolerance_um).sum())
        chance = random_column(estimates_um[:, 0], dy_um, n_within, tolerance_um)
        n_within_dy = int((np.abs(dy_um) < tolerance_um).sum())
        found.append(Hits(short, len(pairs), n_within, n_within_dy, chance))
    return found


def _draw(axes: Axes, hits: Sequence[Hits], title: str) -> None:
    x = np.arange(len(hits), dtype=float)
    counts = np.array([one.n for one in hits], dtype=float)
    chances = [one.chance for one in hits]
    expected = np.array([chance.expected for chance in chances]) / counts
    ends = np.array([[chance.low, chance.high] for chance in chances]).T / counts
    bars = (
        ("with the label", [one.n_within for one in hits] / counts, "#0072B2"),
        ("with a random column, and 95 % of draws", expected, "#999999"),
        ("in depth alone", [one.n_within_dy for one in hits] / counts, "#E69F00"),
    )
    for place, (label, values, color) in enumerate(bars):
        axes.bar(x + (place - 1) * 0.27, values, 0.25, color=color, label=label)
    axes.vlines(x, ends[0], ends[1], color=INK, linewidth=1.4)
    axes.set_xticks(x, [f"{one.label}\n{one.n_within} of {one.n}" for one in hits], fontsize=8)
    axes.set_ylim(0.0, 1.0)
    axes.grid(axis="x", visible=False)
    axes.set_title(title, loc="left")
