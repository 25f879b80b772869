"""The two clocks: integer arithmetic that neither loses nor doubles a sample."""

from fractions import Fraction
from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from spe1_builder.source.recording.patch import PatchWindow, patch_window
from spe1_builder.source.recording.raw import RawCell

# Up to half an hour at both rates.
N_NPX = st.integers(1000, 54_000_000)
RATE = st.floats(50_000.0, 50_050.0)


def _raw(n_npx: int, rate_hz: float) -> RawCell:
    path = Path("unused")
    return RawCell("c14", path, path, None, {}, n_npx, max(1, round(n_npx * rate_hz / 30000)))


@given(N_NPX, RATE, st.data())
def test_patch_to_npx_is_the_floor_of_the_exact_ratio(n_npx, rate_hz, data):
    raw = _raw(n_npx, rate_hz)
    sample = data.draw(st.integers(0, raw.n_patch - 1))
    exact = Fraction(sample) * raw.n_npx / raw.n_patch
    assert int(raw.npx_sample(np.array([sample]))[0]) == exact.__floor__()
    assert 0 <= exact < raw.n_npx


@given(N_NPX, RATE, st.data())
def test_the_windows_patch_samples_are_those_whose_time_lies_in_it(n_npx, rate_hz, data):
    raw = _raw(n_npx, rate_hz)
    start = data.draw(st.integers(0, n_npx - 10))
    stop = data.draw(st.integers(start + 10, n_npx))
    window = patch_window(raw, start, stop)

    def at(sample):
        return Fraction(sample) * raw.n_npx / raw.n_patch

    assert start <= at(window.first) and at(window.last - 1) < stop
    assert window.first == 0 or at(window.first - 1) < start
    assert window.last == raw.n_patch or at(window.last) >= stop


@given(N_NPX, RATE)
def test_times_are_exact_to_a_nanosecond(n_npx, rate_hz):
    raw = _raw(n_npx, rate_hz)
    window = PatchWindow(raw, 0, 0, raw.n_patch)
    last = raw.n_patch - 1
    exact = Fraction(last) * raw.n_npx / raw.n_patch / 30000
    assert abs(window.times_s(last, last + 1)[0] - float(exact)) < 1e-9
