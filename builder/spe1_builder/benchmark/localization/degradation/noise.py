"""What a dead electrode records: noise that any sample of can be made alone.

A counter-based generator (Philox 4x64-10; Salmon et al. 2011, doi:10.1145/2063384.2063405)
keyed by seed and channel and counted by sample, so that a window of a recording has the
same noise whoever makes it, in whatever order. The bits are those of numpy's ``Philox``.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from spe1_builder.compiled import compiled
from spe1_builder.constants import N_CHANNELS

#: The authors' dead electrodes: N(0, 50) in counts, before filtering.
NOISE_SD_COUNTS = 50.0
#: Samples made of one block of 256 bits.
_BLOCK = 8
#: Half the range of the table, in s.d.: less than 2^-32 lies beyond.
_REACH_SD = 6.5
#: Leading bits of a draw that look up where in the table to begin.
_GUIDE_BITS = 12

_M0, _M1 = np.uint64(0xD2E7470EE14C6C93), np.uint64(0xCA5A826395121157)
_W0, _W1 = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBB67AE8584CAA73B)
_HALF, _LOW = np.uint64(32), np.uint64(0xFFFFFFFF)
_ROUNDS = 10


@compiled(inline="always")
def _high_product(a, b):
    """Upper 64 bits of the product of two 64-bit numbers."""
    a_low, a_high = a & _LOW, a >> _HALF
    b_low, b_high = b & _LOW, b >> _HALF
    middle = a_high * b_low + ((a_low * b_low) >> _HALF)
    other = a_low * b_high + (middle & _LOW)
    return a_high * b_high + (middle >> _HALF) + (other >> _HALF)


@compiled()
def philox_block(counter, key0, key1, out):
    """One block: four uint64 of the counter (counter, 0, 0, 0) under the key."""
    c0, c1, c2, c3 = counter, np.uint64(0), np.uint64(0), np.uint64(0)
    for _ in range(_ROUNDS):
        high0, low0 = _high_product(_M0, c0), _M0 * c0
        high1, low1 = _high_product(_M1, c2), _M1 * c2
        c0, c1, c2, c3 = high1 ^ c1 ^ key0, low1, high0 ^ c3 ^ key1, low0
        key0, key1 = key0 + _W0, key1 + _W1
    out[0], out[1], out[2], out[3] = c0, c1, c2, c3


@compiled()
def _fill(seed, start, thresholds, guide, lowest, out):
    """Noise of samples [start, start + len(out)) on every channel: int16 (n, N_CHANNELS)."""
    n = out.shape[0]
    words = np.empty(4, np.uint64)
    for channel in range(out.shape[1]):
        for block in range(start // _BLOCK, (start + n - 1) // _BLOCK + 1):
            # numpy counts before it draws: its first block has counter 1.
            philox_block(np.uint64(block + 1), np.uint64(seed), np.uint64(channel), words)
            for i in range(_BLOCK):
                t = block * _BLOCK + i - start
                if t < 0 or t >= n:
                    continue
                word = words[i >> 1]
                draw = np.int64((word >> _HALF) if i & 1 else (word & _LOW))
                k = guide[draw >> (32 - _GUIDE_BITS)]
                while k < thresholds.size and thresholds[k] <= draw:
                    k += 1
                out[t, channel] = lowest + k


@cache
def _table() -> tuple[np.ndarray, np.ndarray, int]:
    """Inverse of the distribution of round(N(0, s.d.)): thresholds, guide, lowest value.

    A uniform 32-bit draw that ``k`` thresholds do not exceed is the value ``lowest + k``.
    """
    import scipy.special

    lowest = -int(_REACH_SD * NOISE_SD_COUNTS)
    edges = np.arange(lowest, -lowest) + 0.5
    cumulative = scipy.special.ndtr(edges / NOISE_SD_COUNTS)
    thresholds = np.rint(cumulative * 2.0**32).astype(np.int64)
    firsts = np.arange(1 << _GUIDE_BITS, dtype=np.int64) << (32 - _GUIDE_BITS)
    return thresholds, np.searchsorted(thresholds, firsts, side="right"), lowest


class NoiseCounts:
    """A recording in which every electrode is dead; stands in for the raw one.

    Parameters
    ----------
    seed : int
    n_npx : int
        Samples of the recording.
    """

    def __init__(self, seed: int, n_npx: int):
        self.seed, self.n_npx = seed, n_npx

    def read_counts(self, start: int, stop: int, out: np.ndarray | None = None) -> np.ndarray:
        """Samples [start, stop): int16 (stop - start, N_CHANNELS), ADC counts."""
        if out is None:
            out = np.empty((stop - start, N_CHANNELS), dtype=np.int16)
        counts = out[: stop - start]
        _fill(self.seed, start, *_table(), counts)
        return counts


def dying_order(seed: int) -> np.ndarray:
    """The order in which the electrodes die: a permutation of the channels, int64."""
    return np.random.default_rng(seed).permutation(N_CHANNELS)
