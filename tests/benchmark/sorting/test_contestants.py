"""The floor and the ceiling on a simulated cell."""

import numpy as np
import pytest

from spe1_builder.benchmark.sorting.cell import open_sorting_cell
from spe1_builder.benchmark.sorting.contestants.filters import (
    N_TAPS,
    apply_filter,
    covariance,
    make_filters,
)
from spe1_builder.benchmark.sorting.contestants.peaks import (
    APART_SAMPLES,
    best_threshold,
    find_peaks,
    fixed_thresholds,
)
from spe1_builder.benchmark.sorting.options import SortingOptions
from spe1_builder.benchmark.sorting.registry import SORTERS, find_sorters
from spe1_builder.benchmark.sorting.score import score_sorting
from spe1_builder.benchmark.sorting.sorter import SorterOptions
from spe1_builder.errors import OptionError


@pytest.fixture(scope="module")
def cell(built):
    return open_sorting_cell(built.folder)


@pytest.fixture(scope="module")
def runs(built):
    return {name: sorter(built.folder, SorterOptions()) for name, sorter in SORTERS.items()}


def test_both_find_a_neuron_of_150_uV(cell, runs):
    for run in runs.values():
        score = score_sorting(cell.truth, run.units, cell.n_samples, cell.n_train)
        assert score.headline.best.accuracy > 0.9
        assert score.chance.is_beyond and score.shape.split_over == 1
        assert abs(score.headline.lag_ms) < 0.1
        assert run.wall_s > 0 and run.processor_s >= 0 and run.peak_memory_bytes is None


def test_the_floor_is_not_above_the_ceiling(cell, runs):
    best = {
        name: score_sorting(cell.truth, run.units, cell.n_samples, cell.n_train).headline.best
        for name, run in runs.items()
    }
    low = best["threshold"].accuracy_interval.low
    assert low <= best["matched_filter"].accuracy_interval.high


def test_equal_runs_give_equal_spikes(built, runs):
    for name, sorter in SORTERS.items():
        again = sorter(built.folder, SorterOptions())
        assert np.array_equal(again.units.samples[0], runs[name].units.samples[0])


@pytest.mark.parametrize("name", list(SORTERS))
def test_false_spikes_are_as_many_as_were_allowed(name, cell, runs):
    rates = [one.fp_rate_hz for one in runs[name].fixed_rates]
    assert rates == sorted(rates)
    for one in runs[name].fixed_rates:
        train = one.units.samples[0][one.units.samples[0] < cell.n_train]
        here = cell.truth[cell.truth < cell.n_train]
        false = [s for s in train if np.abs(here - s).min() > 12]
        assert len(false) <= one.fp_rate_hz * cell.n_train / 30_000


def test_channels_around_the_site(built):
    cell = open_sorting_cell(built.folder, 32)
    assert len(cell.channels) == 32
    site = cell.metadata.gt_electrode_chan_idx
    assert not set(cell.channels) & set(cell.metadata.bad_channel_ids)
    far = np.hypot(*(cell.positions_um - cell.spikes.template.positions_um[site]).T)
    assert far.max() < 200
    few = SORTERS["matched_filter"](built.folder, SorterOptions(n_channels=32))
    assert set(few.units.notes["channels"]) <= set(cell.channels.tolist())


def test_peaks_by_hand():
    trace = np.zeros(400, np.float32)
    trace[[50, 60, 200, 201, 399]] = [3, 5, 2, 2, 1]
    peaks = find_peaks(trace, 10)
    assert peaks.samples.tolist() == [50, 190, 389] and peaks.heights.tolist() == [5, 2, 1]
    assert find_peaks(-trace, 0).samples.tolist() == []
    assert (np.diff(peaks.samples) > APART_SAMPLES).all()


def test_thresholds_by_hand():
    trace = np.zeros(60_000, np.float32)
    truth = np.arange(1, 9) * 5000
    trace[truth] = 10
    trace[truth + 1000] = np.arange(1, 9)  # false
    peaks = find_peaks(trace, 0)
    threshold, accuracy = best_threshold(peaks, truth, 60_000)
    assert accuracy == 1.0 and 8 < threshold <= 10
    tight, loose = fixed_thresholds(peaks, truth, 60_000, (0.5, 1000.0))
    assert peaks.above(tight).tolist() == [*truth.tolist(), truth[-1] + 1000]
    assert len(peaks.above(loose)) == 16
    # A neuron that is nowhere seen: nothing is taken for it.
    nothing, zero = best_threshold(peaks, np.array([17_500]), 60_000)
    assert zero == 0.0 and len(peaks.above(nothing)) == 0


def test_the_whitened_filter_is_the_best_of_all():
    """Its template over the noise's s.d. is the largest that any weights can have."""
    rng = np.random.default_rng(0)
    mix = rng.normal(size=(2 * N_TAPS, 2 * N_TAPS)) / 40 + np.eye(2 * N_TAPS)
    noise_uV = (rng.normal(size=(4000, 2 * N_TAPS)) @ mix).reshape(4000, 2, N_TAPS)
    noise = covariance(noise_uV, 4000 * N_TAPS)
    template = rng.normal(size=(2, N_TAPS))
    filters = make_filters([template], noise, np.arange(2))
    heights = {kind: float((one[0] * template).sum()) for kind, one in filters.items()}
    assert heights["whitened"] >= heights["plain"]
    assert heights["whitened"] == pytest.approx(
        float(np.sqrt(template.ravel() @ np.linalg.solve(noise, template.ravel())))
    )
    for weights in filters.values():
        assert (noise_uV * weights[0]).sum(axis=(1, 2)).std() == pytest.approx(1.0, rel=0.1)
        trace = np.zeros((2, 3 * N_TAPS), np.float32)
        trace[:, N_TAPS : 2 * N_TAPS] = template
        output = apply_filter(weights[0], trace)
        assert output[N_TAPS] == pytest.approx(float((weights[0] * template).sum()), rel=1e-4)


def test_a_sorter_that_is_none():
    with pytest.raises(OptionError, match="no sorter 'kilosort9'"):
        find_sorters(SortingOptions(sorters=("threshold", "kilosort9")))
