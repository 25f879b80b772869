"""What the rows of a cell add up to, computed again while they pass."""

from __future__ import annotations

import numpy as np

from builder.constants import N_CHANNELS


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


class MedianCounts:
    """Whether given medians are the medians, by counting, without keeping the values.

    A value is the median to within ``tolerance_uV`` if at most half of the values
    are below it minus that, and at least half are not above it plus that.

    Parameters
    ----------
    medians_uV : np.ndarray or None
        float64 (N_CHANNELS,), to be tested; None counts nothing.
    tolerance_uV : float
    """

    def __init__(self, medians_uV: np.ndarray | None, tolerance_uV: float):
        self._has_medians = medians_uV is not None
        centre = np.zeros(N_CHANNELS) if medians_uV is None else medians_uV
        self._low = (centre - tolerance_uV).astype(np.float32)
        self._high = (centre + tolerance_uV).astype(np.float32)
        self._n_below = np.zeros(N_CHANNELS, dtype=np.int64)
        self._n_upto = np.zeros(N_CHANNELS, dtype=np.int64)
        self._n_samples = 0

    def add(self, traces_uV: np.ndarray, *, is_train: bool) -> int | None:
        """Count a segment of ``train``; look for values that are not finite in any.

        Channel by channel, so that the three looks at a channel find it in the
        processor's cache.

        Parameters
        ----------
        traces_uV : np.ndarray
            float32 (N_CHANNELS, n_samples).
        is_train : bool

        Returns
        -------
        int or None
            The first channel that holds NaN or infinity.
        """
        mask = np.empty(traces_uV.shape[1], dtype=bool)
        broken = None
        for channel, values in enumerate(traces_uV):
            if not np.isfinite(values, out=mask).all() and broken is None:
                broken = channel
            if is_train and self._has_medians:
                np.less(values, self._low[channel], out=mask)
                self._n_below[channel] += np.count_nonzero(mask)
                np.less_equal(values, self._high[channel], out=mask)
                self._n_upto[channel] += np.count_nonzero(mask)
        self._n_samples += traces_uV.shape[1] if is_train else 0
        return broken

    def wrong_channels(self) -> np.ndarray:
        """int64 (n,), channels whose given median is not the median."""
        half = self._n_samples / 2
        is_good = (self._n_below <= half) & (self._n_upto >= half)
        return np.flatnonzero(~is_good & self._has_medians)
