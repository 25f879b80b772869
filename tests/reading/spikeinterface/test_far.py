"""Recording and ground truth of a cell elsewhere are those of the local one."""

import json
import pickle
import shutil

import numpy as np
import pytest
from spikeinterface.core import load
from spikeinterface.core.testing import check_recordings_equal, check_sortings_equal

import spe1
from spe1_builder.reading.afar import blocks
from tests.support.range_server import RangeServer


@pytest.fixture
def server(built, monkeypatch):
    monkeypatch.setattr(blocks, "CACHE", blocks.BlockCache(blocks.CACHE_BYTES))
    with RangeServer(built.folder.parent) as server:
        yield server


@pytest.mark.parametrize("given", [{}, {"split": "test"}, {"segments": "rows"}])
def test_recording(server, built, given):
    here = spe1.open_recording(built.folder, **given)
    there = spe1.open_recording(f"{server.url}/c14", **given)
    check_recordings_equal(here, there, check_annotations=True, check_properties=True)
    assert here.get_probe() == there.get_probe()
    by_root = spe1.open_recording("c14", root=f"{server.url}/", **given)
    check_recordings_equal(here, by_root, check_annotations=True, check_properties=True)


def test_channels_that_are_picked_alone_are_fetched(server, built):
    there = spe1.open_recording(f"{server.url}/c14")
    server.forget()
    got = there.get_traces(start_frame=0, end_frame=9_300, channel_ids=[3, 5])
    assert server.n_bytes < 300_000
    here = spe1.open_recording(built.folder)
    assert np.array_equal(got, here.get_traces(0, 0, 9_300, channel_ids=[3, 5]))


def test_ground_truth(server, built):
    here = spe1.open_ground_truth(built.folder, segments="train_test")
    server.forget()
    there = spe1.open_ground_truth(f"{server.url}/c14", segments="train_test")
    # Of the patch trace nothing but the spikes.
    assert server.n_bytes < (built.folder / "patch.npz").stat().st_size
    check_sortings_equal(here, there, check_annotations=True, check_properties=True)
    assert there.has_recording()


def test_both_come_back(server, tmp_path):
    url = f"{server.url}/c14"
    recording, truth = spe1.open_recording(url), spe1.open_ground_truth(url)
    recording.dump_to_json(tmp_path / "recording.json")
    assert url in (tmp_path / "recording.json").read_text()
    for again in (pickle.loads(pickle.dumps(recording)), load(tmp_path / "recording.json")):
        check_recordings_equal(recording, again, check_annotations=True, check_properties=True)
    check_sortings_equal(truth, pickle.loads(pickle.dumps(truth)), check_properties=True)
    assert len(json.dumps(recording.to_dict())) < 700
    shutil.rmtree(tmp_path)


def test_what_is_damaged_or_unreachable_there(server, built, tmp_path):
    root = tmp_path / "spe1"
    shutil.copytree(built.folder.parent, root)
    server.folder = root
    size = (root / "c14/templates.npz").stat().st_size
    (root / "c14/templates.npz").write_bytes(bytes(size))
    with pytest.raises(spe1.OutputError, match=r"templates\.npz is damaged"):
        spe1.open_recording(f"{server.url}/c14")
    (root / "c14/templates.npz").unlink()
    with pytest.raises(spe1.MissingFileError, match="no such file"):
        spe1.open_recording(f"{server.url}/c14")
    with pytest.raises(spe1.OptionError, match="one split"):
        spe1.open_recording(f"{server.url}/c14/train", split="test")
    with pytest.raises(spe1.OptionError, match="no such split"):
        spe1.open_recording(f"{server.url}/c14", split="valid")
    shutil.rmtree(tmp_path)
