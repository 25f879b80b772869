"""Windows across segments against the segments joined by hand."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import spe1
from spe1_builder.errors import OptionError

N_SAMPLES, SEGMENT, TEST_START = 48_017, 9_300, 4 * 9_300


@pytest.fixture(scope="module")
def splits(built):
    return spe1.load("c14", built.folder.parent)


@pytest.fixture(scope="module")
def whole_uV(splits):
    parts = [spe1.segment_uV(split, i) for split in splits.values() for i in range(len(split))]
    return np.concatenate(parts, axis=1)


@pytest.fixture(scope="module")
def traces(splits):
    return spe1.CellTraces(splits)


@given(data=st.data())
@settings(max_examples=60)
def test_any_window(traces, whole_uV, data):
    start = data.draw(st.integers(0, N_SAMPLES - 1))
    stop = data.draw(st.integers(start + 1, min(N_SAMPLES, start + 2 * SEGMENT)))
    channels = data.draw(st.none() | st.lists(st.integers(0, 383), min_size=1, max_size=5))
    expected = whole_uV[:, start:stop] if channels is None else whole_uV[channels, start:stop]
    np.testing.assert_array_equal(traces.read_uV(start, stop, channels), expected)


def test_within_a_segment_nothing_is_copied(traces, splits):
    window = traces.read_uV(SEGMENT + 5, SEGMENT + 900)
    assert np.shares_memory(window, traces.read_uV(SEGMENT, 2 * SEGMENT))
    assert not window.flags.writeable
    some = traces.read_uV(SEGMENT + 5, SEGMENT + 900, slice(10, 20))
    assert some.shape == (10, 895) and np.shares_memory(some, window)


def test_every_source(built, splits, traces, whole_uV):
    start, stop = TEST_START + 100, TEST_START + SEGMENT + 100
    for source in (built.folder, str(built.folder), splits, splits["test"], traces):
        np.testing.assert_array_equal(spe1.read_uV(source, start, stop), whole_uV[:, start:stop])
    test = spe1.CellTraces(splits["test"])
    assert (test.first, test.last) == (TEST_START, N_SAMPLES)


@pytest.mark.parametrize(("start", "stop"), [(-1, 5), (5, 5), (9, 3), (0, N_SAMPLES + 1)])
def test_range_outside(traces, start, stop):
    with pytest.raises(OptionError, match="outside the traces"):
        traces.read_uV(start, stop)


def test_wrong_channels_and_rows(traces, splits):
    for channels in ([384], [-1], [[1, 2]], [1.9], [True, False], ["1"]):
        with pytest.raises(OptionError, match="no such channel"):
            traces.read_uV(0, 5, channels)
    with pytest.raises(OptionError, match="not contiguous"):
        spe1.CellTraces(splits["train"].select([0, 2]))
    with pytest.raises(OptionError, match="no segment"):
        spe1.CellTraces(splits["train"].select([]))
    # Another order of the same rows is the same recording.
    shuffled = spe1.CellTraces(splits["train"].shuffle(seed=1, keep_in_memory=True))
    assert np.array_equal(shuffled.read_uV(0, 20_000), traces.read_uV(0, 20_000))


def test_a_mask_of_channels(traces):
    mask = np.zeros(384, bool)
    mask[[3, 200]] = True
    expected = traces.read_uV(0, 50, [3, 200])
    np.testing.assert_array_equal(traces.read_uV(0, 50, mask), expected)
    assert traces.read_uV(0, 50, []).shape == (0, 50)


def test_random_windows(splits, whole_uV):
    drawn = list(spe1.random_windows(splits["train"], 3_000, seed=7, n_windows=200))
    assert len(drawn) == 200
    starts = np.array([start for start, _ in drawn])
    assert starts.min() >= 0 and starts.max() <= TEST_START - 3_000
    assert starts.min() < 2_000 and starts.max() > TEST_START - 5_000
    for start, window in drawn[:20]:
        np.testing.assert_array_equal(window, whole_uV[:, start : start + 3_000])
    again = [s for s, _ in spe1.random_windows(splits["train"], 3_000, seed=7, n_windows=200)]
    assert again == starts.tolist()
    endless = spe1.random_windows(splits, 10, seed=0, channels=[3, 1])
    assert [w.shape for _, w in itertools.islice(endless, 3)] == [(2, 10)] * 3
    with pytest.raises(OptionError, match="does not fit"):
        next(spe1.random_windows(splits["test"], N_SAMPLES, seed=0))
