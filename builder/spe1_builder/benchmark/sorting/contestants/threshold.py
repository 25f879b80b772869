"""The floor: a threshold on the peak channel."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from spe1_builder import __version__
from spe1_builder.benchmark.common.contestant import Contestant
from spe1_builder.benchmark.sorting.cell import open_sorting_cell
from spe1_builder.benchmark.sorting.contestants.detection import Watch, as_run, train_spikes
from spe1_builder.benchmark.sorting.contestants.peaks import (
    APART_SAMPLES,
    FP_RATES_HZ,
    find_peaks,
)
from spe1_builder.benchmark.sorting.sorter import Role, SorterOptions, SorterRun

#: Samples around a spike in which its peak is looked for: 1 ms before to 1 ms after.
_N_BEFORE, _N_AFTER = 30, 30


class Threshold:
    """Peaks of one channel, of the sign that the neuron's mean spike has there.

    It is told the channel, the sign, and how long after the patched spike the peak comes; it
    knows nothing of the other channels, nor of the spike's shape.
    """

    look = Contestant("threshold", "threshold", "floor: threshold", "#555555", "x", "--")
    role: Role = "floor"
    version = __version__
    n_repeats: int | None = 1
    parameters: Mapping[str, Any] = {
        "apart_samples": APART_SAMPLES,
        "fp_rates_hz": list(FP_RATES_HZ),
        "threshold": "of the highest accuracy on the train split",
    }

    def __call__(self, folder: Path, options: SorterOptions) -> SorterRun:
        """Run on the cell in a folder."""
        cell = open_sorting_cell(folder, options.n_channels)
        watch = Watch()
        trace_uV = cell.peak_trace_uV
        spikes = train_spikes(cell, _N_BEFORE, _N_AFTER)
        around = spikes[:, np.newaxis] + np.arange(-_N_BEFORE, _N_AFTER)
        mean_uV = trace_uV[around].mean(axis=0)
        at = int(np.abs(mean_uV).argmax())
        sign, shift = (1 if mean_uV[at] > 0 else -1), at - _N_BEFORE
        peaks = find_peaks(trace_uV * np.float32(sign / cell.noise_uV), shift)
        notes = {"channel": cell.peak_channel, "sign": sign, "shift_samples": shift}
        return as_run(cell, peaks, self.look.name, watch, notes)
