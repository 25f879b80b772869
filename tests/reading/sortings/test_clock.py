"""Times put on the clock of a cell: what is inferred, and what is refused with its cause."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spe1_builder.dataset.metadata import AnalysisWindow
from spe1_builder.errors import OptionError, SortingError
from spe1_builder.reading.sortings.read import read_sorting

WINDOW = AnalysisWindow(start_sample=300_000, n_samples=9_000_000)


def _trains(seed=0, n_units=5, last=9_000_000, first=0):
    """Samples of units at about 10 Hz, over all of [first, last)."""
    rng = np.random.default_rng(seed)
    return {
        str(i): np.sort(rng.choice(np.arange(first, last, 20), 3000, replace=False))
        for i in range(n_units)
    }


TRAINS = _trains()


def _in(unit, trains=TRAINS, shift=0):
    scale = {"samples": 1, "s": 30_000, "ms": 30}[unit]
    moved = {name: train + shift for name, train in trains.items()}
    return moved if scale == 1 else {name: train / scale for name, train in moved.items()}


def _equal(units, trains):
    assert units.unit_ids == tuple(trains)
    for got, expected in zip(units.samples, trains.values(), strict=True):
        np.testing.assert_array_equal(got, expected)


@pytest.mark.parametrize("unit", ["samples", "s", "ms"])
@pytest.mark.parametrize("clock", ["window", "raw"])
@pytest.mark.parametrize("is_stated", [False, True])
def test_each_unit_and_clock_is_seen(unit, clock, is_stated):
    times = _in(unit, shift=300_000 if clock == "raw" else 0)
    stated = {"unit": unit, "clock": clock} if is_stated else {}
    units = read_sorting(times, window=WINDOW, **stated)
    _equal(units, TRAINS)
    assert (units.notes["unit"], units.notes["clock"]) == (unit, clock)
    assert units.notes["clock_is"] == ("stated" if is_stated else "inferred")


def test_samples_as_matlab_writes_them_are_samples():
    _equal(
        read_sorting({k: v.astype(float) for k, v in TRAINS.items()}, window=WINDOW),
        TRAINS,
    )


@pytest.mark.parametrize(
    ("times", "stated", "cause"),
    [
        (_in("samples", shift=300_000), {"clock": "window"}, "clock='raw'"),
        (_in("s", shift=300_000), {"clock": "window"}, "clock='raw'"),
        (_in("samples"), {"clock": "raw"}, "clock='window'"),
        (_in("ms"), {"unit": "s"}, "ms read as s"),
        (_in("s"), {"unit": "ms"}, "s read as ms"),
        (_in("samples"), {"unit": "s"}, "samples read as s"),
        (_in("samples"), {"unit": "ms"}, "samples read as ms"),
        ({k: v * 25 // 30 for k, v in TRAINS.items()}, {}, "another rate: 25 kHz?"),
        ({k: v * 32 // 30 for k, v in TRAINS.items()}, {}, "another rate: 32 kHz?"),
        (_in("samples", shift=-200_000), {"clock": "window"}, "another recording"),
        (_in("samples", _trains(last=20_000_000)), {}, "whole raw recording"),
    ],
)
def test_a_wrong_clock_is_an_error_with_its_cause(times, stated, cause):
    with pytest.raises(SortingError) as raised:
        read_sorting(times, window=WINDOW, **stated)
    assert cause in str(raised.value)


def test_what_fits_both_clocks_must_be_said():
    times = _in("samples", _trains(first=310_000, last=8_990_000))
    with pytest.raises(SortingError, match="fit the raw recording's clock and"):
        read_sorting(times, window=WINDOW)
    _equal(read_sorting(times, window=WINDOW, clock="window"), times)
    raw = read_sorting(times, window=WINDOW, clock="raw")
    _equal(raw, {k: v - 300_000 for k, v in times.items()})


def test_the_whole_raw_recording_is_cut_to_the_window():
    whole = _trains(last=20_000_000)
    units = read_sorting(whole, window=WINDOW, clock="raw")
    _equal(
        units,
        {k: v[(v >= 300_000) & (v < 9_300_000)] - 300_000 for k, v in whole.items()},
    )
    assert units.notes["n_outside_window"] == sum(map(len, whole.values())) - units.n_spikes


def test_the_first_seconds_alone():
    first = {k: v[v < 7_500_000] for k, v in TRAINS.items()}
    with pytest.raises(SortingError, match="another rate"):
        read_sorting(first, window=WINDOW)
    _equal(read_sorting(first, window=WINDOW, unit="samples"), first)


def test_a_sorting_without_spikes_is_one():
    units = read_sorting({"a": [], "b": np.array([], dtype=int)}, window=WINDOW)
    assert units.unit_ids == ("a", "b") and units.n_spikes == 0
    assert read_sorting({}, window=WINDOW).unit_ids == ()


@pytest.mark.parametrize(
    "times", [[np.nan, 1.0], [np.inf], [1e300], [[1, 2], [3, 4]], ["a"], [[1], [2, 3]], [1j]]
)
def test_what_is_no_list_of_times(times):
    with pytest.raises(SortingError):
        read_sorting({"a": times}, window=WINDOW)


@pytest.mark.parametrize("option", [{"unit": "min"}, {"clock": "utc"}, {"kind": "x"}, {"no": 1}])
def test_options_that_are_none(option):
    with pytest.raises(OptionError):
        read_sorting(TRAINS, window=WINDOW, **option)


@given(
    st.lists(st.integers(0, WINDOW.n_samples - 1), max_size=30),
    st.sampled_from(["samples", "s", "ms"]),
    st.sampled_from(["window", "raw"]),
)
def test_stated_times_come_back_to_the_sample(samples, unit, clock):
    train = np.unique(np.array(samples, dtype=np.int64) // 20 * 20)
    shift = 300_000 if clock == "raw" else 0
    times = _in(unit, {"a": train}, shift)
    units = read_sorting(times, window=WINDOW, unit=unit, clock=clock)
    _equal(units, {"a": train})
