"""Where the methods put each cell's template, on a map of the probe."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from spe1_builder.benchmark.common.figure_style import INK, new_figure
from spe1_builder.benchmark.localization.contestants import contestant
from spe1_builder.benchmark.localization.figures.titles import counted_cells
from spe1_builder.benchmark.localization.schema import CellResult, LocalizationBenchmark
from spe1_builder.benchmark.localization.tables import cell_name
from spe1_builder.probe import SITE_WIDTH_UM, nominal_positions_um

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_SITE, _MASKED, _TRUTH = "#DADADA", "#F3F3F3", "#F0E442"
#: Sizes in points: where estimates fall together, one is seen around the other.
_SIZES = {"o": 11.0, "s": 7.5, "^": 7.5, "x": 6.0, "+": 8.0}
#: Half the stretch of probe drawn around an electrode, and x of the probe's middle.
_REACH_UM, _MIDDLE_UM = 62.0, 35.0


def draw_probe_map(result: LocalizationBenchmark) -> Figure | None:
    """Template estimates around each cell's electrode."""
    cells = [cell for cell in result.cells if cell.scores]
    n_columns = min(4, len(cells))
    n_rows = -(-len(cells) // n_columns)
    figure = new_figure(max(2.4 * n_columns, 7.0), 2.3 * n_rows + 1.1)
    panels = figure.subplots(n_rows, n_columns, squeeze=False)
    for axes in panels.ravel()[len(cells) :]:
        axes.set_visible(False)
    for cell, axes in zip(cells, panels.ravel(), strict=False):
        _draw_cell(axes, cell)
    for axes in panels[:, 0]:
        axes.set_ylabel("y along the probe (µm)")
    for i in range(n_columns):
        lowest = panels[(len(cells) - 1 - i) // n_columns, i]
        lowest.set_xlabel("x (µm)")
    handles, labels = panels[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=3, fontsize=9)
    figure.suptitle(f"Estimates from templates: {counted_cells(result, len(cells))}")
    return figure


def _draw_cell(axes: Axes, cell: CellResult) -> None:
    from matplotlib.patches import Rectangle
    from matplotlib.ticker import MultipleLocator

    assert cell.target_um is not None
    y_um = cell.target_um[1]
    half = SITE_WIDTH_UM / 2
    for channel, (site_x_um, site_y_um) in enumerate(nominal_positions_um()):
        if abs(site_y_um - y_um) <= _REACH_UM + half:
            is_masked = channel in cell.masked_channels
            corner = (site_x_um - half, site_y_um - half)
            is_truth = channel == cell.gt_channel
            axes.add_patch(
                Rectangle(
                    corner,
                    SITE_WIDTH_UM,
                    SITE_WIDTH_UM,
                    facecolor=_TRUTH if is_truth else _MASKED if is_masked else _SITE,
                    edgecolor=INK if is_truth else _SITE,
                    linestyle=":" if is_masked else "-",
                    linewidth=1.2 if is_truth else 0.6,
                    zorder=2 if is_truth else 1,
                )
            )
    axes.plot(
        [], [], "s", color=_TRUTH, markeredgecolor=INK, markersize=9, label="ground-truth electrode"
    )
    for part in cell.scores:
        if (part.mode, part.level) == ("corrected", "templates"):
            _draw_estimate(axes, part.method, part.estimate_um, y_um)
    axes.set_xlim(_MIDDLE_UM - _REACH_UM, _MIDDLE_UM + _REACH_UM)
    axes.set_ylim(y_um - _REACH_UM, y_um + _REACH_UM)
    axes.set_aspect("equal")
    axes.xaxis.set_major_locator(MultipleLocator(25))
    axes.yaxis.set_major_locator(MultipleLocator(25))
    axes.grid(visible=False)
    axes.tick_params(labelsize=8)
    axes.set_title(cell_name(cell), fontsize=10)


def _draw_estimate(
    axes: Axes, method: str, estimate_um: tuple[float, float] | None, center_um: float
) -> None:
    """A marker, or an arrow at the edge where the estimate lies beyond the drawn stretch."""
    look = contestant(method)
    place = (np.nan, np.nan) if estimate_um is None else estimate_um
    dx_um, dy_um = place[0] - _MIDDLE_UM, place[1] - center_um
    farthest_um = max(abs(dx_um), abs(dy_um))
    marker: Any = look.marker
    if farthest_um > _REACH_UM:
        shrink = 0.93 * _REACH_UM / farthest_um
        place = (_MIDDLE_UM + dx_um * shrink, center_um + dy_um * shrink)
        marker = (3, 0, float(np.degrees(np.arctan2(dy_um, dx_um)) - 90.0))
    axes.plot(
        *place,
        marker=marker,
        linestyle="none",
        color=look.color,
        fillstyle="none" if farthest_um <= _REACH_UM else "full",
        markersize=_SIZES.get(look.marker, 7.0),
        markeredgewidth=1.8,
        label=look.label,
        zorder=4,
    )
