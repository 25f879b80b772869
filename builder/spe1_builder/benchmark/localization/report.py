"""The result as one HTML page, and its figures as files."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from pathlib import Path

from spe1_builder.benchmark.common.figure_style import png, svg
from spe1_builder.benchmark.common.page import Page, facts_html, figure_html, table_html
from spe1_builder.benchmark.localization.figures.all import CAPTIONS, draw_figures
from spe1_builder.benchmark.localization.figures.published import digitised_part
from spe1_builder.benchmark.localization.label_tables import label_tables
from spe1_builder.benchmark.localization.options import BenchmarkOptions
from spe1_builder.benchmark.localization.schema import LocalizationBenchmark
from spe1_builder.benchmark.localization.scraps import run_on_scraps
from spe1_builder.benchmark.localization.tables import simulated_mark, tables

REPORT_NAME = "report.html"
#: Figures of the first section, whatever cells were scored.
_OF_REAL_NEURONS = ("published", "hits")


def write_report(folder: Path, result: LocalizationBenchmark) -> list[Path]:
    """Write the figures as PNG and SVG, and the page that holds everything.

    Parameters
    ----------
    folder : Path
        Made if it is not there.
    result : LocalizationBenchmark

    Returns
    -------
    list of Path
        The files written, the page last.
    """
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    vectors = {}
    shown = with_real_neurons(result)
    for name, figure in draw_figures(shown).items():
        vectors[name] = svg(figure)
        for path, content in (
            (folder / f"{name}.svg", vectors[name]),
            (folder / f"{name}.png", png(figure)),
        ):
            path.write_bytes(content)
            written.append(path)
    page = folder / REPORT_NAME
    page.write_text(report_html(shown, vectors), encoding="utf-8")
    return [*written, page]


def report_html(result: LocalizationBenchmark, vectors: Mapping[str, bytes]) -> str:
    """The page; ``vectors`` are SVG files by figure name."""
    provenance = result.provenance
    facts = {"Parameters": result.parameters, "Provenance": provenance}
    return Page(
        name="SPE-1 localization benchmark",
        title="Spike localization against the patched neuron",
        intro=_intro(result),
        not_recorded=((result.generated_word, provenance.label) if provenance.simulated else None),
        sections={
            **_real_neurons(result, vectors),
            "Scores": "\n".join(table_html(table) for table in tables(result)),
            "Figures": "\n".join(
                figure_html(CAPTIONS[name], content)
                for name, content in vectors.items()
                if name not in _OF_REAL_NEURONS
            ),
            "How it was computed": "\n".join(
                facts_html(title, model.model_dump(mode="json")) for title, model in facts.items()
            ),
        },
        footer=(
            f"spe1 {escape(provenance.spe1_version)}, <code>spe1 benchmark localization</code>. "
            "Method: Zhao et al. 2026,\ndoi:10.1371/journal.pcbi.1014059. "
            "Recordings: Marques-Smith et al. 2018, doi:10.1101/370080."
        ),
    ).html()


def with_real_neurons(result: LocalizationBenchmark) -> LocalizationBenchmark:
    """The result with the part on digitised templates, which takes a second where it lacks it."""
    if digitised_part(result) is not None:
        return result
    options = BenchmarkOptions(methods=tuple(result.parameters.methods))
    return result.model_copy(update={"digitised": run_on_scraps(options)})


def _real_neurons(result: LocalizationBenchmark, vectors: Mapping[str, bytes]) -> dict[str, str]:
    """The first screen: what this ground truth can decide, shown on real neurons."""
    part = digitised_part(result)
    if part is None or not any(name in vectors for name in _OF_REAL_NEURONS):
        return {}
    figures = [figure_html(CAPTIONS[n], vectors[n]) for n in _OF_REAL_NEURONS if n in vectors]
    found = [table_html(table) for table in label_tables(part, simulated_mark(part))]
    words = f'<p class="note">{escape(part.provenance.label.capitalize())}.</p>'
    return {"What this ground truth can decide": "\n".join([words, *figures, *found])}


def _intro(result: LocalizationBenchmark) -> str:
    n = sum(cell.problem is None for cell in result.cells)
    n_left = len(result.cells) - n
    text = f"{n} cell{'s' if n != 1 else ''} scored"
    if n_left:
        text += f", {n_left} could not be (see the notes of each cell)"
    return f"{text}. Target: the electrode that stood nearest to the patched neuron."
