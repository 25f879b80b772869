"""`open_ground_truth` against what was planted, and in SpikeInterface's comparison."""

import numpy as np
import pytest
from spikeinterface.comparison import compare_sorter_to_ground_truth
from spikeinterface.core import NumpySorting

import spe1
from spe1_builder.probe import nominal_positions_um


@pytest.fixture(scope="module")
def truth(built):
    return spe1.open_ground_truth(built.folder)


@pytest.fixture(scope="module")
def planted(archive):
    """int64 (n_spikes,), samples of the raw recording, rounded down as the contract says."""
    return np.floor(archive.truth.npx_samples).astype(np.int64)


def in_window(planted) -> np.ndarray:
    return planted[(planted >= 6_000) & (planted < 6_000 + 48_017)] - 6_000


def test_exact_to_the_sample(truth, planted):
    assert truth.unit_ids.tolist() == [0]
    assert truth.get_unit_spike_train(0).tolist() == in_window(planted).tolist()
    part = truth.get_unit_spike_train(0, start_frame=9_300, end_frame=18_600)
    expected = in_window(planted)
    assert part.tolist() == expected[(expected >= 9_300) & (expected < 18_600)].tolist()
    times_s = truth.get_unit_spike_train(0, return_times=True)
    assert np.allclose(times_s, in_window(planted) / 30_000 + 0.2, atol=1e-9, rtol=0)


@pytest.mark.parametrize("segments", ["one", "rows", "train_test"])
def test_segments_as_the_recording(built, planted, segments):
    truth = spe1.open_ground_truth(built.folder, segments=segments)
    recording = spe1.open_recording(built.folder, segments=segments)
    first, found = 0, []
    for i in range(recording.get_num_segments()):
        found += (truth.get_unit_spike_train(0, segment_index=i) + first).tolist()
        first += recording.get_num_samples(i)
    assert truth.get_num_segments() == recording.get_num_segments()
    assert found == in_window(planted).tolist()


def test_properties_of_the_unit(truth, built):
    channel = built.metadata.gt_electrode_chan_idx
    location = truth.get_property("gt_location")
    assert location.shape == (1, 3)
    assert location[0].tolist() == [*nominal_positions_um()[channel].tolist(), 0.0]
    assert truth.get_property("gt_channel").tolist() == [channel]
    assert truth.get_property("peak_channel").tolist() == [built.metadata.peak_channel]
    assert truth.get_property("patch_type").tolist() == ["Juxta, VC"]
    assert truth.get_annotation("simulated") is True


def test_split(built, planted):
    test = spe1.open_ground_truth(built.folder, split="test")
    late = in_window(planted)
    assert test.get_unit_spike_train(0).tolist() == (late[late >= 37_200] - 37_200).tolist()


def test_comparison_finds_the_accuracy_that_was_made(truth):
    """A sorting that misses each third spike, and has as many again of noise."""
    train = truth.get_unit_spike_train(0)
    kept = np.delete(train, np.arange(0, len(train), 3))
    noise = np.setdiff1d(np.arange(100, 48_000, 997), (train[:, None] + np.arange(-40, 41)).ravel())
    sorting = NumpySorting.from_unit_dict({7: kept, 8: noise}, 30_000.0)
    comparison = compare_sorter_to_ground_truth(truth, sorting, match_mode="best")
    assert comparison.get_performance()["accuracy"].iloc[0] == pytest.approx(len(kept) / len(train))
    assert comparison.best_match_12[0] == 7


def test_raw_clock(archive, planted):
    truth = spe1.open_ground_truth("c14", raw_dir=archive.raw_dir)
    assert truth.get_unit_spike_train(0).tolist() == planted.tolist()
    assert truth.has_recording()
    channel = truth.get_property("gt_channel")[0]
    expected = [*nominal_positions_um()[channel].tolist(), 0.0]
    assert truth.get_property("gt_location")[0].tolist() == expected
