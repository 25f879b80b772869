"""The figures of a result, drawn from its JSON alone.

Colours are Okabe & Ito's; markers and dashes tell the same apart in grey print.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from spe1_builder.benchmark.localization.contestants import CONTESTANTS
from spe1_builder.benchmark.localization.schema import CellResult, LocalizationBenchmark, SummaryRow
from spe1_builder.probe import SITE_WIDTH_UM, nominal_positions_um

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_INK, _SITE, _MASKED = "#222222", "#C8C8C8", "#F3F3F3"
_STYLE = {
    "font.size": 10.0,
    "axes.titlesize": 11.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#E4E4E4",
    "grid.linewidth": 0.6,
    "axes.axisbelow": True,
    "legend.frameon": False,
    # The same result gives the same bytes.
    "svg.hashsalt": "spe1",
}
_LEVEL_NAMES = {"templates": "templates", "spikes": "single spikes"}
#: Half the stretch of probe drawn around an electrode.
_REACH_UM = 62.0


def figures(result: LocalizationBenchmark) -> dict[str, Figure]:
    """Every figure that the result has numbers for, by file name."""
    from spe1_builder.benchmark.localization.figures import degraded as figures_degraded

    makers: dict[str, Callable[[LocalizationBenchmark], Figure | None]] = {
        "scores": draw_scores,
        "probe_map": draw_probe_map,
        "degradation": lambda found: figures_degraded.draw_degradation(found, "corrected"),
        "degradation_as_published": lambda found: figures_degraded.draw_degradation(
            found, "as_published"
        ),
        "grid_search": figures_degraded.draw_grid_search,
    }
    with style():
        drawn = {name: make(result) for name, make in makers.items()}
    return {name: figure for name, figure in drawn.items() if figure is not None}


@contextmanager
def style() -> Iterator[None]:
    """Our look, for the time of drawing or saving."""
    import matplotlib

    with matplotlib.rc_context(_STYLE):  # type: ignore[arg-type]
        yield


def new_figure(width: float, height: float) -> Figure:
    """An empty figure, inches; no window, no global state."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def counted_cells(result: LocalizationBenchmark, n_cells: int) -> str:
    """For titles: how many cells, and that they are simulated where they are."""
    kind = "simulated cell" if result.provenance.simulated else "cell"
    return f"{n_cells} {kind}" if n_cells == 1 else f"{n_cells} {kind}s"


def levels_of(result: LocalizationBenchmark) -> list[str]:
    """Templates, and spikes where they were localized."""
    found = {row.level for row in result.summary}
    return [level for level in _LEVEL_NAMES if level in found]


def draw_scores(result: LocalizationBenchmark) -> Figure:
    """Accuracy and median error with their intervals (figure 2 of the paper)."""
    levels = levels_of(result)
    figure = new_figure(9.5, 0.9 + 2.3 * len(levels))
    panels = figure.subplots(len(levels), 2, squeeze=False)
    for level, (left, right) in zip(levels, panels, strict=True):
        rows = [row for row in result.summary if (row.mode, row.level) == ("corrected", level)]
        names = [CONTESTANTS[row.method].short for row in rows]
        _draw_bars(left, rows, "accuracy")
        _draw_bars(right, rows, "error")
        n = rows[0].pooled.n
        left.set_title(f"{n} {_LEVEL_NAMES[level]}", loc="left")
        left.set_xlim(0.0, 1.12)
        left.set_xlabel(f"accuracy: share within {result.parameters.tolerance_um:g} µm")
        right.set_xlim(left=0.0)
        right.set_xlabel("median 2-D error (µm)")
        for axes in (left, right):
            axes.set_yticks(range(len(names)), names)
            axes.invert_yaxis()
            axes.grid(axis="y", visible=False)
    figure.suptitle(
        f"{counted_cells(result, _n_cells(result))}; "
        f"lines: {100 * result.parameters.confidence:.0f} % interval, bootstrap over cells"
    )
    return figure


def _draw_bars(axes: Axes, rows: list[SummaryRow], quantity: str) -> None:
    for y, row in enumerate(rows):
        look = CONTESTANTS[row.method]
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
            axes.plot([interval.low, interval.high], [y, y], color=_INK, linewidth=1.4)
            axes.plot([interval.low, interval.high], [y, y], "|", color=_INK, markersize=7)
        text = f"{value:.2f}" if quantity == "accuracy" else f"{value:.1f}"
        axes.annotate(text, (end, y), (5, 0), textcoords="offset points", va="center")
    axes.margins(x=0.16)


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
    x_um, y_um = cell.target_um
    half = SITE_WIDTH_UM / 2
    for channel, (site_x_um, site_y_um) in enumerate(nominal_positions_um()):
        if abs(site_y_um - y_um) <= _REACH_UM + half:
            is_masked = channel in cell.masked_channels
            corner = (site_x_um - half, site_y_um - half)
            axes.add_patch(
                Rectangle(
                    corner,
                    SITE_WIDTH_UM,
                    SITE_WIDTH_UM,
                    facecolor=_MASKED if is_masked else _SITE,
                    edgecolor=_SITE,
                    linestyle=":" if is_masked else "-",
                    linewidth=0.6,
                )
            )
    axes.plot(
        x_um,
        y_um,
        "*",
        color="#F0E442",
        markeredgecolor=_INK,
        markersize=13,
        label="ground-truth electrode",
        zorder=3,
    )
    for part in cell.scores:
        if (part.mode, part.level) == ("corrected", "templates"):
            _draw_estimate(axes, part.method, part.estimate_um, y_um)
    axes.set_xlim(35.0 - _REACH_UM, 35.0 + _REACH_UM)
    axes.set_ylim(y_um - _REACH_UM, y_um + _REACH_UM)
    axes.set_aspect("equal")
    axes.xaxis.set_major_locator(MultipleLocator(25))
    axes.yaxis.set_major_locator(MultipleLocator(25))
    axes.grid(visible=False)
    axes.tick_params(labelsize=8)
    axes.set_title(cell.cell_id, fontsize=10)


def _draw_estimate(
    axes: Axes, method: str, estimate_um: tuple[float, float] | None, center_um: float
) -> None:
    """A marker, or an arrow at the edge where the estimate lies beyond the drawn stretch."""
    look = CONTESTANTS[method]
    place = (np.nan, np.nan) if estimate_um is None else estimate_um
    dx_um, dy_um = place[0] - 35.0, place[1] - center_um
    farthest_um = max(abs(dx_um), abs(dy_um))
    marker: Any = look.marker
    if farthest_um > _REACH_UM:
        shrink = 0.93 * _REACH_UM / farthest_um
        place = (35.0 + dx_um * shrink, center_um + dy_um * shrink)
        marker = (3, 0, float(np.degrees(np.arctan2(dy_um, dx_um)) - 90.0))
    axes.plot(
        *place,
        marker=marker,
        linestyle="none",
        color=look.color,
        markersize=7,
        markeredgewidth=1.8 if look.marker in "x+" else 0.8,
        markeredgecolor=look.color if look.marker in "x+" else "white",
        label=look.label,
        zorder=4,
    )


def _n_cells(result: LocalizationBenchmark) -> int:
    return sum(cell.problem is None for cell in result.cells)
