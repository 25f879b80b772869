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

What is compiled holds no GIL, so threads scale; plain Python only leads from block to block.
"""

from __future__ import annotations

import numpy as np

from spe1_builder.compiled import compiled
from spe1_builder.constants import MARGIN_SAMPLES, N_CHANNELS
from spe1_builder.signal.bandpass.groups import LANES, N_GROUPS, N_SECTIONS
from spe1_builder.signal.bandpass.median_kernel import median
from spe1_builder.signal.bandpass.operations import run_on_counts, run_on_values, write_channels

#: Samples by which scipy's ``sosfiltfilt`` pads each end of a chunk with 5 sections.
ODD_PAD_SAMPLES = 3 * (2 * N_SECTIONS + 1)
#: Output samples filtered backward at a time: the forward pass of a block and
#: its margin (9 MB) is all that is held, whatever the length of the chunk.
BLOCK_SAMPLES = 4_096
#: Samples filtered backward, referenced and transposed at a time; a tile of all
#: channels (0.8 MB) stays in the L2 cache, and each channel's part is half a page.
TILE_SAMPLES = 512
#: Bytes of a cache line, and of one sample of a group.
_ALIGNMENT = 4 * LANES


def _aligned(*shape: int) -> np.ndarray:
    """float32 memory whose vectors do not straddle cache lines."""
    n_bytes = 4 * int(np.prod(shape))
    memory = np.empty(n_bytes + _ALIGNMENT, np.uint8)
    first = -memory.ctypes.data % _ALIGNMENT
    return memory[first : first + n_bytes].view(np.float32).reshape(shape)


class Memory:
    """Working memory of `bandpass_reference`, 10 MB; fresh pages for every call take time.

    A group's samples follow each other in memory.
    """

    def __init__(self) -> None:
        capacity = BLOCK_SAMPLES + MARGIN_SAMPLES + ODD_PAD_SAMPLES
        self.forward = _aligned(N_GROUPS, capacity, LANES).transpose(1, 0, 2)
        # One vector more, so that the groups of a sample do not share the same few cache sets.
        self.tile = _aligned(N_GROUPS, TILE_SAMPLES + 1, LANES).transpose(1, 0, 2)
        self.state = np.empty((N_GROUPS, 2 * N_SECTIONS, LANES))
        self.keys = np.empty(N_CHANNELS, np.int32)


def _odd_extensions(counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What ``sosfiltfilt`` puts before and after a chunk: float32 (ODD_PAD_SAMPLES, ...)."""
    # Whole numbers below 2^24: exact.
    before = 2.0 * counts[0] - counts[ODD_PAD_SAMPLES:0:-1]
    after = 2.0 * counts[-1] - counts[-2 : -2 - ODD_PAD_SAMPLES : -1]
    return before.astype(np.float32), after.astype(np.float32)


@compiled(
    "float32(float32[:,:,:], intp, intp, float64[::1], float64[::1], float64[:,:,::1], boolean,"
    " float32, float32[:,:,:], int32[::1], float32[::1], float32[:,:], intp)"
)
def _filter_backward(
    forward,
    n_ahead,
    n_block,
    feedback,
    steady,
    state,
    subtract_median,
    guess,
    tile,
    keys,
    medians,
    out,
    first,
):
    """``forward[:n_ahead]`` backward, of which the first ``n_block`` samples go to ``out``.

    What lies behind them in ``forward`` moves to its front: it is the begin of the next block.
    The search for medians begins at ``guess``; the last one that was found is given back.
    """
    for g in range(N_GROUPS):
        for delay in range(2 * N_SECTIONS):
            for lane in range(LANES):
                state[g, delay, lane] = steady[delay] * forward[n_ahead - 1, g, lane]
    stop = n_ahead
    while stop > 0:
        start = max(n_block, stop - TILE_SAMPLES)
        if stop <= n_block:
            start = (stop - 1) // TILE_SAMPLES * TILE_SAMPLES
        n = stop - start
        run_on_values(forward, stop - 1, tile, n - 1, n, -1, 1.0, feedback, state)
        if start < n_block:
            if subtract_median:
                for j in range(n - 1, -1, -1):
                    guess = median(tile, j, keys, guess)
                    medians[j] = guess
            write_channels(tile, n, medians, out, first + start)
        stop = start
    for g in range(N_GROUPS):
        for j in range(n_ahead - n_block):
            for lane in range(LANES):
                forward[j, g, lane] = forward[n_block + j, g, lane]
    return guess


def bandpass_reference(
    counts: np.ndarray,
    lead: int,
    scale: float,
    feedback: np.ndarray,
    steady: np.ndarray,
    subtract_median: bool,
    out: np.ndarray,
    memory: Memory | None = None,
) -> None:
    """Filter a chunk forward and backward and write its middle to ``out``.

    Equal to ``scipy.signal.sosfiltfilt`` over the chunk in float64 (odd padding
    at its two ends), then the median over channels, but for rounding to float32.

    Parameters
    ----------
    counts : np.ndarray
        int16 (n_chunk, N_CHANNELS), contiguous: the output range with its real margins.
    lead : int
        Samples of the chunk before the output range; at most MARGIN_SAMPLES.
    scale : float
        uV per count, times the filter's gain in both directions.
    feedback, steady : np.ndarray
        float64 (2 * N_SECTIONS,): ``-a1, -a2`` of each section, and its two delays
        in the steady state for a constant input of 1.
    subtract_median : bool
        Whether each sample's median over channels is subtracted.
    out : np.ndarray
        float32 (N_CHANNELS, n_out), each channel contiguous, written whole, uV.
    memory : Memory, optional
        Used by one call at a time.
    """
    assert 0 <= lead <= MARGIN_SAMPLES  # the forward pass of a lead has to fit its memory
    n_chunk, n_out = len(counts), out.shape[1]
    counts = counts.reshape(n_chunk, N_GROUPS, LANES)
    before, after = _odd_extensions(counts)
    parts = (
        (run_on_values, before, -ODD_PAD_SAMPLES),
        (run_on_counts, counts, 0),
        (run_on_values, after, n_chunk),
    )
    memory = memory or Memory()
    forward = memory.forward
    medians = np.zeros(TILE_SAMPLES, np.float32)
    # In the steady state for the chunk's first extended sample.
    state = steady[:, None] * (before[0, :, None].astype(np.float64) * scale)
    guess = np.float32(0.0)

    def filter_forward(start: int, stop: int, slot: int) -> None:
        """Samples [start, stop) of the chunk and its extensions to ``forward[slot:]``."""
        for run, values, begin in parts:
            first, last = max(start, begin), min(stop, begin + len(values))
            if first < last:
                run(
                    values,
                    first - begin,
                    forward,
                    slot + first - start,
                    last - first,
                    1,
                    scale,
                    feedback,
                    state,
                )

    filter_forward(-ODD_PAD_SAMPLES, lead, 0)
    held = 0  # samples of `forward` that are filled, from the block's first on
    for first in range(0, n_out, BLOCK_SAMPLES):
        n_block = min(BLOCK_SAMPLES, n_out - first)
        begin = lead + first
        ahead = min(begin + n_block + MARGIN_SAMPLES, n_chunk)
        if ahead == n_chunk:
            ahead += ODD_PAD_SAMPLES
        filter_forward(begin + held, ahead, held)
        n_ahead = ahead - begin
        guess = _filter_backward(
            forward,
            n_ahead,
            n_block,
            feedback,
            steady,
            memory.state,
            subtract_median,
            guess,
            memory.tile,
            memory.keys,
            medians,
            out,
            first,
        )
        held = n_ahead - n_block
