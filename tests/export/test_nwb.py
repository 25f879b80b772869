"""The NWB file, by NWB's own judges and its readers."""

import json

import numpy as np
import pytest

import spe1
from spe1_builder.errors import MissingPackageError

pynwb = pytest.importorskip("pynwb")
SERIES = "processing/ecephys/FilteredEphys/ElectricalSeries"


@pytest.fixture
def file(exported):
    with pynwb.NWBHDF5IO(str(exported("nwb").path), "r") as io:
        yield io.read()


@pytest.mark.parametrize("dtype", ["int16", "float32"])
def test_is_valid(exported, dtype):
    assert pynwb.validate(path=str(exported("nwb", dtype).path)) == []


@pytest.mark.filterwarnings("ignore")
def test_inspector_finds_nothing_critical(exported):
    inspector = pytest.importorskip("nwbinspector")
    found = list(inspector.inspect_nwbfile(nwbfile_path=str(exported("nwb").path)))
    worst = {inspector.Importance.CRITICAL, inspector.Importance.ERROR}
    assert [f.message for f in found if f.importance in worst] == []


def test_traces_are_volts(exported, file, traces_uV):
    done = exported("nwb")
    series = file.processing["ecephys"]["FilteredEphys"]["ElectricalSeries"]
    assert series.data.compression == "gzip" and series.data.chunks[0] < series.data.shape[0]
    assert (series.unit, series.rate, series.starting_time) == ("volts", 30_000.0, 0.0)
    read_uV = series.data[:] * series.conversion * 1e6
    assert np.abs(read_uV - traces_uV).max() <= done.uV_per_bit / 2 * (1 + 1e-6)
    assert len(series.electrodes) == 384


def test_electrodes(file, built):
    table = file.electrodes.to_dataframe()
    recording = spe1.open_recording(built.folder)
    positions_um = recording.get_channel_locations()
    assert np.array_equal(table[["rel_x", "rel_y"]].to_numpy(), positions_um)
    assert np.array_equal(table[["x", "y"]].to_numpy(), positions_um)
    assert table["channel_name"].tolist() == [str(i) for i in range(384)]
    assert np.flatnonzero(table["bad"]).tolist() == built.metadata.bad_channel_ids


@pytest.mark.parametrize(
    ("cell", "kind"), [("c14", "VoltageClampSeries"), ("c5", "CurrentClampSeries")]
)
def test_patch(two_cells, tmp_path, cell, kind):
    done = spe1.export(cell, "nwb", tmp_path / "cell.nwb", two_cells, channels=[100, 101])
    patch = spe1.open_patch(cell, two_cells)
    with pynwb.NWBHDF5IO(str(done.path), "r") as io:
        series = io.read().acquisition[kind]
        assert series.neurodata_type == kind
        assert (series.unit, series.conversion) == {
            "VoltageClampSeries": ("amperes", 1e-12),
            "CurrentClampSeries": ("volts", 1e-3),
        }[kind]
        assert np.array_equal(series.data[:], patch.trace)
        times_s = series.starting_time + np.arange(len(patch.trace)) / series.rate
        assert np.abs(times_s - patch.times_s).max() < 1e-6
        assert series.electrode.cell_id == cell
    assert pynwb.validate(path=str(done.path)) == []


def test_unit(file, built, samples):
    (unit,) = file.units.to_dataframe(index=True).itertuples()
    assert np.array_equal(np.rint(unit.spike_times * 30_000), samples)
    assert unit.obs_intervals.tolist() == [[0.0, 48_017 / 30_000]]
    electrodes = file.units["electrodes"].target.data[:].tolist()
    assert electrodes[0] == built.metadata.peak_channel and sorted(electrodes) == list(range(384))
    with np.load(built.folder / "templates.npz") as archive:
        template_uV = archive["templates"][0][:, electrodes]
    assert np.allclose(unit.waveform_mean * 1e6, template_uV, rtol=1e-5)
    assert unit.gt_channel == built.metadata.gt_electrode_chan_idx


def test_says_what_it_is(file):
    assert "NOT RECORDED: this cell is simulated" in file.session_description
    assert "cc-by-sa-4.0" in file.data_collection
    assert file.session_start_time.year == 2017


def test_spikeinterface_reads_it(exported, traces_uV, samples, built):
    from spikeinterface.extractors import read_nwb_recording, read_nwb_sorting

    done = exported("nwb")
    recording = read_nwb_recording(done.path, electrical_series_path=SERIES)
    read_uV = recording.get_traces(return_in_uV=True)
    assert np.abs(read_uV - traces_uV).max() <= done.uV_per_bit / 2 * (1 + 1e-6)
    truth = spe1.open_recording(built.folder)
    assert np.array_equal(recording.get_channel_locations(), truth.get_channel_locations())
    assert recording.get_property("quality").tolist() == truth.get_property("quality").tolist()
    sorting = read_nwb_sorting(done.path, electrical_series_path=SERIES)
    assert np.array_equal(sorting.get_unit_spike_train(sorting.unit_ids[0]), samples)


@pytest.mark.parametrize("some", [False, True])
def test_spikelab_reads_it(exported, built, samples, peak_um, tmp_path, some):
    """By its HDF5 path: by pynwb it fails on any file whose units have electrodes."""
    loaders = pytest.importorskip("spikelab.data_loaders.data_loaders")
    path = exported("nwb").path
    if some:  # rows of the table are then not the release's channels
        first = built.metadata.peak_channel - 10
        path = tmp_path / "some.nwb"
        spe1.export(built.folder, "nwb", path, channels=range(first, first + 32))
    data = loaders.load_spikedata_from_nwb(str(path), prefer_pynwb=False, length_ms=48_017 / 30)
    assert np.array_equal(np.rint(data.train[0] * 30), samples)
    assert data.neuron_attributes[0]["location"][:2] == peak_um


def test_a_missing_package_is_told(built, tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "pynwb", None)
    with pytest.raises(MissingPackageError, match="needs pynwb") as caught:
        spe1.export(built.folder, "nwb", tmp_path / "cell.nwb")
    assert caught.value.do == "pip install 'spe1[nwb]'"
    assert json.dumps([p.name for p in tmp_path.iterdir()]) == "[]"
