"""The compiled loop of `spe1_builder.signal.quartiles.histogram`."""

from __future__ import annotations

import numpy as np

from spe1_builder.compiled import compiled

#: Indices computed together (vectorised) before they are counted one by one.
_BLOCK = 1024


@compiled()
def fill(traces, counts, bins_per_uV, half_bins):
    """Count ``traces`` (n_channels, n_samples) float32 into ``counts`` (n_channels, n_bins).

    Values beyond the ends fall into the outermost bins. Two loops, of which the first is
    vectorised, take 0.012 s for 384 x 90,000 values; one takes 0.08 s.
    """
    lowest, highest = np.float32(0.0), np.float32(counts.shape[1] - 1)
    scale, shift = np.float32(bins_per_uV), np.float32(half_bins)
    # Unsigned, or every use would ask whether it counts from the end.
    index = np.empty(_BLOCK, np.uint32)
    for c in range(traces.shape[0]):
        trace, channel_counts = traces[c], counts[c]
        for first in range(0, trace.size, _BLOCK):
            # A slice and conditions: an offset, min or max would keep it from being vectorised.
            part = trace[first : first + _BLOCK]
            for j in range(part.size):
                position = part[j] * scale + shift
                position = position if position > lowest else lowest
                position = position if position < highest else highest
                # Not negative, so that truncation rounds down.
                index[j] = np.uint32(np.int32(position))
            for j in range(part.size):
                channel_counts[np.uint64(index[j])] += np.uint32(1)
