"""The measures that bad-channel detection takes of one chunk.

Similarity to the median over channels, spectral density of the highest band, and
trend along the probe. Only the median is compiled; the rest is numpy and scipy on
the contiguous axis. Every function holds the GIL for a small part of its time.
"""

from __future__ import annotations

import numba
import numpy as np

from builder.errors import RawDataError

#: Samples selected together: 256 columns of 384 keys and their halves (590 kB) stay in the
#: L2 cache.
BLOCK_SAMPLES = 256
#: Channels transformed at a time: their windows (0.6 MB) stay in the L2 cache.
GROUP_CHANNELS = 8

_LOWEST_HALF = np.int16(-(2**15))
_HIGHEST_HALF = np.int16(2**15 - 1)
_LARGEST = np.int32(2**31 - 1)


@numba.njit(nogil=True, cache=True)
def _flip(bits):
    """Bits of a float32 to an int32 of the same order, and back."""
    return bits ^ ((bits >> np.int32(31)) & _LARGEST)


@numba.njit(nogil=True, cache=True)
def _select(halves, n, rank, chosen, threshold, n_below):
    """Value of the given rank (0-based) in each of the first ``n`` columns, bit by bit.

    The value of rank k is the largest threshold that has at most k values below it.
    Counting runs along samples, which are contiguous, so it is vectorised.
    """
    for j in range(n):
        chosen[j] = _LOWEST_HALF
    for bit in range(15, -1, -1):
        for j in range(n):
            # The values are signed: setting the top bit means clearing the sign.
            threshold[j] = np.int16(0) if bit == 15 else chosen[j] | np.int16(1 << bit)
            n_below[j] = 0
        for c in range(halves.shape[0]):
            for j in range(n):
                n_below[j] += np.int16(halves[c, j] < threshold[j])
        for j in range(n):
            if n_below[j] <= rank:
                chosen[j] = threshold[j]


@numba.njit(nogil=True, cache=True)
def _lower_halves(keys, n, upper, halves):
    """Lower halves of the keys whose upper half is ``upper``; the rest keep their side."""
    for c in range(keys.shape[0]):
        for j in range(n):
            mine = np.int32(keys[c, j] >> np.int32(16))
            other = _LOWEST_HALF if mine < upper[j] else _HIGHEST_HALF
            lower = np.int16((keys[c, j] & np.int32(0xFFFF)) - np.int32(2**15))
            halves[c, j] = lower if mine == upper[j] else other


@numba.njit(nogil=True, cache=True)
def _next_above(keys, n, rank, chosen, above, n_to_chosen):
    """Key of rank ``rank + 1`` in each column, given that of ``rank``, into ``above``."""
    for j in range(n):
        above[j] = _LARGEST
        n_to_chosen[j] = 0
    for c in range(keys.shape[0]):
        for j in range(n):
            key = keys[c, j]
            n_to_chosen[j] += np.int16(key <= chosen[j])
            above[j] = min(above[j], key if key > chosen[j] else _LARGEST)
    for j in range(n):
        if n_to_chosen[j] > rank + 1:
            above[j] = chosen[j]


@numba.njit(nogil=True, cache=True)
def median_over_channels(traces, offsets, out):
    """Exact median over channels of every sample, each channel less its offset.

    Equal to ``np.median(traces - offsets[:, None], axis=0)`` in float32, bit for
    bit (but for the sign of zero). The middle values are selected in two steps of
    16 bits, because twice as many halves fit a vector register.

    Parameters
    ----------
    traces : np.ndarray
        float32 (n_channels, n_samples), uV, finite; at most 32,767 channels.
    offsets : np.ndarray
        float32 (n_channels,), uV, subtracted from each channel.
    out : np.ndarray
        float32 (n_samples,), written whole, uV.
    """
    n_channels, n_samples = traces.shape
    rank = (n_channels - 1) // 2
    block = np.empty((n_channels, BLOCK_SAMPLES), np.float32)
    keys = block.view(np.int32)
    halves = np.empty((n_channels, BLOCK_SAMPLES), np.int16)
    upper = np.empty(BLOCK_SAMPLES, np.int16)
    lower = np.empty(BLOCK_SAMPLES, np.int16)
    threshold = np.empty(BLOCK_SAMPLES, np.int16)
    counts = np.empty(BLOCK_SAMPLES, np.int16)
    values = np.empty((2, BLOCK_SAMPLES), np.float32)
    middle = values.view(np.int32)
    for first in range(0, n_samples, BLOCK_SAMPLES):
        n = min(BLOCK_SAMPLES, n_samples - first)
        for c in range(n_channels):
            for j in range(n):
                block[c, j] = traces[c, first + j] - offsets[c]
            for j in range(n):
                keys[c, j] = _flip(keys[c, j])
                halves[c, j] = np.int16(keys[c, j] >> np.int32(16))
        _select(halves, n, rank, upper, threshold, counts)
        _lower_halves(keys, n, upper, halves)
        _select(halves, n, rank, lower, threshold, counts)
        for j in range(n):
            high = np.int32(upper[j]) << np.int32(16)
            middle[0, j] = high | (np.int32(lower[j]) + np.int32(2**15))
            middle[1, j] = middle[0, j]
        if n_channels % 2 == 0:
            _next_above(keys, n, rank, middle[0], middle[1], counts)
        for j in range(n):
            middle[0, j] = _flip(middle[0, j])
            middle[1, j] = _flip(middle[1, j])
            out[first + j] = 0.5 * (np.float64(values[0, j]) + np.float64(values[1, j]))


def similarity_to_median(traces_uV: np.ndarray, where: str | None = None) -> np.ndarray | None:
    """Product of each channel with the median over channels, 1 for the median itself.

    None where that median is constant: a dropout leaves nothing to compare with.
    """
    means_uV = traces_uV.mean(axis=1, dtype=np.float64).astype(np.float32)
    median_uV = np.empty(traces_uV.shape[1], dtype=np.float32)
    median_over_channels(traces_uV, means_uV, median_uV)
    # float64 from here on; with a reference of zero mean the channels' means drop out.
    reference = median_uV - median_uV.mean(dtype=np.float64)
    energy_uV2 = float(np.sum(reference * reference))
    if energy_uV2 == 0.0:
        return None
    # einsum, not BLAS: no second pool of threads inside ours, the same bits with any.
    similarity = np.einsum("ct,t->c", traces_uV, reference) / energy_uV2
    if not np.isfinite(similarity).all():
        raise RawDataError(
            "The traces are not finite.",
            where=where,
            expected="finite values on every channel",
            got=f"NaN or infinity on channels {np.flatnonzero(~np.isfinite(similarity)).tolist()}",
            do="check the recording there",
        )
    return similarity


def hf_density_uV2_per_hz(
    traces_uV: np.ndarray, rate_hz: float, window_samples: int, nyquist_threshold: float
) -> np.ndarray:
    """Welch's mean spectral density of each channel in the highest band, uV^2/Hz.

    Hann windows that overlap by half, as `scipy.signal.welch` takes them.
    """
    import scipy.fft
    import scipy.signal

    n_channels, n_samples = traces_uV.shape
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
    step = length - length // 2
    # One-sided: every bin stands for two but Nyquist's, which even lengths have.
    weights = np.where((length % 2 == 0) & (band == length // 2), 1.0, 2.0)
    scale = 1.0 / (rate_hz * float(np.sum(window.astype(np.float64) ** 2)))
    density = np.empty(n_channels)
    for first in range(0, n_channels, GROUP_CHANNELS):
        group = slice(first, first + GROUP_CHANNELS)
        parts = np.lib.stride_tricks.sliding_window_view(traces_uV[group], length, axis=1)
        parts = parts[:, ::step]
        if band[0] < 2:
            # A constant leaks into bins 0 and 1 of a Hann window only; elsewhere it is skipped.
            parts = parts - parts.mean(axis=-1, keepdims=True)
        spectra = scipy.fft.rfft(parts * window, axis=-1)[..., band[0] :]
        power = np.einsum("cwk,cwk->ck", spectra.real, spectra.real)
        power += np.einsum("cwk,cwk->ck", spectra.imag, spectra.imag)
        density[group] = (power @ weights) * (scale / (spectra.shape[1] * band.size))
    return density


def depth_trend(values: np.ndarray, size: int) -> np.ndarray:
    """Median filter along the probe whose window shrinks towards the ends: (n_channels,)."""
    half, n = size // 2, len(values)
    trend = np.empty_like(values)
    if n >= size:
        windows = np.lib.stride_tricks.sliding_window_view(values, 2 * half + 1)
        trend[half : n - half] = np.median(windows, axis=1)
    for i in range(n):
        if i < half or i >= n - half:
            trend[i] = np.median(values[max(0, i - half) : i + half + 1])
    return trend
