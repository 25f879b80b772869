"""Curves and intervals, by hand."""

import numpy as np
import pytest
from scipy.stats import binomtest

from spe1_builder.benchmark.common.proportion import wilson
from spe1_builder.benchmark.sorting.conditions import binned, nearest_ms
from spe1_builder.benchmark.sorting.published import published


@pytest.mark.parametrize(("n_hit", "n"), [(0, 5), (5, 5), (3, 10), (999, 1000)])
def test_wilson_as_scipy(n_hit, n):
    ours = wilson(n_hit, n)
    theirs = binomtest(n_hit, n).proportion_ci(method="wilson")
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=1e-9)
    assert wilson(0, 0) is None


def test_bins():
    values = np.array([0.0, 1.0, 1.5, 2.0, np.nan])
    found = binned(values, np.array([0.0, 1.0, 2.0]), np.array([True, True, False, True, True]))
    assert [(part.n, part.n_hit) for part in found] == [(1, 1), (3, 2)]
    beyond = binned(values, np.array([5.0, 6.0, np.inf]), np.ones(5, dtype=bool))
    assert beyond == []


def test_nearest_of_others():
    truth = np.array([0, 300, 900])
    others = [np.array([30]), np.array([290, 2000])]
    assert nearest_ms(truth, others) == pytest.approx([1.0, 1 / 3, 610 / 30])
    assert np.isinf(nearest_ms(truth, [])).all()


def test_published_numbers_are_those_of_their_source():
    told = published()
    assert {row.sorter: row.mean_accuracy for row in told.sorters}["KiloSort2"] == 0.97
    assert "32 channels" in told.conditions and "1 ms" in told.conditions
