"""Shares of spikes, and how sure they are."""

from __future__ import annotations

import math

from spe1_builder.benchmark.common.scores import Interval

#: Two-sided 95 % of a normal distribution.
_Z = 1.959963984540054


def wilson(n_hit: int, n: int) -> Interval | None:
    """Wilson's 95 % interval of a share; None of nothing.

    Wilson 1927: stays within [0, 1], and has a width where all or none are hits.

    >>> interval = wilson(8, 10)
    >>> round(interval.low, 3), round(interval.high, 3)
    (0.49, 0.943)
    """
    if n == 0:
        return None
    share, z2 = n_hit / n, _Z * _Z
    center = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = _Z * math.sqrt(share * (1 - share) / n + z2 / (4 * n * n)) / (1 + z2 / n)
    # None and all are exact; rounding would leave 1e-17.
    return Interval(
        low=center - half if n_hit > 0 else 0.0, high=center + half if n_hit < n else 1.0
    )
