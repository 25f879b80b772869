"""What the rows of a cell add up to, computed again while they pass."""

from __future__ import annotations

import numpy as np

from spe1_builder.constants import N_CHANNELS


class TemplateSum:
    """Mean over spike windows of segments that come one after the other.

    A window may cross any number of segments: its part in each is added when the
    segment passes, and the samples before a segment are kept for the spikes in it.

    Parameters
    ----------
    n_before, n_after : int
        Samples of a window.
    n_samples : int
        Of the analysis window; spike windows that do not lie in it are left out.

    Attributes
    ----------
    n_used : int
        Spike windows in the sum.
    """

    def __init__(self, n_before: int, n_after: int, n_samples: int):
        self._n_before, self._n_after, self._n_samples = n_before, n_after, n_samples
        self._sum = np.zeros((N_CHANNELS, n_before + n_after))
        self._open: list[int] = []
        self._before = np.empty((N_CHANNELS, 0), dtype=np.float32)
        self.n_used = 0

    def add(self, first: int, traces_uV: np.ndarray, spikes: np.ndarray) -> None:
        """The next segment.

        Parameters
        ----------
        first : int
            Its first sample in the analysis window.
        traces_uV : np.ndarray
            float32 (N_CHANNELS, n_samples).
        spikes : np.ndarray
            int64 (n,), those in the segment, samples of the analysis window.
        """
        whole = (spikes >= self._n_before) & (spikes + self._n_after <= self._n_samples)
        used = [int(spike) for spike in spikes[whole]]
        self.n_used += len(used)
        for spike in used:
            self._add_part(spike, first - self._before.shape[1], self._before)
        self._open += used
        for spike in self._open:
            self._add_part(spike, first, traces_uV)
        stop = first + traces_uV.shape[1]
        self._open = [spike for spike in self._open if spike + self._n_after > stop]
        # Copied, so that the mapped segment can go.
        kept = np.concatenate([self._before, traces_uV[:, -self._n_before :]], axis=1)
        self._before = kept[:, -self._n_before :].copy()

    def _add_part(self, spike: int, first: int, traces_uV: np.ndarray) -> None:
        """Add the part of a spike's window that lies in traces which start at ``first``."""
        start = spike - self._n_before
        low = max(start, first)
        high = min(spike + self._n_after, first + traces_uV.shape[1])
        if low < high:
            self._sum[:, low - start : high - start] += traces_uV[:, low - first : high - first]

    def mean_uV(self) -> np.ndarray:
        """float64 (n_before + n_after, N_CHANNELS); NaN without any spike."""
        return self._sum.T / (self.n_used or np.nan)
