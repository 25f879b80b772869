"""All figures of a result: one line each adds one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from spe1_builder.benchmark.common.figure_style import style
from spe1_builder.benchmark.localization.figures.degradation import draw_degradation
from spe1_builder.benchmark.localization.figures.grid_search import draw_grid_search
from spe1_builder.benchmark.localization.figures.hits import draw_hits
from spe1_builder.benchmark.localization.figures.probe_map import draw_probe_map
from spe1_builder.benchmark.localization.figures.published import draw_published
from spe1_builder.benchmark.localization.figures.scores import draw_scores
from spe1_builder.benchmark.localization.schema import LocalizationBenchmark

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class FigureMaker:
    """A figure that a result may have.

    Attributes
    ----------
    name : str
        Of its files.
    caption : str
    draw : callable
        Of the result; None where it has no numbers for the figure.
    """

    name: str
    caption: str
    draw: Callable[[LocalizationBenchmark], Figure | None]


FIGURES = (
    FigureMaker("scores", "Accuracy and median error of every method and control.", draw_scores),
    FigureMaker(
        "probe_map",
        "Estimates from each cell's template around its ground-truth electrode. Grey: "
        "sites; dotted: masked sites. A triangle at the edge points to an estimate beyond it.",
        draw_probe_map,
    ),
    FigureMaker(
        "degradation",
        "Electrodes are replaced by noise before filtering, 25 more a day; median "
        "over all cells and seeds. Markers of one day are set apart sideways; the last day has "
        "its own scale.",
        lambda result: draw_degradation(result, "corrected"),
    ),
    FigureMaker(
        "degradation_as_published",
        "The same as the authors' code did it: nothing masked, and the "
        "dead electrodes of the day before.",
        lambda result: draw_degradation(result, "as_published"),
    ),
    FigureMaker(
        "published",
        "Real neurons: depth of the template less that of the label, as published (open) and from "
        "the digitised templates (filled); the band is the tolerance. Beyond the axis: the number.",
        draw_published,
    ),
    FigureMaker(
        "hits",
        "Real neurons: cells within the tolerance of the label; with any of the four columns in "
        "place of its x, which was never measured; and along the probe alone.",
        draw_hits,
    ),
    FigureMaker("grid_search", "Median error over the paper's parameter grids.", draw_grid_search),
)
CAPTIONS = {figure.name: figure.caption for figure in FIGURES}


def draw_figures(result: LocalizationBenchmark) -> dict[str, Figure]:
    """Every figure that the result has numbers for, by name."""
    with style():
        drawn = {figure.name: figure.draw(result) for figure in FIGURES}
    return {name: figure for name, figure in drawn.items() if figure is not None}
