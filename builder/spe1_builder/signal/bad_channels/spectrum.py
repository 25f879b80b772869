"""Loudness of channels in the highest band, as bad-channel detection judges it.

The density is Welch's, by scipy's transform.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np

from spe1_builder.errors import RawDataError

#: Channels transformed at a time: their windows (0.6 MB) stay in the L2 cache.
GROUP_CHANNELS = 8
#: A constant leaks into the bins of a Hann window below this one: only there it is
#: subtracted, which scipy's welch does everywhere.
_FIRST_FREE_BIN = 2


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
