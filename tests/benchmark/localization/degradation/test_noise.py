"""The noise of dead electrodes: its bits, its distribution, and the order of their death."""

import hashlib

import numpy as np
import scipy.stats

from spe1_builder.benchmark.localization.degradation.noise import (
    NOISE_SD_COUNTS,
    NoiseCounts,
    dying_order,
)
from spe1_builder.constants import N_CHANNELS


def test_noise_keeps_its_bits():
    """Its hash when the committed benchmark was made, by a generator of our own."""
    counts = NoiseCounts(5, 10_000).read_counts(123, 4_123).astype("<i2")
    found = hashlib.sha256(counts.tobytes()).hexdigest()
    assert found == "37a984b572571fa8a0a6c966252828c13addff9b0799a006a665d0bf48005ae3"


def test_noise_is_made_of_philox():
    """Two 32-bit draws of each word of numpy's Philox, through the inverse distribution."""
    seed, start, n = 7, 1003, 50
    counts = NoiseCounts(seed, 10_000).read_counts(start, start + n)
    for channel in (0, 5, 383):
        bits = np.random.Philox(key=np.array([seed, channel], dtype=np.uint64))
        bits.advance(start // 8)
        words = bits.random_raw(4 * (n // 8 + 2))
        draws = words.view(np.uint32)[start % 8 :][:n]  # low half first
        value = scipy.stats.norm.ppf((draws + 0.5) / 2.0**32) * NOISE_SD_COUNTS
        # A draw at the very edge between two counts may fall on either side.
        assert np.abs(counts[:, channel] - value).max() <= 0.5 + 1e-3


def test_noise_does_not_depend_on_how_it_is_read():
    noise = NoiseCounts(2, 4000)
    whole = noise.read_counts(0, 4000)
    for start, stop in ((0, 1), (1, 9), (7, 8), (1234, 2345), (3999, 4000)):
        np.testing.assert_array_equal(noise.read_counts(start, stop), whole[start:stop])


def test_noise_is_normal_and_independent():
    values = NoiseCounts(0, 40_000).read_counts(0, 40_000)[:, :20].astype(float)
    assert abs(values.mean()) < 0.3 and abs(values.std() - NOISE_SD_COUNTS) < 0.3
    assert scipy.stats.kstest((values[::40].ravel()) / NOISE_SD_COUNTS, "norm").pvalue > 1e-3
    correlation = np.corrcoef(values.T) - np.eye(20)
    assert np.abs(correlation).max() < 5 / np.sqrt(len(values))
    lagged = np.mean(values[1:] * values[:-1]) / NOISE_SD_COUNTS**2
    assert abs(lagged) < 5 / np.sqrt(values.size)


def test_every_electrode_dies_once():
    orders = [dying_order(seed) for seed in range(5)]
    for order in orders:
        np.testing.assert_array_equal(np.sort(order), np.arange(N_CHANNELS))
    assert len({tuple(order) for order in orders}) == 5
