"""Loudness of channels in the highest band, as bad-channel detection judges it.

The density is Welch's, by scipy's transform, for the channels that need it; a compiled
bound, without the GIL, clears the others.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np

from spe1_builder.compiled import compiled
from spe1_builder.errors import RawDataError

#: Channels transformed at a time: their windows (0.6 MB) stay in the L2 cache.
GROUP_CHANNELS = 8
#: A constant leaks into the bins of a Hann window below this one: only there it is
#: subtracted, which scipy's welch does everywhere.
_FIRST_FREE_BIN = 2
#: Share of the threshold below which the bound is sure: its sums are of float32.
_SURE = 0.99


@dataclass(frozen=True)
class Spectrum:
    """How Welch's method takes the highest band of a chunk.

    Attributes
    ----------
    window : np.ndarray
        float32 (length,): Hann's.
    step : int
        Samples from one window to the next; they overlap by half.
    band : np.ndarray
        int64 (n_bins,), ascending: the bins of the band.
    uV2_per_hz : float
        Density that a squared spectral value of 1 uV^2 is.
    """

    window: np.ndarray
    step: int
    band: np.ndarray
    uV2_per_hz: float


@functools.cache
def plan_spectrum(
    n_samples: int, rate_hz: float, window_samples: int, nyquist_threshold: float
) -> Spectrum:
    """Windows and bins of a chunk of ``n_samples``, as `scipy.signal.welch` takes them.

    Raises
    ------
    RawDataError
        No bin lies in the band.
    """
    import scipy.signal

    length = min(window_samples, n_samples)
    frequencies_hz = np.fft.rfftfreq(max(length, 1), 1 / rate_hz)
    band = np.flatnonzero(frequencies_hz > rate_hz / 2 * nyquist_threshold)
    if band.size == 0:
        raise RawDataError(
            "The recording, or welch_window_ms, is too short for a spectrum.",
            expected=f"a frequency above {nyquist_threshold} of the Nyquist frequency",
            got=f"a window of {length} samples",
            do="lengthen the analysis window or welch_window_ms",
        )
    window = scipy.signal.get_window("hann", length).astype(np.float32)
    energy = float(np.sum(window.astype(np.float64) ** 2))
    return Spectrum(window, length - length // 2, band, 1.0 / (rate_hz * energy))


def is_loud(traces_uV: np.ndarray, spectrum: Spectrum, threshold_uV2_per_hz: float) -> np.ndarray:
    """Whether each channel's `hf_density_uV2_per_hz` is above the threshold: bool (n_channels,).

    A band-passed channel has next to nothing in that band: a bound that takes no
    spectrum clears nearly all, in a tenth of the time.
    """
    bound_uV2_per_hz = hf_bound_uV2_per_hz(traces_uV, spectrum)
    unsure = np.flatnonzero(~(bound_uV2_per_hz < _SURE * threshold_uV2_per_hz))
    loud = np.zeros(len(traces_uV), dtype=bool)
    loud[unsure] = hf_density_uV2_per_hz(traces_uV[unsure], spectrum) > threshold_uV2_per_hz
    return loud


def hf_bound_uV2_per_hz(traces_uV: np.ndarray, spectrum: Spectrum) -> np.ndarray:
    """What `hf_density_uV2_per_hz` cannot exceed (but for rounding), uV^2/Hz: (n_channels,).

    By Parseval's theorem: the energy of a window's second difference is at least that of
    the band, times the least gain that a second difference has there.
    """
    length, first_bin = len(spectrum.window), int(spectrum.band[0])
    if first_bin < _FIRST_FREE_BIN:
        return np.full(len(traces_uV), np.inf)
    least_gain = (2.0 - 2.0 * np.cos(2.0 * np.pi * first_bin / length)) ** 2
    energy_uV2 = np.empty(len(traces_uV))
    n_windows = _difference_energy(traces_uV, spectrum.window, spectrum.step, energy_uV2)
    scale = spectrum.uV2_per_hz / (n_windows * spectrum.band.size)
    return energy_uV2 * (length / least_gain * scale)


@compiled(fastmath={"reassoc", "contract"})
def _difference_energy(traces, window, step, out):
    """Sum over windows of the squared circular second difference of the windowed samples.

    ``out`` float64 (n_channels,); gives the number of windows.
    """
    length = window.size
    padded = np.empty(length + 2, np.float32)
    # Slices, whose indices are known not to count from the end: only so it is vectorised.
    before, middle, after = padded[:length], padded[1 : length + 1], padded[2:]
    n_windows = (traces.shape[1] - length) // step + 1
    for c in range(traces.shape[0]):
        total = 0.0
        for w in range(n_windows):
            part = traces[c, w * step : w * step + length]
            for j in range(length):
                middle[j] = part[j] * window[j]
            padded[0], padded[length + 1] = padded[length], padded[1]
            energy = np.float32(0.0)
            for j in range(length):
                difference = before[j] + after[j] - np.float32(2.0) * middle[j]
                energy += difference * difference
            total += np.float64(energy)
        out[c] = total
    return n_windows


def hf_density_uV2_per_hz(traces_uV: np.ndarray, spectrum: Spectrum) -> np.ndarray:
    """Welch's mean spectral density of each channel in the highest band, uV^2/Hz."""
    import scipy.fft

    length, band = len(spectrum.window), spectrum.band
    # One-sided: every bin stands for two but Nyquist's, which even lengths have.
    weights = np.where((length % 2 == 0) & (band == length // 2), 1.0, 2.0)
    density = np.empty(len(traces_uV))
    for first in range(0, len(traces_uV), GROUP_CHANNELS):
        group = slice(first, first + GROUP_CHANNELS)
        parts = np.lib.stride_tricks.sliding_window_view(traces_uV[group], length, axis=1)
        parts = parts[:, :: spectrum.step]
        if band[0] < _FIRST_FREE_BIN:
            parts = parts - parts.mean(axis=-1, keepdims=True)
        spectra = scipy.fft.rfft(parts * spectrum.window, axis=-1)[..., band[0] :]
        power = np.einsum("cwk,cwk->ck", spectra.real, spectra.real)
        power += np.einsum("cwk,cwk->ck", spectra.imag, spectra.imag)
        scale = spectrum.uV2_per_hz / (spectra.shape[1] * band.size)
        density[group] = (power @ weights) * scale
    return density
