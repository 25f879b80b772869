"""Sorters over cells."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from spe1_builder.benchmark.common.metrics import bootstrap
from spe1_builder.benchmark.sorting.schema import SorterSummary
from spe1_builder.benchmark.sorting.schema_cells import SortedCell, SorterResult

#: A neuron that is found, in SpikeInterface's and SpikeForest's words: well detected.
FOUND = 0.8


def summarise(cells: Sequence[SortedCell]) -> list[SorterSummary]:
    """One row a sorter, in the order of their first cell."""
    order = dict.fromkeys((one.sorter, one.version) for cell in cells for one in cell.sorters)
    return [_summary(name, version, cells) for name, version in order]


def _summary(name: str, version: str, cells: Sequence[SortedCell]) -> SorterSummary:
    runs = [
        (cell, [one for one in cell.sorters if (one.sorter, one.version) == (name, version)])
        for cell in cells
    ]
    every = [one for _, several in runs for one in several]
    found, controls, spreads, n_beyond = [], [], [], 0
    for cell, several in runs:
        values = [one.accuracy for one in several if one.accuracy is not None]
        if not values or cell.facts is None:
            continue
        if len(values) > 1:
            spreads.append(max(values) - min(values))
        if cell.facts.has_extracellular_spike:
            found.append(float(np.mean(values)))
        else:
            controls.append(float(np.mean(values)))
            n_beyond += any(_is_beyond(one) for one in several)
    return SorterSummary(
        sorter=name,
        role=every[0].role,
        version=version,
        n_cells=len(found),
        n_controls=len(controls),
        n_problems=sum(one.problem is not None for one in every),
        mean_accuracy=_mean(found),
        median_accuracy=float(np.median(found)) if found else None,
        interval=bootstrap([np.array([value]) for value in found], _pooled_mean),
        n_found=sum(value >= FOUND for value in found),
        control_accuracy=_mean(controls),
        n_control_matches=n_beyond,
        spread=_mean(spreads),
        wall_s=_mean_of(every, lambda one: one.wall_s),
        processor_s=_mean_of(every, lambda one: one.processor_s),
    )


def _is_beyond(one: SorterResult) -> bool:
    return one.score is not None and one.score.chance is not None and one.score.chance.is_beyond


def _mean(values: Sequence[float]) -> float | None:
    return float(np.mean(values)) if values else None


def _mean_of(
    every: Sequence[SorterResult], value: Callable[[SorterResult], float | None]
) -> float | None:
    return _mean([found for one in every if (found := value(one)) is not None])


def _pooled_mean(groups: Sequence[np.ndarray]) -> float:
    return float(np.mean(np.concatenate(groups)))
