"""Where windows without a spike may begin."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np


class FreeStarts:
    """First samples of windows that no ground-truth spike comes near.

    Parameters
    ----------
    spike_samples : np.ndarray
        int64 (n_spikes,), ascending: all of the analysis window, whatever their split.
    n_all : int
        Samples of the analysis window. Spikes beyond its ends are not known, so that windows
        keep away from the ends as if there were one.
    spans : iterable of tuple of int
        [first, last) in one of which a window lies whole.
    n_samples : int
        Length of a window.
    margin : int
        No spike lies in the window, or in so many samples before and after it.
    """

    def __init__(
        self,
        spike_samples: np.ndarray,
        n_all: int,
        spans: Iterable[tuple[int, int]],
        n_samples: int,
        margin: int,
    ):
        # Between one spike and the next; both ends belong to the range.
        lows = np.concatenate([[-1], spike_samples]) + margin + 1
        highs = np.concatenate([spike_samples, [n_all]]) - margin - n_samples
        parts = [
            (np.maximum(lows, first), np.minimum(highs, last - n_samples)) for first, last in spans
        ]
        low = np.concatenate([part[0] for part in parts])
        high = np.concatenate([part[1] for part in parts])
        is_free = low <= high
        self._lows = low[is_free]
        self._ends = np.cumsum(high[is_free] - self._lows + 1)

    def __len__(self) -> int:
        return int(self._ends[-1]) if len(self._ends) else 0

    def draw(self, n_windows: int, rng: np.random.Generator) -> np.ndarray:
        """Uniformly, none of them twice: int64 (n_windows,), at most ``len(self)``."""
        picked = rng.choice(len(self), n_windows, replace=False)
        ranges = np.searchsorted(self._ends, picked, side="right")
        before = np.concatenate([[0], self._ends])[ranges]
        return np.asarray(self._lows[ranges] + picked - before, dtype=np.int64)
