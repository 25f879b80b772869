"""Peaks of a trace, and the height from which they count."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from spe1_builder.benchmark.sorting.match import count_matches, match
from spe1_builder.benchmark.sorting.score import TOLERANCES_MS, as_samples
from spe1_builder.constants import NPX_RATE_HZ

#: Of two peaks nearer than this the smaller is none: one patched spike then has one within reach.
APART_SAMPLES = 2 * as_samples(TOLERANCES_MS[0])
#: False spikes a second, at which both contestants are scored besides: from a clean unit to one
#: that fires as often by mistake as a neuron does.
FP_RATES_HZ = (0.1, 1.0, 5.0)
#: Thresholds that are tried: quantiles of the true peaks' heights.
_N_TRIED = 200


@dataclass(frozen=True, eq=False)
class Peaks:
    """Peaks in the order of time.

    Attributes
    ----------
    samples : np.ndarray
        int64 (n_peaks,), on the clock of the patched spikes.
    heights : np.ndarray
        float32 (n_peaks,).
    """

    samples: np.ndarray
    heights: np.ndarray

    def above(self, threshold: float) -> np.ndarray:
        """Samples of those at least so high: int64, ascending."""
        return self.samples[self.heights >= threshold]


def find_peaks(trace: np.ndarray, shift: int) -> Peaks:
    """Every value above 0 that is the largest far and wide.

    Parameters
    ----------
    trace : np.ndarray
        float32 (n_samples,).
    shift : int
        Samples from a patched spike to its peak, taken off.
    """
    from scipy.ndimage import maximum_filter1d

    highest = maximum_filter1d(trace, 2 * APART_SAMPLES + 1, mode="nearest")
    samples = np.flatnonzero((trace == highest) & (trace > 0))
    # Equal values far and wide are one peak, the first of them.
    samples = samples[np.diff(samples, prepend=-APART_SAMPLES - 1) > APART_SAMPLES]
    heights = trace[samples]
    moved = samples - shift
    is_inside = (moved >= 0) & (moved < len(trace))
    return Peaks(moved[is_inside].astype(np.int64), heights[is_inside])


def best_threshold(peaks: Peaks, truth: np.ndarray, n_train: int) -> tuple[float, float]:
    """The threshold of the highest accuracy on the train split, and that accuracy.

    Returns
    -------
    threshold, accuracy : float
        Without one true peak, a threshold above all of them, and 0.
    """
    train, is_true, here = _on_train(peaks, truth, n_train)
    if not is_true.any():
        return _above_all(peaks), 0.0
    tried = np.quantile(train.heights[is_true], np.linspace(0, 1, _N_TRIED))
    delta = as_samples(TOLERANCES_MS[0])
    best = (-1.0, 0.0)
    for threshold in np.unique(tried):
        found = train.above(threshold)
        n_both = int(count_matches(here, [found], delta)[0])
        best = max(best, (n_both / (len(here) + len(found) - n_both), float(threshold)))
    return best[1], best[0]


def fixed_thresholds(
    peaks: Peaks, truth: np.ndarray, n_train: int, rates_hz: Sequence[float] = FP_RATES_HZ
) -> list[float]:
    """For each rate the lowest threshold with no more false peaks a second on the train split."""
    train, is_true, _ = _on_train(peaks, truth, n_train)
    false = np.sort(train.heights[~is_true])[::-1]
    thresholds = []
    for rate_hz in rates_hz:
        n_allowed = int(rate_hz * n_train / NPX_RATE_HZ)
        if n_allowed < len(false):
            thresholds.append(float(np.nextafter(false[n_allowed], np.float32(np.inf))))
        else:
            thresholds.append(0.0)
    return thresholds


def _on_train(
    peaks: Peaks, truth: np.ndarray, n_train: int
) -> tuple[Peaks, np.ndarray, np.ndarray]:
    """Peaks of the train split, which of them are true, and its spikes."""
    is_train = peaks.samples < n_train
    train = Peaks(peaks.samples[is_train], peaks.heights[is_train])
    here = truth[truth < n_train]
    is_true = np.zeros(len(train.samples), dtype=bool)
    is_true[match(here, train.samples, as_samples(TOLERANCES_MS[0]))[1]] = True
    return train, is_true, here


def _above_all(peaks: Peaks) -> float:
    return float(np.nextafter(peaks.heights.max(initial=0.0), np.float32(np.inf)))
