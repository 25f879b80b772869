"""The page and the figures: self-contained, complete, nothing clipped."""

import base64
import re
from html.parser import HTMLParser

import pytest

from spe1_builder.benchmark.common.figure_style import style, svg
from spe1_builder.benchmark.localization.contestants import contestants
from spe1_builder.benchmark.localization.figures.all import draw_figures
from spe1_builder.benchmark.localization.report import report_html, write_report
from spe1_builder.benchmark.localization.schema import read_benchmark
from tests.benchmark.localization.test_example import EXAMPLE


class _Page(HTMLParser):
    """Tags that are opened and closed, addresses, and the text."""

    VOID = frozenset({"meta", "img", "br", "link", "!doctype"})

    def __init__(self):
        super().__init__()
        self.open, self.sources, self.text = [], [], []

    def handle_starttag(self, tag, attrs):
        if tag not in self.VOID:
            self.open.append(tag)
        self.sources += [value for name, value in attrs if name in ("src", "href", "data")]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


@pytest.fixture(scope="module")
def result():
    return read_benchmark(EXAMPLE)


@pytest.fixture(scope="module")
def plain(result):
    """Two cells, without spikes, degradation and grid search."""
    rows = [row for row in result.summary if row.level == "templates"]
    left_out = {"degradation": None, "grid_search": None, "digitised": None}
    kept = {"summary": rows, "cells": result.cells[:2], "alignment": result.alignment[:2]}
    return result.model_copy(update=left_out | kept)


@pytest.fixture(scope="module")
def drawn(result):
    return draw_figures(result)


def test_the_page_is_self_contained(result, tmp_path):
    odd = result.cells[0].model_copy(update={"notes": ["<script>alert(1)</script> & more"]})
    few = {"cells": [odd, *result.cells[1:3]], "alignment": result.alignment[:3]}
    result = result.model_copy(update=few)
    written = write_report(tmp_path / "plots", result)
    assert written[-1].name == "report.html" and all(path.stat().st_size > 0 for path in written)
    html = written[-1].read_text(encoding="utf-8")
    page = _Page()
    page.feed(html)
    assert page.open == [] and "<script" not in html and "url(" not in html
    assert len(page.sources) == 5 + 2  # two of real neurons, which every report begins with
    assert html.index("What this ground truth can decide") < html.index("<h2>Scores")
    for source in page.sources:
        kind, data = source.split(",", 1)
        assert kind == "data:image/svg+xml;base64"
        svg = base64.b64decode(data).decode()
        assert svg.rstrip().endswith("</svg>")
        # Nothing is fetched: the grid search's pixels are inside, too.
        assert all(address.startswith("data:") for address in re.findall(r'href="([^"#]+)', svg))
    text = " ".join(page.text)
    assert "<script>alert(1)</script> & more" in text
    for words in ("Semi-real.", "max_distance_um", "numpy", "um", "viewport"):
        assert words in text or words in html
    for cell in result.cells:
        assert cell.cell_id in text


def test_the_same_result_gives_the_same_page(plain):
    pages = [
        report_html(plain, {name: svg(figure) for name, figure in draw_figures(plain).items()})
        for _ in range(2)
    ]
    assert pages[0] == pages[1]


def test_every_figure_is_drawn(drawn):
    assert set(drawn) == {
        "scores",
        "probe_map",
        "degradation",
        "degradation_as_published",
        "grid_search",
        "published",
        "hits",
    }


@pytest.mark.parametrize(
    "name", ["scores", "probe_map", "degradation", "degradation_as_published", "grid_search"]
)
def test_no_text_is_clipped_or_tiny(drawn, name):
    from matplotlib.text import Text

    figure = drawn[name]
    with style():
        figure.canvas.draw()
        inked = figure.get_tightbbox(figure.canvas.get_renderer())
    width, height = figure.get_size_inches()
    assert inked.x0 >= -0.02 and inked.x1 <= width + 0.02
    assert inked.y0 >= -0.02 and inked.y1 <= height + 0.02
    sizes = [text.get_size() for text in figure.findobj(Text) if text.get_text().strip()]
    assert len(sizes) > 10 and min(sizes) >= 8


def test_contestants_differ_in_grey_too():
    looks = contestants().values()
    assert len({(look.marker, look.dash) for look in looks}) == len(looks)
    assert len({look.color for look in looks}) == len(looks)


def test_what_is_no_recording_is_said_in_every_figure(drawn):
    from matplotlib.text import Text

    for name, figure in drawn.items():
        texts = [text.get_text() for text in figure.findobj(Text)]
        if name in ("published", "hits"):  # of the part on real neurons, and say so
            assert any("real neurons" in text for text in texts), name
            continue
        assert any("semi-real" in text for text in texts), name
        assert not any(text.endswith(", published") for text in texts), name


def test_real_cells_are_drawn_beside_the_paper(result):
    cells = [cell.model_copy(update={"simulated": False}) for cell in result.cells]
    provenance = result.provenance.model_copy(update={"simulated": False})
    real = result.model_copy(update={"cells": cells, "provenance": provenance})
    figure = draw_figures(real)["degradation_as_published"]
    labels = {line.get_label() for axes in figure.axes for line in axes.lines}
    assert "center of mass, published" in labels


def test_the_last_day_has_its_own_scale(drawn):
    axes = drawn["degradation"].axes
    assert all(one.get_visible() for one in axes)
    errors = [one for one in axes if one.get_ylabel().startswith("median")]
    last = [one for one in axes if [round(x) for x in one.get_xticks()] == [375]]
    assert len(errors) == len(last) == 3
    assert max(one.get_ylim()[1] for one in errors) < min(one.get_ylim()[1] for one in last)
    # No two contestants' markers have one place on the axis.
    for one in errors:
        days = [tuple(line.get_xdata()) for line in one.lines]
        assert len(set(days)) == len(days) == 6


def test_no_panel_is_empty(drawn):
    for name, figure in drawn.items():
        for axes in figure.axes:
            has_content = axes.lines or axes.images or axes.patches or axes.get_legend()
            is_left_over = not axes.get_visible()  # 11 cells in 12 places
            assert has_content or is_left_over, name


def test_one_cell_has_no_intervals_and_one_template(result):
    one = result.cells[0]
    rows = [
        row.model_copy(
            update={
                "pooled": row.pooled.model_copy(update={"n": 1, "n_within": 1}),
                "pooled_accuracy_interval": None,
                "pooled_median_error_interval_um": None,
            }
        )
        for row in result.summary
        if row.level == "templates"
    ]
    left_out = {"degradation": None, "grid_search": None}
    figure = draw_figures(result.model_copy(update=left_out | {"summary": rows, "cells": [one]}))[
        "scores"
    ]
    assert figure.get_suptitle() == "1 semi-real cell"
    assert figure.axes[0].get_title(loc="left") == "1 template"


def test_how_a_result_shows_itself(plain):
    text = repr(plain)
    assert text.splitlines()[0] == "LocalizationBenchmark of 2 cells (semi-real)"
    assert "templates, center of mass: 0.727 within 50 um, median error 40.9 um" in text
    html = plain._repr_html_()
    assert "2 cells (semi-real)" in html and "<td>center of mass</td>" in html


def test_a_result_of_templates_alone_has_its_figures(plain):
    assert set(draw_figures(plain)) == {"scores", "probe_map"}
