"""Errors of estimated places, and what is made of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from spe1_builder.benchmark.common.scores import Interval, Score

#: Samples of the bootstrap, their seed, and what the interval covers.
BOOTSTRAP_SAMPLES = 2000
BOOTSTRAP_SEED = 0
CONFIDENCE = 0.95
#: An estimate further than this beyond the outermost sites is out of bounds.
BOUNDS_MARGIN_UM = 100.0


@dataclass(frozen=True)
class Errors:
    """Estimates of one cell against its target.

    Attributes
    ----------
    offset_um : np.ndarray
        float64 (n, 2): estimate minus target, x and y; NaN where there is no estimate.
    is_outside : np.ndarray
        bool (n,): out of bounds.
    """

    offset_um: np.ndarray
    is_outside: np.ndarray

    @property
    def distance_um(self) -> np.ndarray:
        """float64 (n,): 2-D distance; NaN where there is no estimate."""
        return np.hypot(self.offset_um[:, 0], self.offset_um[:, 1])


def measure(xy_um: np.ndarray, target_um: np.ndarray, positions_um: np.ndarray) -> Errors:
    """Errors of estimates.

    Parameters
    ----------
    xy_um : np.ndarray
        float64 (n, 2); NaN where a method failed.
    target_um : np.ndarray
        (2,) the ground-truth electrode, or (n, 2) that of each estimate.
    positions_um : np.ndarray
        (n_channels, 2): the probe, for the bounds.
    """
    xy_um = np.asarray(xy_um, dtype=np.float64)
    # An estimate with one coordinate, or at infinity, is none.
    xy_um = np.where(np.isfinite(xy_um).all(axis=1, keepdims=True), xy_um, np.nan)
    low = positions_um.min(axis=0) - BOUNDS_MARGIN_UM
    high = positions_um.max(axis=0) + BOUNDS_MARGIN_UM
    is_outside = ((xy_um < low) | (xy_um > high)).any(axis=1)
    return Errors(xy_um - np.asarray(target_um, dtype=np.float64), is_outside)


def join(errors: Sequence[Errors]) -> Errors:
    """Errors of several cells as one list."""
    return Errors(
        np.concatenate([part.offset_um for part in errors]),
        np.concatenate([part.is_outside for part in errors]),
    )


def median_or_none(values: np.ndarray) -> float | None:
    """Median of the values that are no NaN; None without any."""
    values = values[~np.isnan(values)]
    return float(np.median(values)) if len(values) else None


def accuracy(distance_um: np.ndarray, tolerance_um: float) -> float:
    """Share of estimates strictly within the tolerance; one that failed is not."""
    return float(np.mean(distance_um < tolerance_um))


def score(errors: Errors, tolerance_um: float) -> Score:
    """What is reported of a list of estimates.

    A failure (NaN) counts as a miss in the accuracy and is left out of the medians;
    one out of bounds is an estimate like any other, and counted besides.
    """
    distance_um = errors.distance_um
    n = len(distance_um)
    n_within = int((distance_um < tolerance_um).sum())
    return Score(
        n=n,
        n_within=n_within,
        accuracy=n_within / n if n else None,
        median_error_um=median_or_none(distance_um),
        median_abs_dx_um=median_or_none(np.abs(errors.offset_um[:, 0])),
        median_abs_dy_um=median_or_none(np.abs(errors.offset_um[:, 1])),
        n_nan=int(np.isnan(distance_um).sum()),
        n_out_of_bounds=int(errors.is_outside.sum()),
    )


def bootstrap(
    groups: Sequence[np.ndarray],
    statistic: Callable[[Sequence[np.ndarray]], float | None],
    *,
    n_samples: int = BOOTSTRAP_SAMPLES,
    seed: int = BOOTSTRAP_SEED,
) -> Interval | None:
    """Percentile interval of a statistic when cells are drawn with replacement.

    Cells are the independent units: spikes of one neuron share its place and shape.

    Parameters
    ----------
    groups : sequence of np.ndarray
        Distances of each cell's estimates, um.
    statistic : callable
        Of a sequence of such groups.

    Returns
    -------
    Interval or None
        None with fewer than two cells, or where the statistic has no value.
    """
    if len(groups) < 2:
        return None
    rng = np.random.default_rng(seed)
    values = []
    for chosen in rng.integers(len(groups), size=(n_samples, len(groups))):
        value = statistic([groups[i] for i in chosen])
        if value is not None:
            values.append(value)
    if not values:
        return None
    tail = 100.0 * (1.0 - CONFIDENCE) / 2.0
    low, high = np.percentile(values, [tail, 100.0 - tail])
    return Interval(low=float(low), high=float(high))
