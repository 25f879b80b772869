"""Dead electrodes: the composed windows are those of the plain way."""

import numpy as np
import pytest
import scipy.signal

from spe1_builder.benchmark.localization.degradation.noise import NoiseCounts, dying_order
from spe1_builder.benchmark.localization.degradation.windows import (
    DegradedWindows,
    _groups,
    choose_spikes,
)
from spe1_builder.constants import GAIN_UV_PER_BIT
from spe1_builder.signal.bandpass.preprocess import FastPreprocessor
from spe1_builder.source.recording.raw import open_raw_cell


class PlainlyDegraded:
    """The definition: counts of the dead electrodes are noise, the rest as recorded."""

    def __init__(self, raw, seed, n_dead):
        self.n_npx, self._raw = raw.n_npx, raw
        self._noise = NoiseCounts(seed, raw.n_npx)
        self.dead = dying_order(seed)[:n_dead]

    def read_counts(self, start, stop, out=None):
        counts = self._raw.read_counts(start, stop, out)
        counts[:, self.dead] = self._noise.read_counts(start, stop)[:, self.dead]
        return counts


@pytest.fixture(scope="module")
def raw(archive):
    return open_raw_cell(archive.raw_dir, "c14")


@pytest.fixture(scope="module")
def spikes(archive):
    """Some spikes of the recording, their windows whole, one near its end."""
    samples = np.rint(archive.truth.npx_samples).astype(int)
    samples = samples[(samples >= 30) & (samples < archive.truth.n_npx - 60)]
    return np.unique(np.append(samples[::3], archive.truth.n_npx - 60))


@pytest.mark.parametrize("n_dead", [0, 25, 375])
def test_composed_is_plain(raw, spikes, n_dead):
    seed = 3
    found_uV = DegradedWindows(raw, spikes, 30, 60).with_dead(seed, n_dead)
    plain = FastPreprocessor(PlainlyDegraded(raw, seed, n_dead))
    whole_uV = plain.read(0, raw.n_npx)
    expected_uV = np.stack([whole_uV[:, s - 30 : s + 60].T for s in spikes])
    np.testing.assert_allclose(found_uV, expected_uV, rtol=0, atol=2e-4)
    assert found_uV.std() > 1.0


def test_composed_is_scipy_in_float64(raw, spikes):
    """The same against a reference that is not ours; one spike at the file's very begin."""
    degraded, n_samples = PlainlyDegraded(raw, 1, 100), 15_000
    spikes = np.append(30, spikes[spikes < n_samples - 2000])
    counts = degraded.read_counts(0, n_samples).astype(np.float64)
    sos = scipy.signal.butter(5, (300, 3000), btype="bandpass", fs=30000, output="sos")
    traces_uV = scipy.signal.sosfiltfilt(sos, counts * GAIN_UV_PER_BIT, axis=0)
    traces_uV -= np.median(traces_uV, axis=1, keepdims=True)
    expected_uV = np.stack([traces_uV[s - 30 : s + 60] for s in spikes])
    found_uV = DegradedWindows(raw, spikes, 30, 60).with_dead(1, 100)
    np.testing.assert_allclose(found_uV, expected_uV, rtol=0, atol=1e-3)


def test_threads_and_order_change_nothing(raw, spikes):
    one, two = (DegradedWindows(raw, spikes, 30, 60, n_threads=n) for n in (1, 2))
    wanted = [one.with_dead(seed, 50).copy() for seed in (0, 1)]
    again = [two.with_dead(seed, 50).copy() for seed in (1, 0)][::-1]
    for before, after in zip(wanted, again, strict=True):
        np.testing.assert_array_equal(before, after)
    assert (wanted[0] != wanted[1]).any()


def test_groups_cover_every_spike_once():
    rng = np.random.default_rng(0)
    spikes = np.sort(rng.choice(2_000_000, 300, replace=False)).tolist()
    groups = _groups(spikes, 90)
    assert [i for first, last in groups for i in range(first, last)] == list(range(300))
    assert max(spikes[last - 1] - spikes[first] for first, last in groups) < 45_000
    assert len(groups) < 300
    assert _groups([], 90) == []


def test_choice_of_spikes_is_bounded_and_seeded():
    spikes = np.arange(0, 5_000_000, 1000)
    chosen = choose_spikes(spikes)
    assert len(chosen) == 1500 and (np.diff(chosen) > 0).all()
    np.testing.assert_array_equal(chosen, choose_spikes(spikes))
    np.testing.assert_array_equal(choose_spikes(spikes[:10]), spikes[:10])
