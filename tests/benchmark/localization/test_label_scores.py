"""What the label decides: targets, random column, power; each computed in another way too."""

from dataclasses import replace

import numpy as np
import pytest
import scipy.stats

import spe1
from spe1_builder.benchmark.common.inputs import read_cell
from spe1_builder.benchmark.localization.label_scores import TARGETS, label_scores, random_column
from spe1_builder.benchmark.localization.label_tables import label_tables
from spe1_builder.benchmark.localization.narrow import narrow_tables
from spe1_builder.benchmark.localization.options import BenchmarkOptions
from spe1_builder.benchmark.localization.plan import make_plan
from spe1_builder.benchmark.localization.power import cells_needed
from spe1_builder.benchmark.localization.run import run_benchmark
from spe1_builder.benchmark.localization.schema import CellScore
from spe1_builder.benchmark.localization.tables import tables
from spe1_builder.benchmark.localization.targets import label_of
from spe1_builder.cells import get_cell
from spe1_builder.constants import COLUMN_X_UM
from spe1_builder.errors import OptionError

PUBLISHED = {"COM": "center_of_mass", "MT": "monopolar_triangulation", "GC": "grid_convolution"}


@pytest.fixture(scope="module")
def result(built):
    return run_benchmark(built.folder.parent, ["c14"], BenchmarkOptions())


@pytest.fixture(scope="module")
def of_the_paper(built, result):
    """The result as if of real cells, with the paper's own positions as estimates."""
    real = replace(read_cell(built.folder.parent, "c14"), origin="recorded", metadata=None)
    (template,) = [s for s in result.cells[0].scores if s.method == "center_of_mass"]
    cells = []
    for scraps in spe1.scraps():
        cell = replace(real, cell_id=scraps.cell_id, gt_channel=scraps.label.channel)
        scores = [
            CellScore(
                **dict(template)
                | {"method": PUBLISHED[place.method], "estimate_um": (place.x_um, place.y_um)}
            )
            for place in scraps.published_positions
        ]
        changed = {
            "cell_id": scraps.cell_id,
            "simulated": False,
            "target_um": (scraps.label.x_um, scraps.label.y_um),
            "label": label_of(cell),
            "scores": scores,
        }
        if scores:
            cells.append(result.cells[0].model_copy(update=changed))
    scores = label_scores(cells, make_plan(BenchmarkOptions()))
    provenance = result.provenance.model_copy(update={"simulated": False})
    return result.model_copy(
        update={"cells": cells, "label_scores": scores, "provenance": provenance}
    )


def test_the_random_column_is_that_of_many_draws():
    rng = np.random.default_rng(0)
    x_um, dy_um = rng.uniform(0, 70, 9), rng.uniform(-70, 70, 9)
    found = random_column(x_um, dy_um, 4, 50.0)
    columns_um = rng.choice(COLUMN_X_UM, size=(200_000, 9))
    hits = (np.hypot(x_um - columns_um, dy_um) < 50.0).sum(axis=1)
    assert found.expected == pytest.approx(hits.mean(), abs=0.02)
    drawn = np.bincount(hits, minlength=10) / len(hits)
    np.testing.assert_allclose(found.probabilities, drawn, rtol=0, atol=0.005)
    assert found.at_least == pytest.approx((hits >= 4).mean(), abs=0.005)
    inside = (hits >= found.low) & (hits <= found.high)
    assert inside.mean() >= 0.95
    assert (hits < found.low).mean() <= 0.025 and (hits > found.high).mean() <= 0.025


def test_the_random_column_where_nothing_is_left_to_chance():
    x_um, dy_um = np.array([35.0, 35.0, np.nan]), np.array([0.0, 80.0, 0.0])
    found = random_column(x_um, dy_um, 1, 50.0)
    assert (found.expected, found.low, found.high, found.at_least) == (1.0, 1, 1, 1.0)
    assert found.probabilities == [0.0, 1.0, 0.0, 0.0]


def test_the_papers_hits_are_those_of_a_random_column(of_the_paper):
    """7, 4 and 6 of ten, ten and nine cells, where any column gives 6.75, 4.75 and 5.75."""
    found = {
        one.method: one for one in of_the_paper.label_scores.targets if one.target == "as given"
    }
    expected = zip(PUBLISHED.values(), (10, 10, 9), (7, 4, 6), (6.75, 4.75, 5.75), strict=True)
    for method, n_cells, n_hits, by_chance in expected:
        one = found[method]
        assert (one.n, one.n_within, one.random_column.expected) == (n_cells, n_hits, by_chance)
        assert one.n_within_dy == 7
        assert one.random_column.low <= n_hits <= one.random_column.high
        assert one.random_column.at_least > 0.1


def test_targets_are_the_audited_places(of_the_paper):
    by_target = {target: [] for target in TARGETS}
    for one in of_the_paper.label_scores.targets:
        by_target[one.target].append(one.method)
    assert all(methods == list(PUBLISHED.values()) for methods in by_target.values())
    for target, place_um in (
        ("as given", lambda audit: audit.y_um),
        ("by one rule", lambda audit: audit.tip_distance_um),
        ("soma foot", lambda audit: audit.y_um + audit.soma_foot_offset_um),
    ):
        errors_um = [
            abs(place.y_um - place_um(scraps.label))
            for scraps in spe1.scraps()
            for place in scraps.published_positions
            if place.method == "MT"
        ]
        (found,) = [
            one
            for one in of_the_paper.label_scores.targets
            if (one.target, one.method) == (target, PUBLISHED["MT"])
        ]
        assert found.median_abs_dy_um == pytest.approx(np.median(errors_um), abs=1e-5)
        assert found.n_within_dy == sum(error_um < 50 for error_um in errors_um)


def test_a_simulated_cell_has_its_electrode_alone(result, built):
    assert result.cells[0].label is None
    assert {one.target for one in result.label_scores.targets} == {"as given"}
    cell = read_cell(built.folder.parent, "c14")
    assert label_of(cell) is None
    real = label_of(replace(cell, origin=None, metadata=None))
    assert real.by_one_rule_um == pytest.approx(get_cell("c14").label.tip_distance_um)
    recorded = cell.metadata.model_copy(
        update={"ground_truth_label": None, "provenance": cell.metadata.provenance}
    )
    assert label_of(replace(cell, origin="recorded", metadata=recorded)) == real


def test_dy_comes_first_and_the_caution_where_x_was_not_measured(result, of_the_paper):
    for one, is_cautious in ((result, False), (of_the_paper, True)):
        for table in (tables(one)[0], next(iter(narrow_tables(one)))):
            names = [name for name in table.columns if "|dy|" in name or "|dx|" in name]
            assert "|dy|" in names[0] and "|dx|" in names[1]
            within = next(i for i, name in enumerate(table.columns) if "< 50" in name)
            assert table.columns.index(names[0]) < within < table.columns.index(names[1])
            assert ("x of the label was never measured" in table.note) == is_cautious
        under = next(iter(label_tables(one, "")))
        assert ("takes 210" in under.note) == is_cautious
        assert all(len(row) == len(under.columns) for row in under.rows)


@pytest.mark.parametrize(("label_sd_um", "n_cells"), [(40.0, 210), (10.0, 20)])
def test_so_many_cells_have_the_power(label_sd_um, n_cells):
    """Drawn: in about 80 % of such experiments scipy's paired t test tells the methods apart."""
    assert cells_needed(label_sd_um, 5.0, 20.0) == n_cells
    rng = np.random.default_rng(0)
    label_um = rng.normal(0, label_sd_um, (3000, n_cells))
    near, far = (np.abs(label_um + rng.normal(0, sd, label_um.shape)) for sd in (5.0, 20.0))
    is_told = scipy.stats.ttest_rel(far, near, axis=1).pvalue < 0.05
    assert is_told.mean() == pytest.approx(0.8, abs=0.06)


@pytest.mark.parametrize(
    "values",
    [
        {"better_sd_um": 20.0},
        {"worse_sd_um": float("nan")},
        {"label_sd_um": -1.0},
        {"power": 1.0},
        {"significance": 0.0},
    ],
)
def test_what_cannot_be_told_apart_is_an_error(values):
    known = {"label_sd_um": 40.0, "better_sd_um": 5.0, "worse_sd_um": 20.0}
    with pytest.raises(OptionError, match="do:"):
        cells_needed(**known | values)
