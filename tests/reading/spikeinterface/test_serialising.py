"""By SpikeInterface's rules: dictionary, JSON, pickle, workers, copies in its own formats."""

import json
import pickle
import shutil

import numpy as np
import pytest
from spikeinterface.core import load
from spikeinterface.core.testing import check_recordings_equal, check_sortings_equal

import spe1
from spe1_builder.dataset.write.build import build_cell
from spe1_builder.probe import make_probe
from tests.support.recordings import SMALL


@pytest.fixture(scope="module")
def recording(built):
    return spe1.open_recording(built.folder, segments="train_test")


def test_recording_comes_back(recording, tmp_path):
    recording.dump_to_json(tmp_path / "recording.json")
    recording.dump_to_pickle(tmp_path / "recording.pkl")
    for again in (
        pickle.loads(pickle.dumps(recording)),
        load(recording.to_dict(recursive=True)),
        load(tmp_path / "recording.json"),
        load(tmp_path / "recording.pkl"),
        recording.clone(),
    ):
        check_recordings_equal(recording, again, check_annotations=True, check_properties=True)
        assert again.get_probe() == recording.get_probe()
    assert len(pickle.dumps(recording)) < 700 and len(json.dumps(recording.to_dict())) < 700
    shutil.rmtree(tmp_path)


def test_recording_is_found_relative_to_a_folder(built, tmp_path):
    root = tmp_path / "one/spe1"
    shutil.copytree(built.folder, root / "c14")
    recording = spe1.open_recording(root / "c14")
    file = tmp_path / "one/recording.json"
    recording.dump_to_json(file, relative_to=tmp_path / "one")
    (tmp_path / "one").rename(tmp_path / "two")
    again = load(tmp_path / "two/recording.json", base_folder=tmp_path / "two")
    assert np.array_equal(again.get_traces(end_frame=50), recording.get_traces(end_frame=50))
    shutil.rmtree(tmp_path)


@pytest.mark.filterwarnings("ignore:.*in_place.*")
def test_what_a_user_changed_is_kept(built):
    recording = spe1.open_recording(built.folder)
    recording.set_property("area", np.repeat(["M1", "S1"], 192))
    recording.annotate(mine="yes")
    recording.set_channel_gains(2.0)
    moved = make_probe(recording.get_channel_locations())
    moved.move([0.0, 100.0])
    recording.set_probe(moved, in_place=True)
    again = load(recording.to_dict(include_annotations=True, include_properties=True))
    assert again.get_property("area").tolist() == recording.get_property("area").tolist()
    assert again.get_annotation("mine") == "yes"
    assert again.get_channel_gains().tolist() == [2.0] * 384
    assert np.array_equal(again.get_channel_locations(), recording.get_channel_locations())


@pytest.mark.filterwarnings("ignore:.*in_place.*")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")
@pytest.mark.parametrize("how", ["fork", "spawn", "zarr"])
def test_saved_by_workers(recording, tmp_path, how):
    job = {"n_jobs": 2, "chunk_duration": "0.3s", "progress_bar": False}
    if how == "zarr":
        saved = recording.save(format="zarr", folder=tmp_path / "saved.zarr", **job)
    else:
        saved = recording.save(folder=tmp_path / "saved", mp_context=how, **job)
    check_recordings_equal(recording, saved)
    assert np.array_equal(saved.get_channel_locations(), recording.get_channel_locations())
    assert [saved.get_times(i)[0] for i in (0, 1)] == [recording.get_times(i)[0] for i in (0, 1)]
    shutil.rmtree(tmp_path)


@pytest.mark.filterwarnings("ignore:The (recording registered|registered recording).*")
def test_ground_truth_comes_back(built, tmp_path):
    truth = spe1.open_ground_truth(built.folder, segments="rows")
    truth.dump_to_json(tmp_path / "truth.json")
    for again in (pickle.loads(pickle.dumps(truth)), load(tmp_path / "truth.json")):
        check_sortings_equal(truth, again, check_annotations=True, check_properties=True)
        assert again.has_recording()
    assert len(pickle.dumps(truth)) < 700
    saved = truth.save(folder=tmp_path / "saved")
    check_sortings_equal(truth, saved)
    shutil.rmtree(tmp_path)


def test_a_cell_that_was_built_anew_with_another_result(archive, built, tmp_path):
    """What was computed from one build is not joined with the traces of another."""
    root = tmp_path / "spe1"
    shutil.copytree(built.folder, root / "c14")
    told = pickle.dumps(spe1.open_recording(root / "c14"))
    pickle.loads(told)
    options = spe1.BuildOptions(**SMALL.as_dict() | {"skip_seconds": 0.3})
    build_cell("c14", archive.sources, root, options, force=True)
    with pytest.raises(spe1.OutputError, match="built anew"):
        pickle.loads(told)
    shutil.rmtree(tmp_path)
