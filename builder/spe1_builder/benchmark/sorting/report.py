"""The result as one HTML page, and its figures as files."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from pathlib import Path

from spe1_builder.benchmark.common.figure_style import png, svg
from spe1_builder.benchmark.common.page import Page, facts_html, figure_html, table_html
from spe1_builder.benchmark.sorting.browser import browser_html
from spe1_builder.benchmark.sorting.figures.all import FIGURES, draw_figures
from spe1_builder.benchmark.sorting.schema import SortingBenchmark
from spe1_builder.benchmark.sorting.tables import tables

REPORT_NAME = "report.html"


def write_sorting_report(folder: Path, result: SortingBenchmark, root: Path) -> list[Path]:
    """Write the figures as PNG and SVG, and the page that holds everything.

    Parameters
    ----------
    folder : Path
        Made if it is not there.
    result : SortingBenchmark
    root : Path
        Of the cells, whose traces the page shows where they still are.

    Returns
    -------
    list of Path
        The files written, the page last.
    """
    folder.mkdir(parents=True, exist_ok=True)
    written, vectors = [], {}
    for name, figure in draw_figures(result).items():
        vectors[name] = svg(figure)
        for path, content in (
            (folder / f"{name}.svg", vectors[name]),
            (folder / f"{name}.png", png(figure)),
        ):
            path.write_bytes(content)
            written.append(path)
    page = folder / REPORT_NAME
    page.write_text(sorting_report_html(result, vectors, root), encoding="utf-8")
    return [*written, page]


def sorting_report_html(result: SortingBenchmark, vectors: Mapping[str, bytes], root: Path) -> str:
    """The page; ``vectors`` are SVG files by figure name."""
    made = [kind for kind in result.provenance.origins if kind != "recorded"]
    figures = [figure_html(FIGURES[name][1], content) for name, content in vectors.items()]
    sections = {
        "Scores": "\n".join(table_html(table) for table in tables(result)),
        "Figures": "\n".join(figures),
        "Spikes": browser_html(result, root),
        "How it was computed": "\n".join(
            [
                facts_html("Parameters", result.parameters.model_dump(mode="json")),
                facts_html("Provenance", result.provenance.model_dump(mode="json")),
            ]
        ),
    }
    return Page(
        name="SPE-1 sorting benchmark",
        title="Spike sorters against the patched neuron",
        intro=_intro(result),
        not_recorded=(" or ".join(made), result.provenance.label) if made else None,
        sections={heading: html for heading, html in sections.items() if html},
        footer=(
            f"spe1 {escape(result.provenance.spe1_version)}, <code>spe1 benchmark sorting</code>. "
            "Recordings: Marques-Smith et al. 2018, doi:10.1101/370080."
        ),
    ).html()


def _intro(result: SortingBenchmark) -> str:
    n = len(result.scored)
    n_left = len(result.cells) - n
    text = f"{n} cell{'s' if n != 1 else ''} scored"
    if n_left:
        text += f", {n_left} could not be"
    n_controls = sum(
        cell.facts is not None and not cell.facts.has_extracellular_spike for cell in result.scored
    )
    if n_controls:
        text += f"; {n_controls} of them have no extracellular spike and show what chance gives"
    return f"{text}. Each sorter is judged by its best unit, between a floor and a ceiling."
