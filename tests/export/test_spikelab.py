"""The HDF5 file in each style of SpikeLab's loader, by its own function."""

import numpy as np
import pytest

loaders = pytest.importorskip("spikelab.data_loaders.data_loaders")

STYLES = {
    "ragged": {
        "spike_times_dataset": "spike_times",
        "spike_times_index_dataset": "spike_times_index",
    },
    "group": {"group_per_unit": "units"},
    "paired": {"idces_dataset": "idces", "times_dataset": "times"},
}


@pytest.mark.parametrize("style", STYLES)
def test_styles_of_times(exported, samples, style):
    done = exported("spikelab")
    data = loaders.load_spikedata_from_hdf5(str(done.path), **STYLES[style])
    assert data.N == 1 and np.array_equal(np.rint(data.train[0] * 30), samples)
    assert np.abs(data.train[0] - samples / 30).max() < 1e-9
    assert data.length == pytest.approx(done.n_samples / 30)


def test_raster(exported, samples):
    data = loaders.load_spikedata_from_hdf5(
        str(exported("spikelab").path), raster_dataset="raster", raster_bin_size_ms=1.0
    )
    assert len(data.train[0]) == len(samples)
    assert np.array_equal(np.floor(data.train[0]), samples // 30)


def test_it_has_no_traces(exported):
    done = exported("spikelab")
    assert (done.dtype, done.uV_per_bit, done.traces_xxh3_128) == (None, None, None)


def test_straight_from_spikeinterface(built, samples):
    import spe1

    data = loaders.load_spikedata_from_spikeinterface(spe1.open_ground_truth(built.folder))
    assert np.array_equal(np.rint(data.train[0] * 30), samples)
