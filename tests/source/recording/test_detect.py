"""Detection in pieces against scipy on the trace held at once."""

import numpy as np
import pytest
import scipy.signal
from hypothesis import given, settings
from hypothesis import strategies as st

from spe1_builder.source.recording import raw as raw_module
from spe1_builder.source.recording.detection import (
    compare_spike_trains,
    detect_spikes,
    exact_median,
    keep_highest,
)

FINITE = st.floats(-1e300, 1e300)


@given(st.lists(st.lists(FINITE, min_size=1), min_size=1))
def test_median_equals_numpy(pieces):
    arrays = [np.array(piece) for piece in pieces]
    assert exact_median(lambda: iter(arrays)) == np.median(np.concatenate(arrays))


@given(
    st.lists(st.tuples(st.integers(0, 400), st.integers(0, 10**6)), max_size=60),
    st.integers(1, 60),
)
@settings(max_examples=200)
def test_refractory_rule_is_that_of_scipy(peaks, distance):
    # Isolated samples above zero are the only peaks of this signal; heights differ,
    # because the order among equals is nobody's promise.
    heights = {2 * at + 1: float(rank) + 1.0 for rank, (at, _) in enumerate(peaks)}
    signal = np.zeros(900)
    for at, height in heights.items():
        signal[at] = height
    samples = np.array(sorted(heights), dtype=np.int64)
    expected, _ = scipy.signal.find_peaks(signal, height=0.5, distance=distance)
    keep = keep_highest(samples, signal[samples] if len(samples) else np.empty(0), distance)
    np.testing.assert_array_equal(samples[keep], expected)


def _raw(tmp_path, trace):
    path = tmp_path / "patch_ch1.bin"
    trace.tofile(path)
    n_npx = round(len(trace) * 30000 / 50023.9)
    return raw_module.RawCell("c14", path, path, None, {}, n_npx, len(trace))


@pytest.mark.parametrize("polarity", [-1, 1])
def test_pieces_give_what_the_whole_gives(tmp_path, monkeypatch, polarity):
    rng = np.random.default_rng(3)
    n = 230_000
    trace = rng.normal(0, 1, n) + 50 * np.sin(np.arange(n) / 4000) + 1000.0
    for at in rng.integers(100, n - 100, 300):
        trace[at : at + 20] += polarity * rng.uniform(5, 60) * np.hanning(20)
    for seam in (50_000, 99_999, 149_998, 150_001):
        trace[seam] += polarity * 60
    monkeypatch.setattr(raw_module, "PATCH_CHUNK_SAMPLES", 50_000)
    raw = _raw(tmp_path, trace)

    sos = scipy.signal.butter(5, 200.0, btype="highpass", fs=raw.patch_rate_hz, output="sos")
    filtered = scipy.signal.sosfiltfilt(sos, trace)
    median = np.median(filtered)
    mad = 1.4826 * np.median(np.abs(filtered - median))
    expected, _ = scipy.signal.find_peaks(
        polarity * filtered,
        height=polarity * median + 12 * mad,
        distance=int(raw.patch_rate_hz * 0.001),
    )
    assert len(expected) > 100
    np.testing.assert_array_equal(detect_spikes(raw, polarity), expected)


def test_agreement_counts_each_spike_once():
    reference = np.array([1.0, 2.0, 3.0, 3.0004, 9.0])
    test = np.array([1.0002, 2.0006, 3.0001, 5.0])
    result = compare_spike_trains(reference, test)
    assert (result.n_reference, result.n_test, result.n_matched) == (5, 4, 2)
    assert result.recall == pytest.approx(0.4)
    assert result.precision == pytest.approx(0.5)
    assert result.median_offset_ms == pytest.approx(0.15)


@pytest.mark.parametrize(("reference", "test"), [([], [1.0]), ([1.0], []), ([], [])])
def test_agreement_without_spikes_has_no_invented_numbers(reference, test):
    result = compare_spike_trains(np.array(reference), np.array(test))
    assert result.n_matched == 0
    assert result.median_offset_ms is None
    assert (result.recall is None) == (not reference)
    assert (result.precision is None) == (not test)


def test_one_spike_each():
    assert compare_spike_trains(np.array([1.0]), np.array([1.0001])).n_matched == 1
