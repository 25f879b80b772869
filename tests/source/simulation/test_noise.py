"""The measured noise is as it was measured: a generated second, held to the pieces of c26.

Measured with the functions here on the two public pieces (steevelaquitaine/spikebias,
``dataset/02_figure_dataset``, fig2g and fig2a): 10 ms of 384 channels and 1 s of one channel in
layer 5, high-passed at 300 Hz and referenced to the median by those who cut them. The 10 ms are
one moment of one cell, and the one channel was chosen for its spikes: hence the bands.
"""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import scipy.signal
import scipy.stats

from spe1_builder.cells import get_cell
from spe1_builder.constants import BAND_HZ, GAIN_UV_PER_BIT, NPX_RATE_HZ, REFERENCE_CHANNELS
from spe1_builder.probe import nominal_positions_um
from spe1_builder.source.simulation.background import make_background
from spe1_builder.source.simulation.neurons import make_neurons
from spe1_builder.source.simulation.npx import CHUNK_SAMPLES, make_chunk
from spe1_builder.source.simulation.options import SimulationOptions

OPTIONS = SimulationOptions(duration_s=1.2, noise="measured", firing_rate_hz=0.0)
LIVE = np.setdiff1d(np.arange(384), REFERENCE_CHANNELS)
#: The length of the piece of all channels, and how many are compared.
PIECE, N_PIECES = 300, 16
#: What was measured on the 10 ms, and how far from it the mean over pieces may be.
ON_ALL_CHANNELS = {
    "s.d., counts, median channel": (3.62, 0.25),
    "s.d., counts, 5 % of channels": (2.70, 0.25),
    "s.d., counts, 95 % of channels": (4.65, 0.35),
    "s.d., 300-3000 Hz, uV": (5.15, 0.4),
    "density, 0.3-0.5 kHz, uV/sqrt(Hz)": (0.097, 0.012),
    "density, 0.5-1 kHz, uV/sqrt(Hz)": (0.125, 0.012),
    "density, 1-3 kHz, uV/sqrt(Hz)": (0.085, 0.008),
    "density, 3-10 kHz, uV/sqrt(Hz)": (0.066, 0.008),
    "density, 10-14.5 kHz, uV/sqrt(Hz)": (0.051, 0.004),
    "correlation, 22-28 um": (0.185, 0.03),
    "correlation, 50-62 um": (0.11, 0.03),
    "correlation, 62-85 um": (0.03, 0.03),
    "correlation, 200-400 um": (0.02, 0.03),
    "reference sites, s.d. to neighbours": (0.72, 0.06),
    "reference sites, correlation": (0.14, 0.04),
    "peaks below 5 MAD, per channel and s": (6.4, 4.0),
}
#: Of the one channel: excess kurtosis, and local minima below 5 MAD in the second.
KURTOSIS, PEAKS = 19.4, 37


@pytest.fixture(scope="module")
def second() -> np.ndarray:
    """A second as those who cut the pieces would have it: float64 (30,000, 384), whole counts."""
    neurons = make_neurons(get_cell("c26"), OPTIONS, np.random.default_rng(1))
    background = make_background(OPTIONS, np.random.default_rng(2))
    seeds = np.random.SeedSequence(3)
    chunks = [
        make_chunk(neurons, background, start, start + CHUNK_SAMPLES, seeds)
        for start in range(0, OPTIONS.n_npx, CHUNK_SAMPLES)
    ]
    counts = np.concatenate(chunks).astype(np.float64)
    sos = scipy.signal.butter(5, 300.0, "highpass", fs=NPX_RATE_HZ, output="sos")
    passed = scipy.signal.sosfiltfilt(sos, counts, axis=0)[3000:-3000]
    return np.rint(passed - np.median(passed, axis=1, keepdims=True))


def of_all_channels(counts: np.ndarray) -> dict[str, float]:
    """The table's first part, of one piece: (PIECE, 384), counts."""
    counts = counts - counts.mean(axis=0)
    positions_um = nominal_positions_um()
    sd = counts.std(axis=0)
    sos = scipy.signal.butter(5, BAND_HZ, "bandpass", fs=NPX_RATE_HZ, output="sos")
    banded_uV = scipy.signal.sosfiltfilt(sos, counts * GAIN_UV_PER_BIT, axis=0)
    sd_band_uV = banded_uV.std(axis=0)
    low, middle, high = np.percentile(sd[LIVE], [5, 50, 95])
    found = {
        "s.d., counts, median channel": middle,
        "s.d., counts, 5 % of channels": low,
        "s.d., counts, 95 % of channels": high,
        "s.d., 300-3000 Hz, uV": np.median(sd_band_uV[LIVE]),
    }
    frequency_hz, power = scipy.signal.welch(
        counts * GAIN_UV_PER_BIT, NPX_RATE_HZ, nperseg=PIECE, axis=0
    )
    for band in ("0.3-0.5", "0.5-1", "1-3", "3-10", "10-14.5"):
        first, last = (1000 * float(edge) for edge in band.split("-"))
        inside = (frequency_hz >= first) & (frequency_hz <= last)
        density = np.sqrt(power[inside].mean(axis=0))
        found[f"density, {band} kHz, uV/sqrt(Hz)"] = np.median(density[LIVE])
    correlation = np.corrcoef(counts.T)
    distance_um = np.linalg.norm(positions_um[:, None] - positions_um, axis=2)
    is_pair = np.triu(np.ones((384, 384), bool), 1)
    is_pair[list(REFERENCE_CHANNELS)] = is_pair[:, list(REFERENCE_CHANNELS)] = False
    for span in ("22-28", "50-62", "62-85", "200-400"):
        first, last = map(float, span.split("-"))
        pairs = is_pair & (distance_um >= first) & (distance_um < last)
        found[f"correlation, {span} um"] = np.median(correlation[pairs])
    references = np.array(REFERENCE_CHANNELS)
    ratios = [
        sd[site] / sd[np.intersect1d(np.flatnonzero(distance_um[site] < 45), LIVE)].mean()
        for site in references
    ]
    found["reference sites, s.d. to neighbours"] = np.median(ratios)
    between = correlation[np.ix_(references, references)][np.triu_indices(10, 1)]
    found["reference sites, correlation"] = np.median(between)
    # The MAD of whole counts has few values; below 2.5 it would be none of a channel in use.
    mads = np.maximum(1.4826 * np.median(np.abs(counts), axis=0), 2.5)
    n_peaks = sum(
        len(scipy.signal.find_peaks(-counts[:, c], height=5 * mads[c], distance=30)[0])
        for c in LIVE
    )
    found["peaks below 5 MAD, per channel and s"] = (
        n_peaks / len(LIVE) / (len(counts) / NPX_RATE_HZ)
    )
    return found


def of_one_channel(counts: np.ndarray) -> tuple[float, int]:
    """Excess kurtosis, and minima below 5 MAD: of (30,000,), counts."""
    counts = counts - np.median(counts)
    mad = 1.4826 * np.median(np.abs(counts))
    n_peaks = len(scipy.signal.find_peaks(-counts, height=5 * mad)[0])
    return float(scipy.stats.kurtosis(counts)), n_peaks


def test_all_channels_are_as_measured(second: np.ndarray) -> None:
    starts = np.linspace(0, len(second) - PIECE, N_PIECES).astype(int)
    pieces = [of_all_channels(second[start : start + PIECE]) for start in starts]
    found = {name: float(np.mean([piece[name] for piece in pieces])) for name in ON_ALL_CHANNELS}
    off = {
        name: (round(found[name], 3), "measured", value)
        for name, (value, band) in ON_ALL_CHANNELS.items()
        if abs(found[name] - value) > band
    }
    assert not off


def test_a_channel_among_spikes_is_as_measured(second: np.ndarray) -> None:
    """The one channel was chosen for its spikes: it is among the upper fifth here."""
    kurtosis, peaks = np.transpose([of_one_channel(second[:, c]) for c in LIVE])
    for values, measured in ((kurtosis, KURTOSIS), (peaks, PEAKS)):
        assert np.percentile(values, 80) < measured < values.max()
    # Some have about as much of both.
    alike = (np.abs(np.log(np.maximum(kurtosis, 0.1) / KURTOSIS)) < np.log(2)) & (
        np.abs(peaks - PEAKS) < 15
    )
    assert alike.sum() >= 3


def test_the_easy_noise_is_not(second: np.ndarray) -> None:
    """The table tells the two apart."""
    easy = replace(OPTIONS, noise="easy")
    neurons = make_neurons(get_cell("c26"), easy, np.random.default_rng(1))
    background = make_background(easy, np.random.default_rng(2))
    chunk = make_chunk(neurons, background, 0, CHUNK_SAMPLES, np.random.SeedSequence(3))
    sos = scipy.signal.butter(5, 300.0, "highpass", fs=NPX_RATE_HZ, output="sos")
    passed = scipy.signal.sosfiltfilt(sos, chunk.astype(np.float64), axis=0)[3000:3300]
    found = of_all_channels(np.rint(passed - np.median(passed, axis=1, keepdims=True)))
    off = [n for n, (value, band) in ON_ALL_CHANNELS.items() if abs(found[n] - value) > band]
    assert len(off) >= 8


def test_low_passed_noise_goes_on_from_chunk_to_chunk() -> None:
    """No step at a seam: neighbouring samples are as alike there as elsewhere."""
    options = SimulationOptions(
        duration_s=4.8, noise="measured", common_noise_uV=0.0, slow_potential_uV=0.0, n_background=0
    )
    neurons = make_neurons(get_cell("c26"), options, np.random.default_rng(1))
    background, seeds = (
        make_background(options, np.random.default_rng(2)),
        np.random.SeedSequence(3),
    )
    ends = []
    for start in range(0, 4 * CHUNK_SAMPLES, CHUNK_SAMPLES):
        chunk = make_chunk(neurons, background, start, start + CHUNK_SAMPLES, seeds)
        ends.append(chunk[[0, 1, -2, -1]].astype(np.float64))
    within = np.concatenate([np.ptp(chunk[:2], axis=0) for chunk in ends])
    across = np.concatenate([np.abs(b[0] - a[-1]) for a, b in pairwise(ends)])
    assert np.sqrt((across**2).mean()) == pytest.approx(np.sqrt((within**2).mean()), rel=0.06)
