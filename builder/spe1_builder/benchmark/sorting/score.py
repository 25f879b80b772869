"""The score of a sorting: numbers of spikes in, numbers out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import get_args

import numpy as np

from spe1_builder.benchmark.common.proportion import wilson
from spe1_builder.benchmark.sorting.match import count_matches, match
from spe1_builder.benchmark.sorting.schema_scores import (
    Chance,
    Part,
    PartScore,
    Shape,
    SortingScore,
    UnitScore,
    Unlagged,
)
from spe1_builder.constants import NPX_RATE_HZ
from spe1_builder.reading.sortings.units import SortedUnits

#: SpikeInterface's tolerance, which is the headline's, and SpikeForest's.
TOLERANCES_MS = (0.4, 1.0)
#: A unit has a part in a neuron if it holds more than this share of its spikes.
LEAST_SHARE = 0.1
#: No neuron fires twice within.
DUPLICATE_MS = 0.3
N_SHIFTS = 50
SHIFT_SEED = 0
#: A lag that is looked for, either way.
MOST_LAG_MS = 2.0
#: A shift is no nearer than this to none, or a tenth of a short window.
_LEAST_SHIFT_S = 1.0
PARTS: tuple[Part, ...] = get_args(Part)


def as_samples(length_ms: float) -> int:
    """Whole samples within a length, as SpikeInterface counts them.

    >>> as_samples(0.4), as_samples(1.0)
    (12, 30)
    """
    return int(length_ms / 1000.0 * NPX_RATE_HZ)


def as_ms(samples: float) -> float:
    """Of samples at 30 kHz."""
    return float(samples) / NPX_RATE_HZ * 1000.0


def score_unit(unit_id: str | None, n_truth: int, n_found: int, n_both: int) -> UnitScore:
    """The field's three numbers, from three counts of spikes.

    >>> one = score_unit("7", 10, 8, 6)
    >>> one.accuracy, one.precision, one.recall
    (0.5, 0.75, 0.6)
    """
    n_any = n_truth + n_found - n_both
    return UnitScore(
        unit_id=unit_id,
        n_spikes=n_found,
        tp=n_both,
        fn=n_truth - n_both,
        fp=n_found - n_both,
        accuracy=n_both / n_any if n_truth else None,
        precision=n_both / n_found if n_truth and n_found else None,
        recall=n_both / n_truth if n_truth else None,
        accuracy_interval=wilson(n_both, n_any) if n_truth else None,
    )


def best_unit(truth: np.ndarray, units: SortedUnits, delta: int, shift: int = 0) -> UnitScore:
    """The unit of the highest accuracy; of a sorting without units, a miss.

    Parameters
    ----------
    truth : np.ndarray
        int64 (n_spikes,), ascending samples of the window.
    units : SortedUnits
    delta : int
        Tolerance in samples.
    shift : int
        Added to ``truth``.
    """
    if not units.unit_ids:
        return score_unit(None, len(truth), 0, 0)
    counts = count_matches(truth, units.samples, delta, shift)
    found = np.array([len(samples) for samples in units.samples], dtype=np.int64)
    best = int(np.argmax(_accuracies(len(truth), found, counts)))
    return score_unit(units.unit_ids[best], len(truth), int(found[best]), int(counts[best]))


def score_sorting(
    truth: np.ndarray,
    units: SortedUnits,
    n_samples: int,
    n_train: int,
    others: Sequence[np.ndarray] | None = None,
) -> SortingScore:
    """Score a sorting against the patched neuron.

    Parameters
    ----------
    truth : np.ndarray
        int64 (n_spikes,), ascending samples of the analysis window.
    units : SortedUnits
    n_samples, n_train : int
        Of the window, and of its train split.
    others : sequence of np.ndarray, optional
        Spikes of the other neurons, where they were planted.
    """
    parts = []
    for part in PARTS:
        first = 0 if part == "all" else n_train
        here, within = truth[truth >= first], from_sample(units, first)
        parts += [_part_score(part, tolerance, here, within) for tolerance in TOLERANCES_MS]
    delta = as_samples(TOLERANCES_MS[0])
    shifts = _shifts(n_samples)
    by_shift = np.array(
        [count_matches(_turned(truth, s, n_samples), units.samples, delta) for s in shifts]
    ).reshape(len(shifts), len(units.unit_ids))
    best = parts[0].best
    return SortingScore(
        parts=parts,
        unlagged=_unlagged(truth, units, delta),
        chance=_chance(len(truth), units, by_shift, best),
        shape=_shape(truth, units, by_shift, best, delta, others),
    )


def from_sample(units: SortedUnits, first: int) -> SortedUnits:
    """The spikes from a sample on."""
    if first == 0:
        return units
    rest = tuple(samples[samples >= first] for samples in units.samples)
    return SortedUnits(units.unit_ids, rest, units.source, units.notes)


def spikes_of(units: SortedUnits, unit_id: str | None) -> np.ndarray:
    """The spikes of a unit; none of no unit."""
    if unit_id is None:
        return np.empty(0, np.int64)
    return units.samples[units.unit_ids.index(unit_id)]


def _accuracies(n_truth: int, found: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """float64 (..., n_units), 0 where nobody fires."""
    n_any = n_truth + found - counts
    return np.where(n_any > 0, counts / np.maximum(n_any, 1), 0.0)


def _part_score(
    part: Part, tolerance_ms: float, truth: np.ndarray, units: SortedUnits
) -> PartScore:
    delta = as_samples(tolerance_ms)
    best = best_unit(truth, units, delta)
    lags = _offsets(truth, spikes_of(units, best.unit_id), delta)
    return PartScore(
        part=part,
        tolerance_ms=tolerance_ms,
        tolerance_samples=delta,
        best=best,
        lag_ms=as_ms(float(np.median(lags))) if len(lags) else None,
    )


def _offsets(truth: np.ndarray, found: np.ndarray, delta: int) -> np.ndarray:
    in_truth, in_found = match(truth, found, delta)
    return found[in_found] - truth[in_truth]


def _unlagged(truth: np.ndarray, units: SortedUnits, delta: int) -> Unlagged | None:
    """The lag under which the best accuracy is highest; of several, the smallest."""
    if not units.unit_ids or not len(truth):
        return None
    most = as_samples(MOST_LAG_MS)
    found = np.array([len(samples) for samples in units.samples], dtype=np.int64)
    lags = sorted(range(-most, most + 1), key=lambda lag: (abs(lag), lag))
    accuracies = [
        _accuracies(len(truth), found, count_matches(truth, units.samples, delta, lag)).max()
        for lag in lags
    ]
    # The whole plateau has one accuracy; its middle is where the spikes are.
    top = [lag for lag, value in zip(lags, accuracies, strict=True) if value == max(accuracies)]
    lag = int(np.median(top)) if int(np.median(top)) in top else top[0]
    return Unlagged(lag_ms=as_ms(lag), best=best_unit(truth, units, delta, lag))


def _shifts(n_samples: int) -> np.ndarray:
    """int64 (N_SHIFTS,): how far the patched spikes are moved round the window."""
    least = min(int(_LEAST_SHIFT_S * NPX_RATE_HZ), max(n_samples // 10, 1))
    rng = np.random.default_rng(SHIFT_SEED)
    return rng.integers(least, max(n_samples - least, least + 1), N_SHIFTS)


def _turned(truth: np.ndarray, shift: int, n_samples: int) -> np.ndarray:
    return np.sort((truth + shift) % n_samples)


def _chance(
    n_truth: int, units: SortedUnits, by_shift: np.ndarray, best: UnitScore
) -> Chance | None:
    if best.accuracy is None:
        return None
    found = np.array([len(samples) for samples in units.samples], dtype=np.int64)
    highest = _accuracies(n_truth, found, by_shift).max(axis=1, initial=0.0)
    return Chance(
        n_shifts=len(by_shift),
        seed=SHIFT_SEED,
        mean=float(highest.mean()),
        highest=float(highest.max()),
        is_beyond=best.accuracy > highest.max(),
    )


def _shape(
    truth: np.ndarray,
    units: SortedUnits,
    by_shift: np.ndarray,
    best: UnitScore,
    delta: int,
    others: Sequence[np.ndarray] | None,
) -> Shape:
    counts = count_matches(truth, units.samples, delta)
    least = np.maximum(LEAST_SHARE * len(truth), by_shift.max(axis=0, initial=0))
    found = spikes_of(units, best.unit_id)
    is_true = np.zeros(len(found), dtype=bool)
    is_true[match(truth, found, delta)[1]] = True
    merged = None
    if others is not None:
        held = count_matches_of(others, found[~is_true], delta)
        sizes = np.array([len(other) for other in others], dtype=np.int64)
        merged = int(((sizes > 0) & (held > LEAST_SHARE * sizes)).sum())
    return Shape(
        split_over=int((counts > least).sum()),
        n_duplicates=int((np.diff(found) < DUPLICATE_MS / 1000.0 * NPX_RATE_HZ).sum()),
        merged_with=merged,
        others_share=float((~is_true).mean()) if len(found) else None,
    )


def count_matches_of(others: Sequence[np.ndarray], found: np.ndarray, delta: int) -> np.ndarray:
    """Of each of several neurons, the spikes that one unit holds: int64 (n_others,)."""
    return np.array([len(match(other, found, delta)[0]) for other in others], dtype=np.int64)
