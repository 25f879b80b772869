"""The compiled loop of `builder.signal.histogram`."""

from __future__ import annotations

import numba
import numpy as np


@numba.njit(nogil=True, cache=True)
def fill(traces, counts, bins_per_uV, half_bins):
    """Count ``traces`` (n_channels, n_samples) float32 into ``counts`` (n_channels, n_bins)."""
    last = counts.shape[1] - 1
    for c in range(traces.shape[0]):
        for t in range(traces.shape[1]):
            index = int(np.floor(traces[c, t] * bins_per_uV)) + half_bins
            counts[c, min(max(index, 0), last)] += np.uint32(1)
