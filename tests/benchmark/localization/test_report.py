"""The page and the figures: self-contained, complete, nothing clipped."""

import base64
import re
from html.parser import HTMLParser

import pytest

from spe1_builder.benchmark.common.figure_style import style
from spe1_builder.benchmark.localization.contestants import contestants
from spe1_builder.benchmark.localization.figures.all import draw_figures
from spe1_builder.benchmark.localization.report import write_report
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
    left_out = {"degradation": None, "grid_search": None}
    return result.model_copy(update=left_out | {"summary": rows, "cells": result.cells[:2]})


@pytest.fixture(scope="module")
def drawn(result):
    return draw_figures(result)


def test_the_page_is_self_contained(result, tmp_path):
    odd = result.cells[0].model_copy(update={"notes": ["<script>alert(1)</script> & more"]})
    result = result.model_copy(update={"cells": [odd, *result.cells[1:]]})
    written = write_report(tmp_path / "plots", result)
    assert written[-1].name == "report.html" and all(path.stat().st_size > 0 for path in written)
    html = written[-1].read_text(encoding="utf-8")
    page = _Page()
    page.feed(html)
    assert page.open == [] and "<script" not in html and "url(" not in html
    assert len(page.sources) == 5
    for source in page.sources:
        kind, data = source.split(",", 1)
        assert kind == "data:image/svg+xml;base64"
        svg = base64.b64decode(data).decode()
        assert svg.rstrip().endswith("</svg>")
        # Nothing is fetched: the grid search's pixels are inside, too.
        assert all(address.startswith("data:") for address in re.findall(r'href="([^"#]+)', svg))
    text = " ".join(page.text)
    assert "<script>alert(1)</script> & more" in text
    for words in ("Simulated.", "max_distance_um", "numpy", "um", "viewport"):
        assert words in text or words in html
    for cell in result.cells:
        assert cell.cell_id in text


def test_the_same_result_gives_the_same_page(plain, tmp_path):
    pages = [write_report(tmp_path / name, plain)[-1].read_bytes() for name in "ab"]
    assert pages[0] == pages[1]


def test_every_figure_is_drawn(drawn):
    assert set(drawn) == {
        "scores",
        "probe_map",
        "degradation",
        "degradation_as_published",
        "grid_search",
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


def test_a_result_of_templates_alone_has_its_figures(plain):
    assert set(draw_figures(plain)) == {"scores", "probe_map"}
