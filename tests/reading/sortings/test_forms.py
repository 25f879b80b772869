"""Each form of sortings, written by the library that has it, read back to the same spikes."""

import pickle
import sys
import types
import warnings

import h5py
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from spe1_builder.dataset.metadata import AnalysisWindow
from spe1_builder.errors import MissingPackageError, OptionError, SortingError
from spe1_builder.reading.sortings.read import kinds, read_sorting, read_trains

WINDOW = AnalysisWindow(start_sample=6000, n_samples=60_000)
#: With a unit that has no spikes in the middle.
TRAINS = {"0": [30, 9000, 59_970], "1": [], "2": [600, 601, 30_000]}

trains_of_units = st.lists(
    st.lists(st.integers(0, 1990), max_size=8, unique=True).map(
        lambda ms: sorted(30 * one for one in ms)
    ),
    min_size=1,
    max_size=4,
)
in_one_folder = settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def _read(path, **options):
    return read_sorting(path, window=WINDOW, **{"clock": "window", **options})


def _dict(units):
    return {
        name: samples.tolist() for name, samples in zip(units.unit_ids, units.samples, strict=True)
    }


def _filled(trains):
    """Without empty units, which some forms cannot have."""
    return {name: train for name, train in trains.items() if train}


def _sorting(trains):
    from spikeinterface.core import NumpySorting

    spikes = {name: np.array(train, dtype=np.int64) for name, train in trains.items()}
    return NumpySorting.from_unit_dict([spikes], 30_000.0)


def _save(sorting, folder, form):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if form == "npz":
            from spikeinterface.core import NpzSortingExtractor

            NpzSortingExtractor.write_sorting(sorting, folder / "x.npz")
            return folder / "x.npz"
        name = {"zarr": "s.zarr"}.get(form, form)
        sorting.save(folder=folder / name, format=form)
        return folder / name


def _spikelab(trains):
    from spikelab.spikedata import SpikeData

    return SpikeData([np.array(train) / 30 for train in trains.values()], length=2000.0)


@pytest.mark.parametrize("form", ["npz", "numpy_folder", "npz_folder", "zarr"])
def test_what_spikeinterface_saves(form, tmp_path):
    path = _save(_sorting(TRAINS), tmp_path, form)
    assert _dict(_read(path)) == TRAINS


@given(trains=trains_of_units)
@in_one_folder
def test_npz_of_spikeinterface(trains, tmp_path_factory):
    named = {f"u{i}": train for i, train in enumerate(trains)}
    path = _save(_sorting(named), tmp_path_factory.mktemp("npz"), "npz")
    assert _dict(_read(path)) == named


def test_sortings_in_memory():
    sorting = _sorting(TRAINS)
    assert _dict(_read(sorting)) == TRAINS
    assert _dict(_read(_spikelab(TRAINS))) == TRAINS

    class SortedRecording:
        def all_spikes(self):
            return {int(name): np.array(train, dtype=np.int64) for name, train in TRAINS.items()}

    assert _dict(_read(SortedRecording())) == TRAINS


def test_segments_need_their_starts():
    from spikeinterface.core import NumpySorting

    parts = [{"a": np.array([5, 10])}, {"a": np.array([7])}]
    sorting = NumpySorting.from_unit_dict(parts, 30_000.0)
    with pytest.raises(SortingError, match="several segments"):
        _read(sorting)
    assert _dict(_read(sorting, segment_starts=(0, 30_000))) == {"a": [5, 10, 30_007]}


def test_another_rate_is_said():
    from spikeinterface.core import NumpySorting

    sorting = NumpySorting.from_unit_dict([{"a": np.array([5, 10])}], 25_000.0)
    with pytest.raises(SortingError, match="another rate"):
        _read(sorting)


@pytest.mark.parametrize("form", ["binary_folder", "zarr"])
def test_analyzers(form, tmp_path):
    import spikeinterface as si

    recording, sorting = si.generate_ground_truth_recording(
        durations=[1.0], num_channels=4, num_units=2, sampling_frequency=30_000.0, seed=1
    )
    folder = tmp_path / ("an.zarr" if form == "zarr" else "an")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        si.create_sorting_analyzer(sorting, recording, format=form, folder=folder, verbose=False)
    got = _dict(_read(folder))
    assert got == {str(i): sorting.get_unit_spike_train(i).tolist() for i in sorting.unit_ids}


def test_phy_folders_of_spikelab_and_spikeinterface(tmp_path):
    from spikelab.data_loaders.data_exporters import export_spikedata_to_kilosort

    for unit in ("samples", "s", "ms"):
        folder = tmp_path / unit
        data = _spikelab(TRAINS)
        export_spikedata_to_kilosort(data, str(folder), fs_Hz=30_000.0, time_unit=unit)
        assert _dict(_read(folder, unit=None if unit == "samples" else unit)) == _filled(TRAINS)
    # (n, 1), as SpikeInterface's export_to_phy writes them; with the tables of Phy.
    folder = tmp_path / "samples"
    for name in ("spike_times", "spike_clusters"):
        values = np.load(folder / f"{name}.npy")
        np.save(folder / f"{name}.npy", values.reshape(-1, 1).astype("<u8"))
    (folder / "cluster_group.tsv").write_text("cluster_id\tgroup\n0\tgood\n2\tnoise\n")
    (folder / "params.py").write_text("dat_path = '/x.bin'\nsample_rate = 30000.0\n")
    units = _read(folder)
    assert _dict(units) == _filled(TRAINS)
    assert units.notes["labels"]["cluster_group"] == {"0": "good", "2": "noise"}
    assert _dict(_read(folder, labels=("good",))) == {"0": TRAINS["0"]}
    (folder / "params.py").write_text("sample_rate = 25000.\n")
    with pytest.raises(SortingError, match="another rate"):
        _read(folder)


def test_the_folder_of_run_sorter(tmp_path):
    output = tmp_path / "run" / "sorter_output"
    output.mkdir(parents=True)
    with pytest.raises(SortingError, match="no result that is known"):
        _read(tmp_path / "run")
    _save(_sorting(TRAINS), output, "npz").rename(output / "firings.npz")
    assert _dict(_read(tmp_path / "run")) == TRAINS


@pytest.mark.parametrize("style", ["ragged", "paired", "group", "raster"])
@pytest.mark.parametrize("unit", ["s", "ms", "samples"])
def test_the_styles_of_spikelab(style, unit, tmp_path):
    from spikelab.data_loaders.data_exporters import export_spikedata_to_hdf5

    path = tmp_path / "x.h5"
    export_spikedata_to_hdf5(
        _spikelab(TRAINS),
        str(path),
        style=style,
        raster_bin_size_ms=1.0,
        spike_times_unit=unit,
        group_time_unit=unit,
        times_unit=unit,
        fs_Hz=30_000.0,
    )
    units = _read(path, unit=None if style == "raster" else unit)
    if style == "raster":
        assert units.unit_ids == tuple(TRAINS)
        for got, expected in zip(units.samples, TRAINS.values(), strict=True):
            np.testing.assert_allclose(got, expected, atol=30)  # one bin
    else:
        assert _dict(units) == (_filled(TRAINS) if style == "paired" else TRAINS)


@given(trains=trains_of_units, has_zero=st.booleans())
@in_one_folder
def test_ragged_with_and_without_the_leading_zero(trains, has_zero, tmp_path_factory):
    # An empty first unit and a leading zero look the same; SpikeLab takes both for the latter.
    trains = [[30], *trains]
    path = tmp_path_factory.mktemp("h5") / "x.h5"
    ends = np.cumsum([len(train) for train in trains])
    with h5py.File(path, "w") as file:
        file["t"] = np.concatenate(trains) / 30_000
        file["i"] = np.concatenate([[0], ends]) if has_zero else ends
    units = _read(path, kind="hdf5", style="ragged", names=("t", "i"), unit="s")
    assert list(_dict(units).values()) == trains


def test_thresholds_as_spikelab_puts_them(tmp_path):
    from spikelab.data_loaders.data_loaders import load_spikedata_from_hdf5_raw_thresholded

    rng = np.random.default_rng(0)
    traces = rng.normal(size=(3, 60_000))
    traces[:, 3000::7000] += 40
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file["raw"] = traces
    path = str(tmp_path / "x.h5")
    data = load_spikedata_from_hdf5_raw_thresholded(path, "raw", fs_Hz=30_000.0)
    units = _read(path, kind="hdf5_raw")
    for got, expected in zip(units.samples, data.train, strict=True):
        # SpikeLab's raster has bins of a sample, and its spikes are in the middle of them.
        np.testing.assert_allclose(got, expected * 30, atol=1)
        assert len(got) > 0
    plain = _read(path, kind="hdf5_raw", is_filtered=True, direction="down", threshold_sd=3.0)
    trace = traces[0]
    is_down = trace < -3 * trace.std()
    np.testing.assert_array_equal(plain.samples[0], np.flatnonzero(is_down[1:] & ~is_down[:-1]) + 1)


def _nwb(path):
    from datetime import UTC, datetime

    from pynwb import NWBHDF5IO, NWBFile

    nwb = NWBFile("x", "x", datetime(2020, 1, 1, tzinfo=UTC))
    nwb.add_unit_column("quality", "label")
    for i, train in enumerate(TRAINS.values()):
        nwb.add_unit(spike_times=np.array(train) / 30_000, id=i + 5, quality=f"q{i}")
    with NWBHDF5IO(str(path), "w") as io:
        io.write(nwb)


NWB_TRAINS = {str(i + 5): train for i, train in enumerate(TRAINS.values())}


def test_nwb_of_pynwb_and_of_spikelab(tmp_path):
    from spikelab.data_loaders.data_exporters import export_spikedata_to_nwb

    _nwb(tmp_path / "x.nwb")
    units = _read(tmp_path / "x.nwb")
    assert _dict(units) == NWB_TRAINS
    assert units.notes["labels"] == {"quality": ["q0", "q1", "q2"]}
    export_spikedata_to_nwb(_spikelab(TRAINS), str(tmp_path / "y.nwb"))
    assert _dict(_read(tmp_path / "y.nwb")) == TRAINS


def test_pickles_are_refused_before_they_are_opened(tmp_path):
    from spikelab.data_loaders.data_exporters import export_to_pickle

    export_to_pickle(_spikelab(TRAINS), str(tmp_path / "x.pkl"))
    units = [{"unit_id": int(k), "spike_train": np.array(v)} for k, v in TRAINS.items()]
    np.savez(tmp_path / "x.npz", units=np.array(units, dtype=object), fs=30_000.0)
    marker = tmp_path / "ran"

    class Trap:
        def __reduce__(self):
            return (marker.touch, ())

    (tmp_path / "trap.pickle").write_bytes(pickle.dumps(Trap()))
    for name in ("x.pkl", "x.npz", "trap.pickle"):
        with pytest.raises(SortingError, match="is pickled"):
            _read(tmp_path / name)
    assert not marker.exists()
    for name in ("x.pkl", "x.npz"):
        assert _dict(_read(tmp_path / name, trust_pickle=True)) == TRAINS
    with pytest.raises(SortingError, match="holds no sorting"):
        _read(tmp_path / "trap.pickle", trust_pickle=True)


def test_zarr_that_would_unpickle_is_refused(tmp_path):
    import json

    path = _save(_sorting(TRAINS), tmp_path, "zarr")
    meta = path / "spikes" / "sample_index" / ".zarray"
    described = json.loads(meta.read_text())
    meta.write_text(json.dumps({**described, "filters": [{"id": "pickle", "protocol": 5}]}))
    with pytest.raises(SortingError, match="packed by pickle"):
        _read(path)


def test_spikes_of_spikesift_as_they_are_kept(tmp_path):
    np.savez(tmp_path / "x.npz", **{name: np.array(t, dtype=int) for name, t in TRAINS.items()})
    assert _dict(_read(tmp_path / "x.npz")) == TRAINS


def test_extractors_by_name(tmp_path):
    from spikelab.data_loaders.data_exporters import export_spikedata_to_kilosort

    export_spikedata_to_kilosort(_spikelab(TRAINS), str(tmp_path / "x"), fs_Hz=30_000.0)
    (tmp_path / "x/params.py").write_text("sample_rate = 30000.\ndtype = 'int16'\n")
    units = _read(tmp_path / "x", kind="spikeinterface", extractor="phy")
    assert _dict(units) == _filled(TRAINS)
    with pytest.raises(OptionError, match="no such extractor"):
        _read(tmp_path / "x", kind="spikeinterface", extractor="none_such")
    with pytest.raises(SortingError, match="cannot read it"):
        _read(tmp_path / "x", kind="spikeinterface", extractor="mclust")
    with pytest.raises(OptionError):
        _read(tmp_path / "x", kind="spikeinterface")


class _Dandi:
    """What the client answers, recorded: the asset of a dandiset by its path."""

    def __init__(self, nwb):
        self.nwb, self.asked = nwb, []

    def get_dandiset(self, *names):
        self.asked.append(names)
        return self

    def get_asset_by_path(self, path):
        if path != "sub-1/sub-1.nwb":
            raise LookupError(f"no asset {path}")
        content = self.nwb.read_bytes()
        return types.SimpleNamespace(size=len(content), download=lambda to: to.write_bytes(content))


def test_assets_of_dandi(tmp_path):
    _nwb(tmp_path / "x.nwb")
    client = _Dandi(tmp_path / "x.nwb")
    address = "dandi:000123/sub-1/sub-1.nwb"
    assert _dict(_read(address, client=client)) == NWB_TRAINS
    assert _dict(_read(f"{address}@0.2020", client=client)) == NWB_TRAINS
    assert client.asked == [("000123",), ("000123", "0.2020")]
    with pytest.raises(SortingError, match="larger than"):
        _read(address, client=client, most_bytes=10)
    with pytest.raises(SortingError, match="could not be fetched"):
        _read("dandi:000123/other.nwb", client=client)


def test_sessions_of_ibl():
    session = "0123abcd-0123-0123-0123-0123456789ab"

    class One:
        def load_object(self, eid, name, collection):
            if (eid, name, collection) != (session, "spikes", "alf/probe01/pykilosort"):
                raise FileNotFoundError(collection)
            pairs = sorted((t, int(k)) for k, train in TRAINS.items() for t in train)
            times, owners = np.array(pairs).T
            return {"times": times / 30_000, "clusters": owners}

    units = _read(f"ibl:{session}", client=One())
    assert _dict(units) == _filled(TRAINS)
    assert units.notes["collection"] == "alf/probe01/pykilosort"
    with pytest.raises(SortingError, match="no spikes that could be fetched"):
        _read(f"ibl:{session}/alf", client=One())


@pytest.mark.parametrize(
    ("address", "package"),
    [
        ("dandi:000123/x.nwb", "dandi"),
        ("ibl:0123abcd-0123-0123-0123-0123456789ab", "one"),
    ],
)
def test_clients_that_are_missing_are_told(address, package, monkeypatch):
    for name in (package, f"{package}.dandiapi", f"{package}.api"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(MissingPackageError, match="pip install"):
        _read(address)


def test_each_kind_has_a_name_of_its_own():
    assert len(kinds()) == 15


def _damaged(path, rng):
    content = bytearray(path.read_bytes())
    if rng.random() < 0.3:
        content = content[: rng.integers(0, len(content))]
    for at in rng.integers(0, max(1, len(content)), 4):
        if len(content):
            content[at] = rng.integers(0, 256)
    path.write_bytes(bytes(content))


@pytest.mark.parametrize("seed", range(30))
def test_damage_is_an_error_of_ours(seed, tmp_path):
    rng = np.random.default_rng(seed)
    for form in ("npz", "numpy_folder", "zarr"):
        folder = tmp_path / form
        folder.mkdir()
        path = _save(_sorting(TRAINS), folder, form)
        files = [path] if path.is_file() else [p for p in path.rglob("*") if p.is_file()]
        _damaged(files[rng.integers(len(files))], rng)
        _reads_or_says(path)
    h5 = tmp_path / "x.h5"
    with h5py.File(h5, "w") as file:
        file["idces"], file["times"] = [0, 0, 1], [0.1, 0.2, 0.3]
    _damaged(h5, rng)
    _reads_or_says(h5)
    phy = tmp_path / "phy"
    phy.mkdir()
    np.save(phy / "spike_times.npy", [30, 60])
    np.save(phy / "spike_clusters.npy", [1, 2])
    _damaged(phy / "spike_times.npy", rng)
    _reads_or_says(phy)


def _reads_or_says(path):
    try:
        read_trains(path)
    except SortingError as error:
        assert error.do
    except FileNotFoundError:
        raise AssertionError from None
