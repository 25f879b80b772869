"""SpikeInterface's own folders, loaded by it."""

import numpy as np
import pytest
from spikeinterface.core import load
from spikeinterface.core.testing import check_recordings_equal

import spe1


@pytest.mark.parametrize("dtype", ["int16", "float32"])
def test_recording(exported, built, traces_uV, dtype):
    done, recording = exported("zarr", dtype), spe1.open_recording(built.folder)
    stored = load(done.path / "recording.zarr")
    assert stored.get_dtype() == dtype
    read_uV = stored.get_traces(return_in_uV=True)
    if dtype == "float32":
        check_recordings_equal(recording, stored)
    else:
        assert np.abs(read_uV - traces_uV).max() <= done.uV_per_bit / 2
    assert np.array_equal(stored.get_channel_locations(), recording.get_channel_locations())
    assert stored.get_property("quality").tolist() == recording.get_property("quality").tolist()
    assert stored.get_times()[0] == recording.get_times()[0]


def test_ground_truth(exported, built, samples):
    stored = load(exported("zarr").path / "ground_truth.zarr")
    assert np.array_equal(stored.get_unit_spike_train(0), samples)
    truth = spe1.open_ground_truth(built.folder)
    for name in ("gt_channel", "gt_location", "cell_type"):
        assert stored.get_property(name).tolist() == truth.get_property(name).tolist()


def test_same_counts_in_every_format(exported):
    """int16 is int16, whoever writes it."""
    assert len({exported(to).traces_xxh3_128 for to in ("binary", "phy", "zarr", "nwb")}) == 1
