"""Scores, by hand-computed cases and by properties."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from spe1_builder.benchmark.common.metrics import (
    BOUNDS_MARGIN_UM,
    accuracy,
    bootstrap,
    join,
    measure,
    score,
)
from spe1_builder.benchmark.common.scores import Score
from spe1_builder.probe import nominal_positions_um

PROBE_UM = nominal_positions_um().astype(float)
TARGET_UM = np.array([27.0, 1600.0])


def _measure(offsets_um):
    return measure(TARGET_UM + np.array(offsets_um), TARGET_UM, PROBE_UM)


def test_the_tolerance_is_strict():
    found = score(_measure([[30.0, 40.0], [30.0, 39.999]]), 50.0)
    assert (found.n, found.n_within, found.accuracy) == (2, 1, 0.5)


def test_components_and_distance():
    found = score(_measure([[-3.0, 4.0]]), 50.0)
    assert found.median_abs_dx_um == 3.0 and found.median_abs_dy_um == 4.0
    assert found.median_error_um == pytest.approx(5.0)


def test_failures_are_misses_and_counted_apart():
    outside = PROBE_UM.max(axis=0) + BOUNDS_MARGIN_UM + 1.0
    xy_um = np.array([TARGET_UM, [np.nan, np.nan], [np.nan, 1600.0], [np.inf, 0.0], outside])
    found = score(measure(xy_um, TARGET_UM, PROBE_UM), 50.0)
    assert (found.n, found.n_nan, found.n_out_of_bounds, found.n_within) == (5, 3, 1, 1)
    assert found.accuracy == 0.2
    # The median is over what is a number: one at 0 um and the far one.
    assert found.median_error_um == pytest.approx(np.hypot(*(outside - TARGET_UM)) / 2)


def test_nothing_but_failures():
    found = score(measure(np.full((3, 2), np.nan), TARGET_UM, PROBE_UM), 50.0)
    assert found.accuracy == 0.0 and found.median_error_um is None and found.n_nan == 3


def test_no_estimates():
    found = score(measure(np.empty((0, 2)), TARGET_UM, PROBE_UM), 50.0)
    assert found.accuracy is None and found.n == 0


@pytest.mark.parametrize(
    "change", [{"n_within": 9}, {"n_nan": 9}, {"accuracy": None}, {"n_out_of_bounds": 9}]
)
def test_contradictory_scores_are_refused(change):
    good = score(measure(TARGET_UM[None], TARGET_UM, PROBE_UM), 50.0).model_dump()
    Score(**good)
    with pytest.raises(ValueError):
        Score(**(good | change))


places = arrays(
    np.float64, st.tuples(st.integers(1, 30), st.just(2)), elements=st.floats(-1e4, 1e4)
)


@settings(max_examples=60, deadline=None)
@given(places, st.floats(0.5, 500.0))
def test_scores_are_those_of_numpy(offsets_um, tolerance_um):
    errors = measure(TARGET_UM + offsets_um, TARGET_UM, PROBE_UM)
    found = score(errors, tolerance_um)
    distance_um = np.linalg.norm((TARGET_UM + offsets_um) - TARGET_UM, axis=1)
    assert found.median_error_um == pytest.approx(np.median(distance_um), abs=1e-6)
    clear = np.abs(distance_um - tolerance_um) > 1e-6
    if clear.all():
        assert found.n_within == (distance_um < tolerance_um).sum()
    twice = score(join([errors, errors]), tolerance_um)
    assert twice.accuracy == pytest.approx(found.accuracy) and twice.n == 2 * found.n


def _mean_accuracy(groups):
    return accuracy(np.concatenate(groups), 50.0)


def test_the_interval_is_over_cells():
    """Many spikes of one cell make it no surer: cells are what is drawn."""
    few = [np.array([10.0]), np.array([90.0])] * 4
    many = [np.repeat(group, 500) for group in few]
    interval = bootstrap(few, _mean_accuracy)
    assert interval == bootstrap(many, _mean_accuracy)
    assert interval.low < 0.5 < interval.high
    assert interval == bootstrap(few, _mean_accuracy)  # seeded


def test_interval_of_the_mean_as_theory_has_it():
    """Share of successes among 100 independent cells: s.d. sqrt(p (1 - p) / n)."""
    groups = [np.array([10.0 if i < 30 else 90.0]) for i in range(100)]
    interval = bootstrap(groups, _mean_accuracy)
    half = 1.96 * np.sqrt(0.3 * 0.7 / 100)
    assert interval.low == pytest.approx(0.3 - half, abs=0.02)
    assert interval.high == pytest.approx(0.3 + half, abs=0.02)


def test_no_interval_of_one_cell():
    assert bootstrap([np.array([10.0])], _mean_accuracy) is None
