"""The matching, against any that there can be, and against SpikeInterface's count."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array
from scipy.sparse.csgraph import maximum_bipartite_matching

from spe1_builder.benchmark.sorting.match import count_matches, match

SAMPLES = st.lists(st.integers(0, 120), max_size=25).map(lambda v: np.array(sorted(v), np.int64))


# The first call compiles.
@settings(deadline=None)
@given(truth=SAMPLES, found=SAMPLES, delta=st.integers(0, 30))
def test_no_matching_has_more_pairs(truth, found, delta):
    in_truth, in_found = match(truth, found, delta)
    assert (np.diff(in_truth) > 0).all() and (np.diff(in_found) > 0).all()  # one to one
    assert (np.abs(truth[in_truth] - found[in_found]) <= delta).all()
    assert count_matches(truth, [found], delta).tolist() == [len(in_truth)]
    near = np.abs(truth[:, np.newaxis] - found) <= delta
    most = 0
    if near.size:
        most = (maximum_bipartite_matching(csr_array(near), perm_type="column") >= 0).sum()
    assert len(in_truth) == most


def spikeinterface_count(truth, found, delta) -> int:
    from spikeinterface.comparison.comparisontools import make_match_count_matrix
    from spikeinterface.core import NumpySorting

    both = [NumpySorting.from_unit_dict([{"0": one}], 30000.0) for one in (truth, found)]
    return int(make_match_count_matrix(*both, delta_frames=delta).to_numpy()[0, 0])


# The first call compiles.
@settings(deadline=None)
@given(truth=SAMPLES, found=SAMPLES, delta=st.integers(0, 12))
def test_where_spikeinterface_counts_another_number(truth, found, delta):
    """Never fewer, and more only where three patched spikes lie within two tolerances of time."""
    ours, theirs = len(match(truth, found, delta)[0]), spikeinterface_count(truth, found, delta)
    assert theirs >= ours or not len(found)
    if not (truth[2:] - truth[:-2] <= 2 * delta).any():
        assert theirs == ours


def test_a_spike_that_spikeinterface_counts_twice():
    """It forgets all but the last pair: two found spikes then serve three patched ones."""
    truth, found = np.array([0, 1, 2, 100]), np.array([1, 2, 60])
    assert spikeinterface_count(truth, found, 5) == 3
    assert len(match(truth, found, 5)[0]) == 2


@pytest.mark.parametrize("n", [0, 1, 1000])
def test_read_only_lists_are_taken(n):
    samples = np.arange(n, dtype=np.int64) * 50
    samples.flags.writeable = False
    assert len(match(samples, samples, 12)[0]) == n
