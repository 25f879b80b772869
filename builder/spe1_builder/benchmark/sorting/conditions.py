"""Recall, spike by spike, against what makes a spike hard to find."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np

from spe1_builder.benchmark.common.proportion import wilson
from spe1_builder.benchmark.sorting.cell import SortingCell
from spe1_builder.benchmark.sorting.schema_cells import Bin, Condition, Curve
from spe1_builder.constants import NPX_RATE_HZ

#: Bins of amplitude and of time, with as many spikes each, or as long each.
N_BINS = 8
_INTERVALS_MS = (0.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, np.inf)
_OVERLAPS_MS = (0.0, 0.25, 0.5, 1.0, 2.0, 5.0, np.inf)
_BURST = (0.0, 1.0, 2.0, 3.0, np.inf)
#: Spikes that a neuron's mean on the peak channel is made of, and samples around each.
_MOST_SPIKES, _AROUND = 200, 20
#: A neuron is seen there if its mean is this many standard errors from zero, and a half s.d. of
#: the noise high: one that is lower hides nothing.
_LEAST_ERRORS, _LEAST_SD = 6.0, 0.5

Others = Literal["planted", "sorted"]


def recall_curves(
    cell: SortingCell, is_hit: np.ndarray, others: Sequence[np.ndarray], of_whom: Others
) -> list[Curve]:
    """Every curve of a unit.

    Parameters
    ----------
    cell : SortingCell
    is_hit : np.ndarray
        bool (n_spikes,): patched spikes that the unit has.
    others : sequence of np.ndarray
        int64 (n,) each, ascending: spikes of the other neurons.
    of_whom : {"planted", "sorted"}
        Where the others come from.
    """
    spikes = cell.spikes
    amplitudes_uV = np.abs(spikes.amplitudes_uV.astype(np.float64))
    times_s = cell.truth / NPX_RATE_HZ
    duration_s = cell.n_samples / NPX_RATE_HZ
    seen = [other for other in others if is_seen(cell, other)]
    values: list[tuple[Condition, str, np.ndarray, np.ndarray]] = [
        ("amplitude", "uV", amplitudes_uV, _quantiles(amplitudes_uV)),
        ("interval", "ms", spikes.intervals_s * 1000.0, np.array(_INTERVALS_MS)),
        ("burst", "", spikes.burst_indices.astype(np.float64), np.array(_BURST)),
        ("overlap", "ms", nearest_ms(cell.truth, seen), np.array(_OVERLAPS_MS)),
        ("time", "s", times_s, np.linspace(0.0, duration_s, N_BINS + 1)),
    ]
    return [
        Curve(
            condition=condition,
            unit=unit,
            others=of_whom if condition == "overlap" else None,
            bins=binned(at, edges, is_hit),
        )
        for condition, unit, at, edges in values
    ]


def binned(values: np.ndarray, edges: np.ndarray, is_hit: np.ndarray) -> list[Bin]:
    """Recall in each bin that has spikes; those whose value is NaN are in none.

    Parameters
    ----------
    values : np.ndarray
        float64 (n_spikes,).
    edges : np.ndarray
        Ascending; the last bin has its upper edge, too.
    is_hit : np.ndarray
        bool (n_spikes,).
    """
    bins = []
    for i, (low, high) in enumerate(zip(edges[:-1], edges[1:], strict=True)):
        is_last = i == len(edges) - 2
        is_here = (values >= low) & ((values <= high) if is_last else (values < high))
        n, n_hit = int(is_here.sum()), int((is_here & is_hit).sum())
        interval = wilson(n_hit, n)
        if interval is None:
            continue
        bins.append(
            Bin(
                low=float(low),
                high=float(high) if np.isfinite(high) else None,
                n=n,
                n_hit=n_hit,
                recall=n_hit / n,
                interval=interval,
            )
        )
    return bins


def _quantiles(values: np.ndarray) -> np.ndarray:
    known = values[~np.isnan(values)]
    if not len(known):
        return np.array([0.0, 1.0])
    edges = np.unique(np.quantile(known, np.linspace(0.0, 1.0, N_BINS + 1)))
    return edges if len(edges) > 1 else np.array([edges[0], edges[0] + 1.0])


def nearest_ms(truth: np.ndarray, others: Sequence[np.ndarray]) -> np.ndarray:
    """From each patched spike to the nearest of the others': float64 (n_spikes,), ms.

    Infinite where there is none.
    """
    joined = np.sort(np.concatenate([*others, np.empty(0, np.int64)]))
    if not len(joined):
        return np.full(len(truth), np.inf)
    after = np.searchsorted(joined, truth)
    before = np.abs(truth - joined[np.maximum(after - 1, 0)])
    behind = np.abs(joined[np.minimum(after, len(joined) - 1)] - truth)
    return np.minimum(before, behind) / NPX_RATE_HZ * 1000.0


def is_seen(cell: SortingCell, samples: np.ndarray) -> bool:
    """Whether a neuron's mean spike rises above the noise on the cell's peak channel."""
    whole = samples[(samples >= _AROUND) & (samples < cell.n_samples - _AROUND)]
    if not len(whole):
        return False
    chosen = whole[np.linspace(0, len(whole) - 1, min(len(whole), _MOST_SPIKES)).astype(np.int64)]
    around = chosen[:, np.newaxis] + np.arange(-_AROUND, _AROUND)
    highest_uV = float(np.abs(cell.peak_trace_uV[around].mean(axis=0)).max())
    error_uV = cell.noise_uV / np.sqrt(len(chosen))
    return highest_uV > max(_LEAST_ERRORS * error_uV, _LEAST_SD * cell.noise_uV)
