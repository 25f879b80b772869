"""`spe1.score_locations`: by hand, and beside what the benchmark reports of its own methods."""

import numpy as np
import pytest

import spe1


def test_by_hand():
    xy_um = [(27, 1630), (27, 1600 - 80), (np.nan, 1600), (27, 99_999)]
    score = spe1.score_locations(xy_um, (27, 1600))
    assert (score.n, score.n_within, score.accuracy) == (4, 1, 0.25)
    assert (score.n_nan, score.n_out_of_bounds) == (1, 1)
    assert (score.median_error_um, score.median_abs_dx_um, score.median_abs_dy_um) == (80, 0, 80)


def test_the_tolerance_is_strict():
    assert spe1.score_locations([(27, 1650)], (27, 1600)).n_within == 0
    assert spe1.score_locations([(27, 1650)], (27, 1600), tolerance_um=50.1).n_within == 1


def test_each_estimate_has_its_target():
    rng = np.random.default_rng(0)
    target_um = rng.uniform(0, 3_000, (200, 3))
    moved_um = target_um + np.array([3.0, 4.0, 1_000.0])
    score = spe1.score_locations(moved_um, target_um)
    assert score.median_error_um == pytest.approx(5.0) and score.accuracy == 1.0
    assert spe1.score_locations(target_um[::-1], target_um).accuracy < 0.1


@pytest.mark.parametrize(
    ("xy_um", "target_um", "tolerance_um", "where"),
    [
        ([1.0, 2.0], (0, 0), 50, "xy_um"),
        ([[1.0], [2.0]], (0, 0), 50, "xy_um"),
        ([[1.0, 2.0]], (np.nan, 0), 50, "target_um"),
        ([[1.0, 2.0]], [[0, 0], [1, 1]], 50, "target_um"),
        ([[1.0, 2.0]], (0, 0), 0, "tolerance_um"),
        ([[1.0, 2.0]], (0, 0), float("nan"), "tolerance_um"),
    ],
)
def test_what_cannot_be_scored(xy_um, target_um, tolerance_um, where):
    with pytest.raises(spe1.OptionError) as caught:
        spe1.score_locations(xy_um, target_um, tolerance_um=tolerance_um)
    assert caught.value.where == where
