"""Numbers in the words of docs/which-method.md, against what they rest on."""

import re

import numpy as np
import pytest

import spe1
from spe1_builder.benchmark.localization.figures.hits import published_hits
from spe1_builder.benchmark.localization.power import power_lines
from spe1_builder.benchmark.localization.schema import read_benchmark
from spe1_builder.layout import BENCHMARK_NAME
from tests.support.project import PROJECT

PAGE = " ".join((PROJECT / "docs/which-method.md").read_text(encoding="utf-8").split())
SHORTS = {"COM": "center_of_mass", "MT": "monopolar_triangulation", "GC": "grid_convolution"}


@pytest.fixture(scope="module")
def committed():
    return read_benchmark(PROJECT / BENCHMARK_NAME)


def numbers(pattern: str) -> list[float]:
    (found,) = re.finditer(pattern, PAGE)
    return [float(text) for text in found.groups()]


def test_the_papers_hits_and_those_of_a_random_column():
    told = numbers(r"positions (\d), (\d) and (\d) where ([\d.]+), ([\d.]+) and ([\d.]+) are")
    hits = published_hits(50.0)
    assert told[:3] == [one.n_within for one in hits]
    assert told[3:] == [one.chance.expected for one in hits]


def test_the_power():
    n_cells, better_um, worse_um = numbers(
        r"about (\d+) cells to tell an error of (\d+) µm from one of (\d+)"
    )
    line = power_lines()[0]
    assert (line.better_sd_um, line.worse_sd_um) == (better_um, worse_um)
    assert abs(line.n_cells - n_cells) < 10


def test_depths_on_sparse_sites(committed):
    told = dict(
        zip(
            SHORTS,
            numbers(
                r"to ([\d.]+) and ([\d.]+) µm \(median of nine cells; grid convolution ([\d.]+)\)"
            ),
            strict=True,
        )
    )
    places = {
        (cell.cell_id, score.method): score.estimate_um
        for cell in committed.digitised.cells
        for score in cell.scores
    }
    for short, method in SHORTS.items():
        apart_um = [
            abs(places[cell.cell_id, method][1] - place.y_um)
            for cell in spe1.scraps()
            for place in cell.published_positions
            if place.method == short and cell.cell_id != "c16"
        ]
        assert np.median(apart_um) == pytest.approx(told[short], abs=0.06)


def test_what_dies_moves_center_of_mass_least(committed):
    drift_um = {
        (point.method, point.n_dead): point.median_drift_um
        for point in committed.degradation.points
        if (point.mode, point.level) == ("corrected", "templates")
    }
    for n_dead in (75, 150, 225):
        rivals = [drift_um[method, n_dead] for method in (*SHORTS.values(), "point_source")]
        assert drift_um["center_of_mass", n_dead] == min(rivals)


def test_where_grid_convolution_gives_no_place(committed):
    missing = [
        cell.cell_id
        for cell in committed.digitised.cells
        for score in cell.scores
        if score.method == "grid_convolution" and score.estimate_um is None
    ]
    assert missing == ["c24", "c27", "c42"] and "c24, c27 and c42" in PAGE
    around = spe1.benchmark("localization", on="scraps", methods="GC", align="trough")
    assert all(score.estimate_um for cell in around.cells for score in cell.scores)


def test_no_method_beats_the_peaks_depth_by_more_than_a_cell(committed):
    in_depth = {
        one.method: one.n_within_dy
        for one in committed.digitised.label_scores.targets
        if (one.mode, one.target) == ("corrected", "as given")
    }
    assert max(in_depth.values()) <= in_depth["peak_depth"] + 1
