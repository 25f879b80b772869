"""From peaks to a run: what both contestants have in common."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import numpy as np

from spe1_builder.benchmark.sorting.cell import SortingCell
from spe1_builder.benchmark.sorting.contestants.peaks import (
    FP_RATES_HZ,
    Peaks,
    best_threshold,
    fixed_thresholds,
)
from spe1_builder.benchmark.sorting.sorter import FixedRate, SorterRun
from spe1_builder.errors import OutputError
from spe1_builder.reading.sortings.units import SortedUnits

#: Spikes of the train split without which there is nothing to learn from.
LEAST_SPIKES = 2


class Watch:
    """Wall and processor time since it was made."""

    def __init__(self) -> None:
        self._wall_s, self._processor_s = time.perf_counter(), time.process_time()

    def read(self) -> tuple[float, float]:
        return time.perf_counter() - self._wall_s, time.process_time() - self._processor_s


def train_spikes(cell: SortingCell, n_before: int, n_after: int) -> np.ndarray:
    """The patched spikes that lie whole in the train split: int64, samples of the window.

    Raises
    ------
    OutputError
        There are too few to learn from.
    """
    truth = cell.truth
    is_whole = (truth >= n_before) & (truth + n_after <= cell.n_train)
    if is_whole.sum() < LEAST_SPIKES:
        raise OutputError(
            f"{cell.metadata.cell_id} has too few spikes in its train split.",
            where=cell.folder,
            expected=f"{LEAST_SPIKES} or more",
            got=int(is_whole.sum()),
            do="build a longer window of it (--duration-s), or leave the cell out",
        )
    return truth[is_whole]


def as_run(
    cell: SortingCell, peaks: Peaks, name: str, watch: Watch, notes: Mapping[str, Any]
) -> SorterRun:
    """The run of a detector: its best threshold, and those of the stated rates."""

    def units(threshold: float) -> SortedUnits:
        facts = {**notes, "threshold": threshold}
        return SortedUnits((name,), (peaks.above(threshold),), name, facts)

    best = units(best_threshold(peaks, cell.truth, cell.n_train)[0])
    thresholds = fixed_thresholds(peaks, cell.truth, cell.n_train)
    fixed = tuple(
        FixedRate(rate_hz, threshold, units(threshold))
        for rate_hz, threshold in zip(FP_RATES_HZ, thresholds, strict=True)
    )
    wall_s, processor_s = watch.read()
    return SorterRun(best, wall_s, processor_s, None, fixed)
