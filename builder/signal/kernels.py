"""The compiled signal path: int16 counts to referenced float32 microvolts.

One pass over a chunk: the five band-pass sections forward, then backward fused
with the per-sample median, its subtraction and the transposition to channel
order. Filter states and sums are float64, so that slow drift and offsets of
hundreds of microvolts cost no precision; what is stored is float32. No
``fastmath``: the same input gives the same bits on every machine.

The functions hold no GIL, so threads scale.
"""

from __future__ import annotations

import numba
import numpy as np

from builder.constants import MARGIN_SAMPLES, N_CHANNELS

#: Sections of an order-5 band-pass; a constant, so that the compiler unrolls them.
N_SECTIONS = 5
#: Samples by which scipy's ``sosfiltfilt`` pads each end of a chunk with 5 sections.
ODD_PAD_SAMPLES = 3 * (2 * N_SECTIONS + 1)
#: Output samples filtered backward at a time: the forward pass of a block and
#: its margin (15 MB) is all that is held, whatever the length of the chunk.
BLOCK_SAMPLES = 8_192
#: Samples transposed at a time; a tile of all channels stays in the L2 cache.
TILE_SAMPLES = 128

_HALF = N_CHANNELS // 2
_MAX_NEWTON_STEPS = 24


@numba.njit(nogil=True, cache=True)
def _sections(row, state, coefficients):
    """Filter one sample of every channel in place.

    All sections of a channel in one go, so that the sample stays in a register;
    the flat state with a constant stride is what lets the compiler vectorise over
    channels (0.04 s for 90,000 samples, against 0.06 s section by section).

    Parameters
    ----------
    row : np.ndarray
        float64 (N_CHANNELS,), uV.
    state : np.ndarray
        float64 (N_SECTIONS * 2 * N_CHANNELS,): two delays a section and channel.
    coefficients : np.ndarray
        float64 (N_SECTIONS * 5,): b0, b1, b2, a1, a2 of each section.
    """
    for c in range(N_CHANNELS):
        x = row[c]
        for s in range(N_SECTIONS):
            first, second = 2 * s * N_CHANNELS + c, (2 * s + 1) * N_CHANNELS + c
            y = coefficients[5 * s] * x + state[first]
            state[first] = coefficients[5 * s + 1] * x - coefficients[5 * s + 3] * y + state[second]
            state[second] = coefficients[5 * s + 2] * x - coefficients[5 * s + 4] * y
            x = y
        row[c] = x


@numba.njit(nogil=True, cache=True)
def _reset(row, state, zi):
    """Steady state of the sections for a constant input ``row``."""
    for s in range(N_SECTIONS):
        for delay in range(2):
            for c in range(N_CHANNELS):
                state[(2 * s + delay) * N_CHANNELS + c] = zi[s, delay] * row[c]


@numba.njit(nogil=True, cache=True)
def _load(counts, t, gain, row):
    """Sample ``t`` of the chunk in uV, with scipy's odd extension beyond its ends."""
    n = counts.shape[0]
    if t < 0:
        for c in range(row.size):
            row[c] = gain * (2.0 * counts[0, c] - counts[-t, c])
    elif t >= n:
        for c in range(row.size):
            row[c] = gain * (2.0 * counts[n - 1, c] - counts[2 * (n - 1) - t, c])
    else:
        for c in range(row.size):
            row[c] = gain * counts[t, c]


@numba.njit(nogil=True, cache=True)
def _count_below(keys, threshold):
    n = 0
    for i in range(keys.size):
        n += keys[i] < threshold
    return n


@numba.njit(nogil=True, cache=True)
def _to_key(bits):
    """Bits of a float32 to an int32 of the same order."""
    return bits ^ ((bits >> np.int32(31)) & np.int32(0x7FFFFFFF))


@numba.njit(nogil=True, cache=True)
def channel_median(values, keys, guess, scratch, scratch_bits):
    """Exact median of ``values`` (N_CHANNELS,) float32, found by counting from a guess.

    Neighbouring samples have neighbouring medians, so a few vectorised counts
    (Newton steps on the empirical distribution, bisection where those fail)
    reach a threshold with half of the values below it.
    """
    bits = values.view(np.int32)
    for i in range(values.size):
        keys[i] = _to_key(bits[i])
    low, high = np.int64(-(2**31)), np.int64(2**31 - 1)
    position, step, previous, threshold = np.float64(guess), 0.0, 0, np.int64(0)
    for attempt in range(_MAX_NEWTON_STEPS + 64):
        if attempt < _MAX_NEWTON_STEPS:
            scratch[0] = np.float32(position)
            threshold = np.int64(_to_key(scratch_bits[0]))
        if attempt >= _MAX_NEWTON_STEPS or threshold <= low or threshold >= high:
            threshold = (low + high) >> 1
            if threshold == low:
                # The two middle values are equal: no threshold parts them.
                scratch_bits[0] = _to_key(np.int32(low))
                return scratch[0]
            scratch_bits[0] = _to_key(np.int32(threshold))
            position = np.float64(scratch[0])
        n_below = _count_below(keys, np.int32(threshold))
        if n_below == _HALF:
            break
        if n_below < _HALF:
            low = threshold
        else:
            high = threshold
        if attempt == 0:
            # A density of 15 values per uV is typical (s.d. 10 uV); any start converges.
            step = (_HALF - n_below) / 15.0
        else:
            moved = n_below - previous
            if moved != 0 and step != 0.0:
                step = (_HALF - n_below) * step / moved
            else:
                step = 2.0 * step if (step > 0.0) == (n_below < _HALF) else -0.5 * step
        previous = n_below
        position += step
    below, above = np.int32(-(2**31)), np.int32(2**31 - 1)
    cut = np.int32(threshold)
    for i in range(keys.size):
        key = keys[i]
        below = max(below, key if key < cut else np.int32(-(2**31)))
        above = min(above, key if key >= cut else np.int32(2**31 - 1))
    scratch_bits[0] = _to_key(below)
    middle = np.float64(scratch[0])
    scratch_bits[0] = _to_key(above)
    return np.float32(0.5 * (middle + np.float64(scratch[0])))


@numba.njit(nogil=True, cache=True)
def _transpose(tile, n, out, first):
    """Tile (samples, channels) into ``out`` (channels, samples) from sample ``first``."""
    for c in range(out.shape[0]):
        for j in range(n):
            out[c, first + j] = tile[j, c]


@numba.njit(nogil=True, cache=True)
def bandpass_reference(counts, lead, gain, sos, zi, subtract_median, out):
    """Filter a chunk forward and backward and write its middle to ``out``.

    Equal to ``scipy.signal.sosfiltfilt`` over the chunk in float64 (odd padding
    at its two ends), then the median over channels, but for rounding to float32.

    Parameters
    ----------
    counts : np.ndarray
        int16 (n_chunk, N_CHANNELS): the output range with its real margins.
    lead : int
        Samples of the chunk before the output range.
    gain : float
        uV per count.
    sos, zi : np.ndarray
        float64 (5, 6) and (5, 2): sections and their steady state.
    subtract_median : bool
        Whether each sample's median over channels is subtracted.
    out : np.ndarray
        float32 (N_CHANNELS, n_out), written whole, uV.
    """
    n_chunk = counts.shape[0]
    n_channels = N_CHANNELS
    coefficients = np.empty(N_SECTIONS * 5, np.float64)
    for s in range(N_SECTIONS):
        coefficients[5 * s : 5 * s + 3] = sos[s, :3]
        coefficients[5 * s + 3 : 5 * s + 5] = sos[s, 4:]
    n_out = out.shape[1]
    end = n_chunk + ODD_PAD_SAMPLES
    row = np.empty(n_channels, np.float64)
    forward_state = np.empty(N_SECTIONS * 2 * n_channels, np.float64)
    state = np.empty(N_SECTIONS * 2 * n_channels, np.float64)
    forward = np.empty((BLOCK_SAMPLES + MARGIN_SAMPLES + ODD_PAD_SAMPLES, n_channels), np.float32)
    tile = np.empty((TILE_SAMPLES, n_channels), np.float32)
    keys = np.empty(n_channels, np.int32)
    scratch = np.empty(1, np.float32)
    scratch_bits = scratch.view(np.int32)
    median = np.float32(0.0)

    _load(counts, -ODD_PAD_SAMPLES, gain, row)
    _reset(row, forward_state, zi)
    for t in range(-ODD_PAD_SAMPLES, lead):
        _load(counts, t, gain, row)
        _sections(row, forward_state, coefficients)
    held = 0  # samples of `forward` that are filled, from the block's first on
    for first in range(0, n_out, BLOCK_SAMPLES):
        n_block = min(BLOCK_SAMPLES, n_out - first)
        ahead = min(lead + first + n_block + MARGIN_SAMPLES, n_chunk)
        if ahead == n_chunk:
            ahead = end
        n_ahead = ahead - (lead + first)
        for j in range(held, n_ahead):
            _load(counts, lead + first + j, gain, row)
            _sections(row, forward_state, coefficients)
            for c in range(n_channels):
                forward[j, c] = row[c]
        for c in range(n_channels):
            row[c] = forward[n_ahead - 1, c]
        _reset(row, state, zi)
        n_tile = 0
        for j in range(n_ahead - 1, -1, -1):
            for c in range(n_channels):
                row[c] = forward[j, c]
            _sections(row, state, coefficients)
            if j >= n_block:
                continue
            slot = j % TILE_SAMPLES
            for c in range(n_channels):
                tile[slot, c] = row[c]
            if subtract_median:
                median = channel_median(tile[slot], keys, median, scratch, scratch_bits)
                for c in range(n_channels):
                    tile[slot, c] -= median
            n_tile += 1
            if slot == 0:
                _transpose(tile, n_tile, out, first + j)
                n_tile = 0
        held = n_ahead - n_block
        for j in range(held):
            forward[j] = forward[n_block + j]
