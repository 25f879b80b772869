"""What a dead electrode records: noise that any sample of can be made alone.

A counter-based generator (Philox 4x64-10; Salmon et al. 2011, doi:10.1145/2063384.2063405)
keyed by seed and channel and counted by sample, so that a window of a recording has the
same noise whoever makes it, in whatever order.
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


@compiled()
def _look_up(draws, thresholds, guide, lowest, out):
    """Values of uniform 32-bit draws, by the table: int16 (n,)."""
    for t in range(draws.size):
        draw = np.int64(draws[t])
        k = guide[draw >> (32 - _GUIDE_BITS)]
        while k < thresholds.size and thresholds[k] <= draw:
            k += 1
        out[t] = lowest + k


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
        first, last = start // _BLOCK, (stop - 1) // _BLOCK + 1
        for channel in range(N_CHANNELS):
            key = np.array([self.seed, channel], dtype=np.uint64)
            words = np.random.Philox(counter=first, key=key).random_raw(4 * (last - first))
            # The lower half of a word is drawn first.
            draws = words.astype("<u8", copy=False).view("<u4")
            begin = start - first * _BLOCK
            _look_up(draws[begin : begin + stop - start], *_table(), counts[:, channel])
        return counts


def dying_order(seed: int) -> np.ndarray:
    """The order in which the electrodes die: a permutation of the channels, int64."""
    return np.random.default_rng(seed).permutation(N_CHANNELS)
