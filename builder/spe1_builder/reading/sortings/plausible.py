"""What spikes must be like to be those of a recording, and why they may not."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from spe1_builder.constants import NPX_RATE_HZ
from spe1_builder.dataset.metadata import AnalysisWindow

#: How far beyond the recording a spike may lie: sorters place the edge of a template.
SLACK_SAMPLES = 300
#: Half of all intervals of a neuron are longer than this; of a bursting one, too.
SHORTEST_MEDIAN_MS = 0.3
#: Units with fewer spikes tell nothing of their intervals.
_ENOUGH_SPIKES = 10
#: Spikes that should lie in the part of the recording that has none, for this to be no chance:
#: exp(-20).
TOO_MANY_MISSING = 20
#: Rates that recordings are resampled to, or taken for.
_OTHER_RATES_HZ = (10_000, 12_500, 15_000, 20_000, 24_000, 24_414, 25_000, 32_000, 40_000, 50_000)
#: How near to the end of the recording the last of many spikes lies, as a share of it.
_NEAR_END = 0.003


def fits(samples: np.ndarray, first: float, last: float) -> bool:
    """Whether all lie in [first, last), or a little beyond."""
    if len(samples) == 0:
        return True
    return bool(samples.min() >= first - SLACK_SAMPLES and samples.max() < last + SLACK_SAMPLES)


def median_interval_ms(trains: Sequence[np.ndarray]) -> float | None:
    """Median over units of the median interval between their spikes.

    Parameters
    ----------
    trains : sequence of np.ndarray
        Samples of each unit.

    Returns
    -------
    float or None
        None where no unit has enough spikes.
    """
    medians = []
    for train in trains:
        if len(train) >= _ENOUGH_SPIKES:
            intervals = np.diff(np.sort(train))
            # The same spike found twice says nothing of the rate.
            apart = intervals[intervals > 0]
            medians.append(np.median(apart) if len(apart) else 0.0)
    return float(np.median(medians)) / NPX_RATE_HZ * 1000 if medians else None


def too_fast(trains: Sequence[np.ndarray]) -> bool:
    """Whether no neuron fires like this."""
    interval_ms = median_interval_ms(trains)
    return interval_ms is not None and interval_ms < SHORTEST_MEDIAN_MS


def other_rate_hz(samples: np.ndarray, window: AnalysisWindow) -> int | None:
    """The rate at which these samples would just fill the window, if it is a known one.

    Nothing is said of fewer spikes than would be missed in the part that they leave empty.
    """
    if len(samples) == 0:
        return None
    share = float(samples.max()) / window.n_samples
    for rate_hz in _OTHER_RATES_HZ:
        expected = rate_hz / NPX_RATE_HZ
        is_end = expected * (1 - _NEAR_END) <= share <= expected
        n_missed = len(samples) * abs(1 / expected - 1)
        if is_end and n_missed > TOO_MANY_MISSING:
            return rate_hz
    return None


def ends_with(samples: np.ndarray, last: int) -> bool:
    """Whether the last of these spikes lies just before ``last``."""
    return len(samples) > 0 and (1 - _NEAR_END) * last < samples.max() < last + SLACK_SAMPLES
