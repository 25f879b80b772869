"""The compiled path against scipy in float64 over the whole recording."""

import numpy as np
import pytest
import scipy.signal
from hypothesis import given, settings
from hypothesis import strategies as st

from spe1_builder.errors import OptionError, RawDataError
from spe1_builder.signal.bandpass import kernels, preprocess
from spe1_builder.signal.bandpass.groups import LANES, N_GROUPS
from spe1_builder.signal.bandpass.median_kernel import median
from spe1_builder.signal.bandpass.preprocess import band_pass, make_preprocessor
from spe1_builder.signal.quartiles.histogram import BIN_WIDTH_UV, ChannelHistogram
from spe1_builder.source.recording.raw import RawCell

N = 40_000
#: The issue's bar is 1e-3; float32 of values of some 100 uV leaves far less.
TOLERANCE_UV = 2e-5


@pytest.fixture(scope="module")
def recording(tmp_path_factory):
    """Counts with offsets, drift and noise; a RawCell on them; the float64 truth in uV."""
    rng = np.random.default_rng(5)
    t = np.arange(N) / 30000.0
    counts = rng.normal(0, 4, (N, 384)) + rng.normal(0, 3, (N, 1))
    counts += 200 * np.sin(2 * np.pi * 3 * t)[:, None] + rng.integers(-400, 400, 384)
    counts[12_345, 7] = 511 / 0.5  # an artifact
    counts = counts.round().astype(np.int16)
    path = tmp_path_factory.mktemp("raw") / "c14_npx_raw.bin"
    counts.tofile(path)
    raw = RawCell("c14", path, path, None, {}, N, N)
    sos = scipy.signal.butter(5, (300, 3000), btype="bandpass", fs=30000, output="sos")
    filtered = scipy.signal.sosfiltfilt(sos, counts.astype(np.float64) * 2.34375, axis=0)
    referenced = filtered - np.median(filtered, axis=1, keepdims=True)
    return raw, filtered.T, referenced.T


RANGES = [
    (0, 1),
    (0, 777),
    (33, 34),
    (1499, 1502),
    (16_000, 34_567),
    (N - 1, N),
    (N - 1700, N),
    (0, N),
]


@pytest.mark.parametrize("engine", ["fast", "spikeinterface"])
@pytest.mark.parametrize(("start", "stop"), RANGES)
def test_any_range_equals_the_whole_in_float64(recording, engine, start, stop):
    raw, filtered, referenced = recording
    preprocessor = make_preprocessor(raw, engine)
    got = preprocessor.read(start, stop)
    assert got.dtype == np.float32 and got.shape == (384, stop - start)
    np.testing.assert_allclose(got, referenced[:, start:stop], rtol=0, atol=TOLERANCE_UV)
    got = preprocessor.read(start, stop, subtract_median=False)
    np.testing.assert_allclose(got, filtered[:, start:stop], rtol=0, atol=TOLERANCE_UV)


@pytest.mark.parametrize("piece_samples", [1, 4_999, 12_345])
def test_long_ranges_are_read_in_pieces(recording, monkeypatch, piece_samples):
    raw, _, referenced = recording
    monkeypatch.setattr(preprocess, "_PIECE_SAMPLES", piece_samples)
    stop = 20_040 if piece_samples == 1 else N
    got = make_preprocessor(raw).read(20_000, stop)
    np.testing.assert_allclose(got, referenced[:, 20_000:stop], rtol=0, atol=TOLERANCE_UV)


def test_result_does_not_depend_on_block_size(recording):
    raw, _, referenced = recording
    counts = raw.read_counts(0, N)
    band = band_pass()
    scale = 2.34375 * band.gain**2
    out = np.empty((384, N), np.float32)
    # The uncompiled kernel takes minutes; other block boundaries come from other ranges.
    for start in (0, 5_000, 8_191):
        part = np.ascontiguousarray(counts[start:])
        kernels.bandpass_reference(
            part, 0, scale, band.feedback, band.steady, True, out[:, : N - start]
        )
        inner = slice(2000, N - start)
        np.testing.assert_allclose(
            out[:, inner], referenced[:, start + 2000 :], rtol=0, atol=TOLERANCE_UV
        )


def test_writes_into_the_given_memory(recording):
    preprocessor = make_preprocessor(recording[0])
    out = np.full((384, 50), np.nan, np.float32)
    assert preprocessor.read(100, 150, out=out) is out
    assert np.isfinite(out).all()


@pytest.mark.parametrize(("start", "stop"), [(-1, 5), (5, 5), (9, 8), (0, N + 1)])
@pytest.mark.parametrize("engine", ["fast", "spikeinterface"])
def test_range_outside(recording, engine, start, stop):
    with pytest.raises(OptionError):
        make_preprocessor(recording[0], engine).read(start, stop)


def test_no_such_engine_and_too_short(recording):
    with pytest.raises(OptionError, match="fast or spikeinterface"):
        make_preprocessor(recording[0], "gpu")
    path = recording[0].npx_path
    with pytest.raises(RawDataError, match="too short"):
        make_preprocessor(RawCell("c14", path, path, None, {}, 100, 100))


def _median(values, guess):
    row = np.ascontiguousarray(values, dtype=np.float32).reshape(1, N_GROUPS, LANES)
    return median(row, 0, np.empty(384, np.int32), np.float32(guess))


FLOAT32 = st.floats(width=32, min_value=-(2.0**100), max_value=2.0**100)


@given(
    st.lists(FLOAT32, min_size=1, max_size=384),
    FLOAT32,
    st.randoms(use_true_random=False),
)
@settings(max_examples=300, deadline=None)  # the first call compiles
def test_median_is_exact_for_any_values_and_guess(values, guess, random):
    """Ties, zeros of both signs, huge and tiny values, guesses far off."""
    row = [values[i % len(values)] for i in range(384)]
    random.shuffle(row)
    assert _median(row, guess) == np.float32(np.median(np.array(row, dtype=np.float64)))


@pytest.mark.parametrize("seed", range(20))
def test_median_of_noise(seed):
    row = np.random.default_rng(seed).normal(3, 10, 384).astype(np.float32)
    assert _median(row, 0.0) == np.float32(np.median(row.astype(np.float64)))


def test_quartiles_within_a_bin():
    rng = np.random.default_rng(0)
    traces = rng.normal(3, 12, (384, 20_000)).astype(np.float32)
    traces[5] = 0.0
    traces[6] *= 0.01
    whole, parts = ChannelHistogram(), [ChannelHistogram(), ChannelHistogram()]
    whole.add(traces)
    parts[0].add(traces[:, :7_001])
    parts[1].add(traces[:, 7_001:])
    parts[0].merge(parts[1])
    got, from_parts = whole.quartiles(), parts[0].quartiles()
    for name in ("median", "iqr", "abs_iqr"):
        np.testing.assert_array_equal(getattr(got, name), getattr(from_parts, name))
    exact = traces.astype(np.float64)

    def iqr(values):
        return np.subtract(*np.quantile(values, [0.75, 0.25], axis=1))

    atol = 2 * BIN_WIDTH_UV
    np.testing.assert_allclose(got.median, np.median(exact, axis=1), rtol=0, atol=atol)
    np.testing.assert_allclose(got.iqr, iqr(exact), rtol=0, atol=atol)
    np.testing.assert_allclose(got.abs_iqr, iqr(np.abs(exact)), rtol=0, atol=atol)
    assert got.n_samples == 20_000


def test_quartiles_out_of_range_are_marked():
    histogram = ChannelHistogram()
    histogram.add(np.full((384, 10), 1e4, np.float32))
    assert np.isnan(histogram.quartiles().median).all()
