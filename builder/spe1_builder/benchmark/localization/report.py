"""One self-contained HTML page of a result: opens offline, on a phone, and prints."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Iterator
from html import escape
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING, Any

from spe1_builder.benchmark.localization.figures.figures import figures, style
from spe1_builder.benchmark.localization.schema import LocalizationBenchmark
from spe1_builder.benchmark.localization.tables import Table, tables

if TYPE_CHECKING:
    from matplotlib.figure import Figure

REPORT_NAME = "report.html"
_PNG_DPI = 150
_CAPTIONS = {
    "scores": "Accuracy and median error of every method and control.",
    "probe_map": "Estimates from each cell's template around its ground-truth electrode. Grey: "
    "sites; dotted: masked sites. A triangle at the edge points to an estimate beyond it.",
    "degradation": "Electrodes are replaced by noise before filtering, 25 more a day; median "
    "over all cells and seeds.",
    "degradation_as_published": "The same as the authors' code did it: nothing masked, and the "
    "dead electrodes of the day before.",
    "grid_search": "Median error over the paper's parameter grids.",
}


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
    written, drawn = [], figures(result)
    vectors = {}
    for name, figure in drawn.items():
        vectors[name] = _svg(figure)
        for path, content in (
            (folder / f"{name}.svg", vectors[name]),
            (folder / f"{name}.png", _png(figure)),
        ):
            path.write_bytes(content)
            written.append(path)
    page = folder / REPORT_NAME
    page.write_text(report_html(result, vectors), encoding="utf-8")
    return [*written, page]


def report_html(result: LocalizationBenchmark, vectors: dict[str, bytes]) -> str:
    """The page; ``vectors`` are SVG files by figure name."""
    template = Template(Path(__file__).with_name("report.html").read_text(encoding="utf-8"))
    provenance = result.provenance
    banner = ""
    if provenance.simulated:
        banner = f'<p class="banner"><strong>Simulated.</strong> {escape(provenance.label)}.</p>'
    return template.substitute(
        banner=banner,
        intro=escape(_intro(result)),
        tables="\n".join(_table_html(table) for table in tables(result)),
        figures="\n".join(_figure_html(name, content) for name, content in vectors.items()),
        parameters="\n".join(_facts_html(result)),
        version=escape(provenance.spe1_version),
    )


def _intro(result: LocalizationBenchmark) -> str:
    n = sum(cell.problem is None for cell in result.cells)
    n_left = len(result.cells) - n
    text = f"{n} cell{'s' if n != 1 else ''} scored"
    if n_left:
        text += f", {n_left} could not be (see the notes of each cell)"
    return f"{text}. Target: the electrode that stood nearest to the patched neuron."


def _table_html(table: Table) -> str:
    classes = ["" if table.is_left(i) else ' class="n"' for i in range(len(table.columns))]
    head = "".join(
        f"<th{kind}>{escape(name)}</th>" for kind, name in zip(classes, table.columns, strict=True)
    )
    body = "\n".join(
        "<tr>"
        + "".join(f"<td{kind}>{escape(text)}</td>" for kind, text in zip(classes, row, strict=True))
        + "</tr>"
        for row in table.rows
    )
    note = f'<p class="note">{escape(table.note)}</p>' if table.note else ""
    return (
        f"<h3>{escape(table.title)}</h3>\n"
        f'<div class="wide"><table><thead><tr>{head}</tr></thead>\n<tbody>{body}</tbody>'
        f"</table></div>{note}"
    )


def _figure_html(name: str, content: bytes) -> str:
    data = base64.b64encode(content).decode("ascii")
    caption = escape(_CAPTIONS[name])
    return (
        f'<figure><div class="wide"><img alt="{caption}" '
        f'src="data:image/svg+xml;base64,{data}"></div><figcaption>{caption}</figcaption></figure>'
    )


def _facts_html(result: LocalizationBenchmark) -> Iterator[str]:
    """Parameters and provenance as two-column tables, nested values as JSON."""
    for title, model in (("Parameters", result.parameters), ("Provenance", result.provenance)):
        rows = "\n".join(
            f"<tr><td>{escape(name)}</td><td><code>{escape(_written(value))}</code></td></tr>"
            for name, value in model.model_dump(mode="json").items()
        )
        yield f'<h3>{title}</h3><div class="wide"><table class="facts">{rows}</table></div>'


def _written(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _svg(figure: Figure) -> bytes:
    buffer = io.BytesIO()
    with style():
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    return buffer.getvalue()


def _png(figure: Figure) -> bytes:
    buffer = io.BytesIO()
    with style():
        figure.savefig(buffer, format="png", dpi=_PNG_DPI, metadata={"Software": None})
    return buffer.getvalue()
