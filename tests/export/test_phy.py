"""The folder of Kilosort and Phy, read by SpikeInterface and SpikeLab."""

import numpy as np
import pytest
from spikeinterface.extractors import (
    read_kilosort,
    read_kilosort_as_analyzer,
    read_phy,
)

import spe1

loaders = pytest.importorskip("spikelab.data_loaders.data_loaders")

pytestmark = pytest.mark.filterwarnings("ignore:Can't extract `ms_before`")


@pytest.mark.parametrize("read", [read_phy, read_kilosort])
def test_spikeinterface_reads_the_unit(exported, samples, read):
    sorting = read(exported("phy").path)
    assert sorting.unit_ids.tolist() == [0]
    assert sorting.get_property("quality").tolist() == ["good"]
    assert np.array_equal(sorting.get_unit_spike_train(0), samples)
    assert sorting.sampling_frequency == 30_000.0


@pytest.mark.parametrize("dtype", ["int16", "float32"])
def test_template_is_ours(exported, built, dtype):
    """By SpikeInterface's reading of Kilosort: unwhitened, then scaled to uV."""
    done = exported("phy", dtype)
    analyzer = read_kilosort_as_analyzer(done.path, gain_to_uV=done.uV_per_bit, offset_to_uV=0.0)
    with np.load(built.folder / "templates.npz") as archive:
        expected_uV = archive["templates"][0]
    read_uV = analyzer.get_extension("templates").get_data()[0]
    assert np.abs(read_uV - expected_uV).max() < 1e-4


def test_amplitudes_times_the_template_are_the_spikes(exported, built):
    folder = exported("phy").path
    amplitudes = np.load(folder / "amplitudes.npy")
    with np.load(built.folder / "templates.npz") as archive:
        mean_uV = archive["templates"][0][:, built.metadata.peak_channel]
    at_peak_uV = mean_uV[np.abs(mean_uV).argmax()]
    expected_uV = spe1.spikes(built.folder.parent, "c14")["amplitude_uV"].to_numpy()
    inside = np.isfinite(expected_uV)
    assert np.allclose(amplitudes[inside] * at_peak_uV, expected_uV[inside], rtol=1e-5)
    assert (amplitudes[~inside] == 1).all() and len(amplitudes) == len(expected_uV)


def test_spikelab_reads_it(exported, samples, peak_um, built):
    """It takes arrays of one dimension, and positions by the map's channels."""
    data = loaders.load_spikedata_from_kilosort(
        str(exported("phy").path), fs_Hz=30_000.0, cluster_info_tsv="cluster_group.tsv"
    )
    assert np.array_equal(np.rint(data.train[0] * 30), samples)
    (unit,) = data.neuron_attributes
    assert unit["electrode"] == built.metadata.peak_channel
    assert unit["location"] == peak_um


def test_place_of_the_unit_among_some_channels(built, tmp_path, peak_um):
    """A map that began at 10 would put it elsewhere, without a word."""
    first = built.metadata.peak_channel - 10
    spe1.export(built.folder, "phy", tmp_path / "phy", channels=range(first, first + 32))
    data = loaders.load_spikedata_from_kilosort(str(tmp_path / "phy"), fs_Hz=30_000.0)
    assert data.neuron_attributes[0]["location"] == peak_um


def test_back_from_spikelab(exported, samples, tmp_path):
    """To its SpikeData, out by its own exporter, and in again by SpikeInterface."""
    from spikelab.data_loaders.data_exporters import export_spikedata_to_kilosort

    data = loaders.load_spikedata_from_kilosort(str(exported("phy").path), fs_Hz=30_000.0)
    export_spikedata_to_kilosort(data, str(tmp_path), fs_Hz=30_000.0)
    assert np.array_equal(np.load(tmp_path / "spike_times.npy").ravel(), samples)
