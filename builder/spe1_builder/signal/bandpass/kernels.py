"""The compiled signal path: int16 counts to referenced float32 microvolts.

One pass over a chunk: the five band-pass sections forward, then backward, tile by
tile, with the per-sample median, its subtraction and the transposition to channel
order while the tile is in the cache. Filter states and sums are float64, so that slow
drift and offsets of hundreds of microvolts cost no precision; what is stored is
float32. The same input gives the same bits on every machine.

Channels are worked on in groups of LANES, whose states stay in registers for a whole
tile. The zeros of a Butterworth band-pass lie at +1 and -1, as many at each: every
section takes one pair, so that its numerator is 1 - z^-2 and costs no multiplication;
the gain is left out of the sections and applied to the counts, for both directions at
once.

The functions hold no GIL, so threads scale.
"""

from __future__ import annotations

import numpy as np

from spe1_builder.compiled import compiled
from spe1_builder.constants import MARGIN_SAMPLES, N_CHANNELS
from spe1_builder.signal.bandpass.median_kernel import median
from spe1_builder.signal.bandpass.vectors import (
    COUNTS_BYTES,
    DELAY_BYTES,
    LANES,
    N_GROUPS,
    N_SECTIONS,
    VALUES_BYTES,
    address,
    run_on_counts,
    run_on_values,
    transpose,
)

#: Samples by which scipy's ``sosfiltfilt`` pads each end of a chunk with 5 sections.
ODD_PAD_SAMPLES = 3 * (2 * N_SECTIONS + 1)
#: Output samples filtered backward at a time: the forward pass of a block and
#: its margin (9 MB) is all that is held, whatever the length of the chunk.
BLOCK_SAMPLES = 4_096
#: Samples filtered backward, referenced and transposed at a time; a tile of all
#: channels (0.8 MB) stays in the L2 cache, and each channel's part is half a page.
TILE_SAMPLES = 512
#: Samples filtered forward at a time, so that the counts stay in the cache for all groups.
_FORWARD_SAMPLES = 256

_ROW_COUNTS_BYTES, _ROW_VALUES_BYTES = 2 * N_CHANNELS, 4 * N_CHANNELS
_GROUP_STATE_BYTES = 2 * N_SECTIONS * DELAY_BYTES


@compiled()
def _aligned(n_groups, n_samples):
    """float32 (n_groups, n_samples, LANES) whose vectors do not straddle cache lines."""
    memory = np.empty(n_groups * n_samples * LANES + LANES, np.float32)
    first = (-np.int64(memory.ctypes.data) % VALUES_BYTES) // 4
    return memory[first : first + n_groups * n_samples * LANES].reshape(n_groups, n_samples, LANES)


@compiled()
def _reset(values, scale, steady, state):
    """Steady state of the sections for the constant input ``scale * values``.

    values (N_CHANNELS,), steady (2 * N_SECTIONS,), state (N_GROUPS, 2 * N_SECTIONS, LANES).
    """
    for c in range(N_CHANNELS):
        for delay in range(2 * N_SECTIONS):
            state[c // LANES, delay, c % LANES] = steady[delay] * (values[c] * scale)


@compiled()
def _odd_extensions(counts):
    """What ``sosfiltfilt`` puts before and after a chunk: float32 (ODD_PAD_SAMPLES, N_CHANNELS)."""
    n = counts.shape[0]
    before = np.empty((ODD_PAD_SAMPLES, N_CHANNELS), np.float32)
    after = np.empty((ODD_PAD_SAMPLES, N_CHANNELS), np.float32)
    for j in range(ODD_PAD_SAMPLES):
        for c in range(N_CHANNELS):
            # Whole numbers below 2^24: exact.
            before[j, c] = 2.0 * counts[0, c] - counts[ODD_PAD_SAMPLES - j, c]
            after[j, c] = 2.0 * counts[n - 1, c] - counts[n - 2 - j, c]
    return before, after


@compiled()
def _filter_forward(counts, before, after, start, stop, scale, feedback, state, forward, slot):
    """Samples [start, stop) of the chunk and its extensions to ``forward`` from ``slot`` on.

    forward (N_GROUPS, capacity, LANES) float32; the rest as in `bandpass_reference`.
    """
    n, t = counts.shape[0], start
    group_bytes = forward.shape[1] * VALUES_BYTES
    while t < stop:
        if t < 0:
            end = min(stop, 0)
            rows = address(before) + np.uintp((t + ODD_PAD_SAMPLES) * _ROW_VALUES_BYTES)
        elif t < n:
            end = min(stop, n, t + _FORWARD_SAMPLES)
            rows = address(counts) + np.uintp(t * _ROW_COUNTS_BYTES)
        else:
            end = stop
            rows = address(after) + np.uintp((t - n) * _ROW_VALUES_BYTES)
        for g in range(N_GROUPS):
            to = address(forward) + np.uintp(g * group_bytes + (slot + t - start) * VALUES_BYTES)
            delays = address(state) + np.uintp(g * _GROUP_STATE_BYTES)
            if 0 <= t < n:
                run_on_counts(
                    rows + np.uintp(g * COUNTS_BYTES),
                    _ROW_COUNTS_BYTES,
                    to,
                    VALUES_BYTES,
                    end - t,
                    delays,
                    address(feedback),
                    scale,
                )
            else:
                run_on_values(
                    rows + np.uintp(g * VALUES_BYTES),
                    _ROW_VALUES_BYTES,
                    to,
                    VALUES_BYTES,
                    end - t,
                    delays,
                    address(feedback),
                    scale,
                )
        t = end


@compiled()
def _filter_backward(forward, start, n, feedback, state, tile):
    """The last ``n`` samples before ``start + n`` of ``forward``, backward, to ``tile[:, :n]``."""
    forward_bytes, tile_bytes = forward.shape[1] * VALUES_BYTES, tile.shape[1] * VALUES_BYTES
    for g in range(N_GROUPS):
        run_on_values(
            address(forward) + np.uintp(g * forward_bytes + (start + n - 1) * VALUES_BYTES),
            -VALUES_BYTES,
            address(tile) + np.uintp(g * tile_bytes + (n - 1) * VALUES_BYTES),
            -VALUES_BYTES,
            n,
            address(state) + np.uintp(g * _GROUP_STATE_BYTES),
            address(feedback),
            1.0,
        )


@compiled()
def _find_medians(tile, n, last, keys, medians):
    """Medians of the samples of ``tile[:, :n]``, latest first; ``last`` starts the search."""
    scratch = np.empty(1, np.float32)
    bits = scratch.view(np.int32)
    group_bytes = tile.shape[1] * VALUES_BYTES
    for j in range(n - 1, -1, -1):
        values = address(tile) + np.uintp(j * VALUES_BYTES)
        last = median(values, group_bytes, keys, last, scratch, bits)
        medians[j] = last
    return last


@compiled()
def _write_channels(tile, n, medians, out, first):
    """``tile[:, :n]`` less its medians into ``out`` (N_CHANNELS, n_out) from ``first`` on."""
    n_out, group_bytes = out.strides[0] // 4, tile.shape[1] * VALUES_BYTES
    n_whole = n - n % LANES
    for g in range(N_GROUPS):
        for j in range(0, n_whole, LANES):
            transpose(
                address(tile) + np.uintp(g * group_bytes + j * VALUES_BYTES),
                address(medians) + np.uintp(4 * j),
                address(out) + np.uintp(4 * (g * LANES * n_out + first + j)),
                4 * n_out,
            )
        for j in range(n_whole, n):
            for lane in range(LANES):
                out[g * LANES + lane, first + j] = tile[g, j, lane] - medians[j]


@compiled()
def bandpass_reference(counts, lead, scale, feedback, steady, subtract_median, out):
    """Filter a chunk forward and backward and write its middle to ``out``.

    Equal to ``scipy.signal.sosfiltfilt`` over the chunk in float64 (odd padding
    at its two ends), then the median over channels, but for rounding to float32.

    Parameters
    ----------
    counts : np.ndarray
        int16 (n_chunk, N_CHANNELS), contiguous: the output range with its real margins.
    lead : int
        Samples of the chunk before the output range; at most MARGIN_SAMPLES are of use.
    scale : float
        uV per count, times the filter's gain in both directions.
    feedback, steady : np.ndarray
        float64 (2 * N_SECTIONS,): ``-a1, -a2`` of each section, and its two delays
        in the steady state for a constant input of 1.
    subtract_median : bool
        Whether each sample's median over channels is subtracted.
    out : np.ndarray
        float32 (N_CHANNELS, n_out), each channel contiguous, written whole, uV.
    """
    n_chunk, n_out = counts.shape[0], out.shape[1]
    capacity = max(BLOCK_SAMPLES + MARGIN_SAMPLES, lead) + ODD_PAD_SAMPLES
    forward = _aligned(N_GROUPS, capacity)
    # One vector more, so that the groups of a sample do not share the same few cache sets.
    tile = _aligned(N_GROUPS, TILE_SAMPLES + 1)
    forward_state = np.empty((N_GROUPS, 2 * N_SECTIONS, LANES), np.float64)
    state = np.empty((N_GROUPS, 2 * N_SECTIONS, LANES), np.float64)
    keys, last = np.empty(N_CHANNELS, np.int32), np.float32(0.0)
    medians = np.zeros(TILE_SAMPLES, np.float32)
    edge = np.empty(N_CHANNELS, np.float32)

    before, after = _odd_extensions(counts)
    _reset(before[0], scale, steady, forward_state)
    _filter_forward(
        counts, before, after, -ODD_PAD_SAMPLES, lead, scale, feedback, forward_state, forward, 0
    )
    held = 0  # samples of `forward` that are filled, from the block's first on
    for first in range(0, n_out, BLOCK_SAMPLES):
        n_block = min(BLOCK_SAMPLES, n_out - first)
        begin = lead + first
        ahead = min(begin + n_block + MARGIN_SAMPLES, n_chunk)
        if ahead == n_chunk:
            ahead += ODD_PAD_SAMPLES
        _filter_forward(
            counts,
            before,
            after,
            begin + held,
            ahead,
            scale,
            feedback,
            forward_state,
            forward,
            held,
        )
        n_ahead = ahead - begin
        for c in range(N_CHANNELS):
            edge[c] = forward[c // LANES, n_ahead - 1, c % LANES]
        _reset(edge, 1.0, steady, state)
        stop = n_ahead
        while stop > 0:
            start = max(n_block, stop - TILE_SAMPLES)
            if stop <= n_block:
                start = (stop - 1) // TILE_SAMPLES * TILE_SAMPLES
            _filter_backward(forward, start, stop - start, feedback, state, tile)
            if start < n_block:
                if subtract_median:
                    last = _find_medians(tile, stop - start, last, keys, medians)
                _write_channels(tile, stop - start, medians, out, first + start)
            stop = start
        held = n_ahead - n_block
        for g in range(N_GROUPS):
            for j in range(held):
                forward[g, j] = forward[g, n_block + j]
