"""Real neurons: where the paper's methods put them, and where ours do, cell by cell."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from spe1_builder.benchmark.common.contestant import Contestant
from spe1_builder.benchmark.common.figure_style import INK, new_figure
from spe1_builder.benchmark.localization.contestants import contestant
from spe1_builder.benchmark.localization.schema import CellResult, LocalizationBenchmark
from spe1_builder.source.scraps.model import PublishedPosition
from spe1_builder.source.scraps.packaged import scraps

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: Beyond this a cell stands at the edge, with its number.
_LIMIT_UM = 160.0
#: Of the paper.
METHODS = ("center_of_mass", "monopolar_triangulation", "grid_convolution")


def draw_published(result: LocalizationBenchmark) -> Figure | None:
    """Depth of the templates less that of the label, published and ours, of the paper's cells."""
    part = digitised_part(result)
    if part is None:
        return None
    published = {cell.cell_id: cell.published_positions for cell in scraps()}
    cells = [cell for cell in part.cells if cell.problem is None and published.get(cell.cell_id)]
    methods = [name for name in METHODS if name in part.parameters.methods]
    if not cells or not methods:
        return None
    figure = new_figure(9.5, 4.2)
    axes = figure.subplots()
    tolerance_um = part.parameters.tolerance_um
    axes.axhspan(-tolerance_um, tolerance_um, color="#E8F0F7", zorder=0)
    axes.axhline(0.0, color=INK, linewidth=0.8)
    for place, name in enumerate(methods):
        shift = (place - (len(methods) - 1) / 2) * 0.24
        _draw_method(axes, cells, name, published, shift)
    axes.set_xticks(range(len(cells)), [cell.cell_id for cell in cells])
    axes.set_xlim(-0.6, len(cells) - 0.4)
    axes.set_ylim(-_LIMIT_UM * 1.3, _LIMIT_UM * 1.1)
    axes.set_ylabel("depth less the label's (µm)")
    axes.grid(axis="x", visible=False)
    axes.plot([], [], "o", color=INK, label="here, from digitised templates")
    axes.plot([], [], "o", color=INK, markerfacecolor="none", markersize=10, label="published")
    figure.legend(loc="outside lower center", ncols=5)
    figure.suptitle(f"{len(cells)} real neurons: published positions and ours")
    return figure


def digitised_part(result: LocalizationBenchmark) -> LocalizationBenchmark | None:
    """The result on digitised templates: the whole, or its part."""
    return result if result.provenance.origin == "digitised" else result.digitised


def _draw_method(
    axes: Axes,
    cells: list[CellResult],
    name: str,
    published: dict[str, tuple[PublishedPosition, ...]],
    shift: float,
) -> None:
    look = contestant(name)
    for x, cell in enumerate(cells):
        assert cell.target_um is not None
        label_y_um = cell.target_um[1]
        ours = [
            score.estimate_um[1] - label_y_um
            for score in cell.scores
            if score.method == name and score.estimate_um is not None
        ]
        theirs = [
            place.y_um - label_y_um
            for place in published[cell.cell_id]
            if place.method == look.short
        ]
        for values, fill, size in ((ours, look.color, 5.5), (theirs, "none", 10.0)):
            for value in values:
                _draw_point(axes, x + shift, value, look, fill, size)
    axes.plot([], [], look.marker, color=look.color, label=look.short)


def _draw_point(
    axes: Axes, x: float, value: float, look: Contestant, fill: str, size: float
) -> None:
    is_beyond = abs(value) > _LIMIT_UM
    y = float(np.clip(value, -_LIMIT_UM, _LIMIT_UM))
    axes.plot(x, y, look.marker, color=look.color, markerfacecolor=fill, markersize=size)
    if is_beyond and fill != "none":
        axes.annotate(
            f"{value:+.0f}",
            (x, y),
            (0, -8 if value < 0 else 8),
            textcoords="offset points",
            ha="center",
            va="top" if value < 0 else "bottom",
            fontsize=7,
            rotation=90,
        )
