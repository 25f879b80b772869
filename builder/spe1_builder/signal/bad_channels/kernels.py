"""How bad-channel detection compares the channels of one chunk.

Similarity to the median over channels, and its trend along the probe. What touches
every sample is compiled, and holds no GIL.
"""

from __future__ import annotations

import numpy as np

from spe1_builder.compiled import compiled
from spe1_builder.errors import RawDataError
from spe1_builder.signal.keys import MAGNITUDE, to_key, to_value

#: Samples selected together: 256 columns of 384 keys and their halves (590 kB) stay in the
#: L2 cache.
BLOCK_SAMPLES = 256

_LOWEST_HALF, _HIGHEST_HALF = np.int16(-(2**15)), np.int16(2**15 - 1)


@compiled()
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


@compiled()
def _find_medians(
    traces, offsets, keys, halves, upper, lower, threshold, counts, chosen, above, out
):
    """What `median_over_channels` does; the arrays between are for BLOCK_SAMPLES columns."""
    n_channels, n_samples = traces.shape
    rank = (n_channels - 1) // 2
    for first in range(0, n_samples, BLOCK_SAMPLES):
        n = min(BLOCK_SAMPLES, n_samples - first)
        for c in range(n_channels):
            # A slice, whose indices are known not to count from the end: only so it is vectorised.
            part = traces[c, first : first + n]
            for j in range(n):
                keys[c, j] = to_key(part[j] - offsets[c])
                halves[c, j] = np.int16(keys[c, j] >> np.int32(16))
        _select(halves, n, rank, upper, threshold, counts)
        for c in range(n_channels):
            # Lower halves of the keys with that upper half; the rest keep their side.
            for j in range(n):
                mine = np.int32(keys[c, j] >> np.int32(16))
                other = _LOWEST_HALF if mine < upper[j] else _HIGHEST_HALF
                half = np.int16((keys[c, j] & np.int32(0xFFFF)) - np.int32(2**15))
                halves[c, j] = half if mine == upper[j] else other
        _select(halves, n, rank, lower, threshold, counts)
        # The other middle value: the smallest key above, unless that key is there twice.
        for j in range(n):
            high = np.int32(upper[j]) << np.int32(16)
            chosen[j] = high | (np.int32(lower[j]) + np.int32(2**15))
            above[j] = MAGNITUDE
            counts[j] = 0
        for c in range(n_channels):
            for j in range(n):
                key = keys[c, j]
                counts[j] += np.int16(key <= chosen[j])
                above[j] = min(above[j], key if key > chosen[j] else MAGNITUDE)
        for j in range(n):
            is_both = n_channels % 2 == 1 or counts[j] > rank + 1
            other_key = chosen[j] if is_both else above[j]
            total = np.float64(to_value(chosen[j])) + np.float64(to_value(other_key))
            out[first + j] = 0.5 * total


def median_over_channels(traces: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    """Exact median over channels of every sample, each channel less its offset.

    Equal to ``np.median(traces - offsets[:, None], axis=0)`` in float32, bit for
    bit (but for the sign of zero). The middle values are selected in two steps of
    16 bits, because twice as many halves fit a vector register.

    Parameters
    ----------
    traces : np.ndarray
        float32 (n_channels, n_samples), C order, uV, finite; at most 32,767 channels.
    offsets : np.ndarray
        float32 (n_channels,), uV, subtracted from each channel.

    Returns
    -------
    np.ndarray
        float32 (n_samples,), uV.
    """
    keys = np.empty((len(traces), BLOCK_SAMPLES), np.int32)
    halves = np.empty(keys.shape, np.int16)
    columns = [np.empty(BLOCK_SAMPLES, np.int16) for _ in range(4)]
    columns += [np.empty(BLOCK_SAMPLES, np.int32) for _ in range(2)]
    out = np.empty(traces.shape[1], np.float32)
    _find_medians(traces, offsets, keys, halves, *columns, out)
    return out


# Sums in float64 may be reordered into vectors.
@compiled(fastmath={"reassoc", "contract"})
def _products(traces, reference, out):
    """Sum over time of each channel times ``reference`` (n_samples,), all but traces float64."""
    for c in range(traces.shape[0]):
        trace, total = traces[c], 0.0
        for j in range(trace.size):
            total += trace[j] * reference[j]
        out[c] = total


def similarity_to_median(traces_uV: np.ndarray, where: str | None = None) -> np.ndarray | None:
    """Product of each channel with the median over channels, 1 for the median itself.

    None where that median is constant: a dropout leaves nothing to compare with.
    """
    n_channels, n_samples = traces_uV.shape
    totals_uV = np.empty(n_channels)
    _products(traces_uV, np.ones(n_samples), totals_uV)
    median_uV = median_over_channels(traces_uV, (totals_uV / n_samples).astype(np.float32))
    # float64 from here on; with a reference of zero mean the channels' means drop out.
    reference = median_uV - median_uV.mean(dtype=np.float64)
    energy_uV2 = float(np.sum(reference * reference))
    if energy_uV2 == 0.0:
        return None
    similarity = np.empty(n_channels)
    _products(traces_uV, reference, similarity)
    similarity /= energy_uV2
    if not np.isfinite(similarity).all():
        raise RawDataError(
            "The traces are not finite.",
            where=where,
            expected="finite values on every channel",
            got=f"NaN or infinity on channels {np.flatnonzero(~np.isfinite(similarity)).tolist()}",
            do="check the recording there",
        )
    return similarity


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
