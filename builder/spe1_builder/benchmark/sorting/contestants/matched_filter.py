"""The ceiling: a matched filter that knows the neuron's template."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from spe1_builder import __version__
from spe1_builder.benchmark.common.contestant import Contestant
from spe1_builder.benchmark.sorting.cell import SortingCell, open_sorting_cell
from spe1_builder.benchmark.sorting.contestants.detection import Watch, as_run, train_spikes
from spe1_builder.benchmark.sorting.contestants.filters import (
    N_AFTER,
    N_BEFORE,
    N_CHANNELS_TRIED,
    apply_filter,
    covariance,
    make_filters,
    noise_starts,
    read_snippets,
)
from spe1_builder.benchmark.sorting.contestants.peaks import (
    APART_SAMPLES,
    FP_RATES_HZ,
    best_threshold,
    find_peaks,
)
from spe1_builder.benchmark.sorting.sorter import Role, SorterOptions, SorterRun

#: Parts of the train split, each filtered with the template of the others' spikes: a spike that is
#: part of the template is found because its own noise is in it.
_N_FOLDS = 4


class MatchedFilter:
    """The best linear detector of a known spike in noise of a known covariance.

    Template and noise are of the train split. The test split is filtered with that template,
    each quarter of the train split with that of the three others.
    """

    look = Contestant("matched_filter", "matched", "ceiling: matched filter", "#222222", "*", ":")
    role: Role = "ceiling"
    version = __version__
    n_repeats: int | None = 1
    parameters: Mapping[str, Any] = {
        "n_channels_tried": list(N_CHANNELS_TRIED),
        "n_before": N_BEFORE,
        "n_after": N_AFTER,
        "n_folds": _N_FOLDS,
        "apart_samples": APART_SAMPLES,
        "fp_rates_hz": list(FP_RATES_HZ),
        "threshold": "of the highest accuracy on the train split",
    }

    def __call__(self, folder: Path, options: SorterOptions) -> SorterRun:
        """Run on the cell in a folder."""
        cell = open_sorting_cell(folder, options.n_channels)
        watch = Watch()
        spikes = train_spikes(cell, N_BEFORE, N_AFTER)
        channels = _largest_channels(cell)
        waveforms_uV = read_snippets(cell, channels, spikes - N_BEFORE)
        noise_uV = read_snippets(cell, channels, noise_starts(cell))
        noise = covariance(noise_uV, cell.n_train)
        cuts = np.linspace(0, cell.n_train, _N_FOLDS + 1).astype(np.int64)
        templates_uV = _templates_uV(waveforms_uV, np.searchsorted(cuts, spikes, "right") - 1)
        best, peaks, notes = -1.0, None, {}
        for n_taken in N_CHANNELS_TRIED:
            taken = np.arange(min(n_taken, len(channels)))
            for kind, filters in make_filters(templates_uV, noise, taken).items():
                found = find_peaks(_filtered(cell, channels[taken], filters, cuts), 0)
                # On the train split, as the threshold; of equals the first.
                accuracy = best_threshold(found, cell.truth, cell.n_train)[1]
                if accuracy > best:
                    best, peaks = accuracy, found
                    notes = {"filter": kind, "channels": channels[taken].tolist()}
        assert peaks is not None
        last = templates_uV[-1].ravel().astype(np.float64)
        notes["detectability"] = float(np.sqrt(last @ np.linalg.solve(noise, last)))
        return as_run(cell, peaks, self.look.name, watch, notes)


def _largest_channels(cell: SortingCell) -> np.ndarray:
    """Where the template is largest, the largest first: int64 (n_channels,)."""
    sizes_uV = np.abs(cell.spikes.template.mean_uV[:, cell.channels]).max(axis=0)
    return cell.channels[np.argsort(-sizes_uV, kind="stable")[: max(N_CHANNELS_TRIED)]]


def _templates_uV(waveforms_uV: np.ndarray, folds: np.ndarray) -> list[np.ndarray]:
    """For each fold the mean of the spikes outside it, then that of all of them.

    Where a fold holds all the spikes, there is nothing else to take than their mean.
    """
    whole = waveforms_uV.mean(axis=0)
    return [
        waveforms_uV[folds != fold].mean(axis=0) if (folds != fold).any() else whole
        for fold in range(_N_FOLDS)
    ] + [whole]


def _filtered(
    cell: SortingCell, channels: np.ndarray, filters: list[np.ndarray], cuts: np.ndarray
) -> np.ndarray:
    """The filters' output, each on its part of the window: float32 (n_samples,)."""
    output = np.empty(cell.n_samples, np.float32)
    margin = max(N_BEFORE, N_AFTER)
    for start, stop, traces_uV in cell.pieces(channels, margin, cuts):
        fold = min(int(np.searchsorted(cuts, start, "right")) - 1, len(filters) - 1)
        # A spike at sample s has its taps from s - N_BEFORE on.
        first = margin - N_BEFORE
        part = traces_uV[:, first : first + stop - start + N_BEFORE + N_AFTER - 1]
        output[start:stop] = apply_filter(filters[fold], part)
    return output
