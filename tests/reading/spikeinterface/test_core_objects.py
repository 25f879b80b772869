"""Every object of SpikeInterface's core, made of a cell and read back: the same numbers."""

import numpy as np
import pytest
from spikeinterface.core import (
    Templates,
    aggregate_channels,
    append_recordings,
    concatenate_recordings,
    create_sorting_analyzer,
    load,
    select_segment_recording,
    split_recording,
)
from spikeinterface.core.motion import Motion
from spikeinterface.core.testing import check_recordings_equal, check_sortings_equal

import spe1

pytestmark = [
    pytest.mark.filterwarnings("ignore:The (recording registered|registered recording).*"),
    pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning"),
]
#: By workers: in one process, SpikeInterface leaves its file open.
JOB = {"n_jobs": 2, "progress_bar": False}


@pytest.fixture(scope="module")
def recording(built):
    return spe1.open_recording(built.folder)


@pytest.fixture(scope="module")
def truth(built):
    return spe1.open_ground_truth(built.folder)


@pytest.fixture(scope="module")
def analyzer(recording, truth):
    made = create_sorting_analyzer(truth, recording, sparse=False, seed=0, peak_sign="neg")
    made.compute("random_spikes", method="all")
    made.compute("templates", ms_before=1.0, ms_after=2.0)
    return made


@pytest.mark.parametrize("form", ["binary", "zarr"])
def test_recording_to_a_folder_and_back(recording, tmp_path, form):
    folder = tmp_path / f"saved.{form}"
    recording.save(format=form, folder=folder, **JOB)
    back = load(folder)
    check_recordings_equal(recording, back)
    assert np.array_equal(back.get_channel_locations(), recording.get_channel_locations())
    for name in ("is_bad", "quality", "is_reference"):
        assert back.get_property(name).tolist() == recording.get_property(name).tolist()


@pytest.mark.parametrize("form", ["numpy_folder", "zarr"])
def test_sorting_to_a_folder_and_back(truth, tmp_path, form):
    folder = tmp_path / f"saved.{form}"
    truth.save(format=form, folder=folder)
    back = load(folder)
    check_sortings_equal(truth, back)
    assert back.get_property("gt_channel").tolist() == truth.get_property("gt_channel").tolist()


# The analyzer's own copy of the sorting is in memory.
@pytest.mark.filterwarnings("ignore:The extractor is not serializable")
@pytest.mark.parametrize("form", ["binary_folder", "zarr"])
def test_analyzer_to_a_folder_and_back(analyzer, recording, truth, tmp_path, form):
    folder = tmp_path / ("saved.zarr" if form == "zarr" else "saved")
    analyzer.save_as(format=form, folder=folder)
    back = load(folder)
    check_recordings_equal(back.recording, recording)
    check_sortings_equal(back.sorting, truth)
    stored_uV, made_uV = (a.get_extension("templates").get_data() for a in (back, analyzer))
    assert np.array_equal(stored_uV, made_uV)


def test_templates_to_zarr_and_back(analyzer, built, tmp_path):
    templates = analyzer.get_extension("templates").get_data(outputs="Templates")
    templates.to_zarr(tmp_path / "templates.zarr")
    back = Templates.from_zarr(tmp_path / "templates.zarr")
    with np.load(built.folder / "templates.npz") as archive:
        stored_uV, positions_um = archive["templates"], archive["probe_positions"]
        n_before = int(archive["nbefore"])
    assert np.abs(back.templates_array - stored_uV).max() < 1e-3
    assert back.nbefore == n_before
    assert np.array_equal(back.get_channel_locations(), positions_um)


def test_motion_and_what_it_moves(recording, tmp_path):
    """No motion changes no site; it goes to a folder and comes back."""
    from spikeinterface.sortingcomponents.motion import interpolate_motion

    n_bins = 4
    motion = Motion(
        [np.zeros((n_bins, 1))],
        [np.linspace(0.3, 1.7, n_bins)],
        np.array([1_000.0]),
    )
    motion.save(tmp_path / "motion")
    assert load(tmp_path / "motion") == motion
    near = recording.select_channels(recording.channel_ids[100:132])
    still = interpolate_motion(near, motion, border_mode="force_zeros", dtype="float32")
    window = {"start_frame": 3_000, "end_frame": 3_300}
    assert np.abs(still.get_traces(**window) - near.get_traces(**window)).max() < 1e-2


def test_channels_apart_and_together(recording):
    """Split by a property of ours, then joined: the same channels, in the groups' order."""
    parts = recording.split_by("quality", outputs="dict")
    assert set(parts) == set(recording.get_property("quality").tolist())
    assert sum(part.get_num_channels() for part in parts.values()) == 384
    joined = aggregate_channels(list(parts.values()))
    order = np.concatenate([recording.ids_to_indices(p.channel_ids) for p in parts.values()])
    window = {"start_frame": 9_200, "end_frame": 9_500}
    assert np.array_equal(joined.get_traces(**window), recording.get_traces(**window)[:, order])
    assert np.array_equal(joined.get_channel_locations(), recording.get_channel_locations()[order])


@pytest.mark.parametrize("segments", ["rows", "train_test"])
def test_segments_apart_and_together(built, recording, truth, segments):
    cut = spe1.open_recording(built.folder, segments=segments)
    check_traces_equal(concatenate_recordings([cut]), recording)
    parts = split_recording(cut)
    assert len(parts) == cut.get_num_segments() > 1
    check_recordings_equal(append_recordings(parts), cut)
    last = select_segment_recording(cut, segment_indices=cut.get_num_segments() - 1)
    check_traces_equal(last, parts[-1])
    spikes = spe1.open_ground_truth(built.folder, segments=segments)
    starts = np.cumsum([0, *[cut.get_num_samples(i) for i in range(len(parts))]])
    joined = [starts[i] + spikes.get_unit_spike_train(0, i) for i in range(len(parts))]
    assert np.array_equal(np.concatenate(joined), truth.get_unit_spike_train(0))


def test_split_in_frames_and_together(recording):
    middle = recording.get_num_samples() // 2
    parts = [recording.frame_slice(0, middle), recording.frame_slice(middle, None)]
    check_traces_equal(concatenate_recordings(parts), recording)


def check_traces_equal(one, other):
    assert np.array_equal(one.get_traces(), other.get_traces())
    assert one.channel_ids.tolist() == other.channel_ids.tolist()
