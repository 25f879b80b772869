"""The table of spikes against the rows and the planted ones."""

import os
import shutil
import zipfile
from itertools import pairwise

import duckdb
import numpy as np
import pandas
import polars
import pyarrow as pa
import pyarrow.compute
import pytest

import spe1
from spe1_builder.dataset.metadata import ConversionMetadata, read_model
from spe1_builder.dataset.write.build import build_cell
from spe1_builder.errors import MissingFileError, OptionError, OutputError, UnknownCellError
from tests.support.older import make_older
from tests.support.recordings import SMALL
from tests.support.verify import edit_json


@pytest.fixture(scope="module")
def root(archive, built, tmp_path_factory):
    root = tmp_path_factory.mktemp("spikes") / "spe1"
    shutil.copytree(built.folder.parent, root, copy_function=os.link)
    build_cell("c5", archive.sources, root, SMALL)
    yield root
    shutil.rmtree(root)


def read_metadata(root, name):
    return read_model(root / name / "conversion_metadata.json", ConversionMetadata)


def _peak_shift(cell):
    """Of the template on the peak channel, from the spike on, in samples."""
    with np.load(cell / "templates.npz") as file:
        mean_uV = file["templates"][0]
    return int(np.abs(mean_uV[:, read_metadata(cell.parent, "c14").peak_channel]).argmax()) - 30


def _with_spikes(built, folder, samples):
    """A copy of the root whose c14 has other spikes, and a template that peaks after them."""
    root = folder / "spe1"
    shutil.copytree(built.folder.parent, root, copy_function=os.link)
    cell = root / "c14"
    for name, change in (
        ("patch.npz", {"spike_times_s": samples / 30_000, "spike_patch_indices": samples}),
        ("templates.npz", {"templates": lambda mean: np.roll(mean, 12, axis=1)}),
    ):
        with np.load(cell / name) as file:
            arrays = dict(file)
        for key, value in change.items():
            arrays[key] = value(arrays[key]) if callable(value) else value
        (cell / name).unlink()
        np.savez(cell / name, **arrays)
    n = len(samples)

    def edit(document):
        document["n_spikes_total"] = document["template_metadata"]["n_spikes_total"] = n
        document["n_spikes_used_for_templates"] = 0
        template = document["template_metadata"]
        template["n_spikes_used"], template["n_out_of_bounds_discarded"] = 0, n
        document["splits"]["train"]["spikes"], document["splits"]["test"]["spikes"] = n, 0

    edit_json(cell / "conversion_metadata.json", edit)
    return root


def test_the_same_spikes_as_in_the_rows(root):
    table = spe1.spikes(root, "c14")
    expected = [
        (name, i, time_ms, int(row["sample_id"]))
        for name, split in spe1.load("c14", root).items()
        for i, row in enumerate(split.select_columns(["sample_id", "ctt"]))
        for time_ms in max(row["ctt"], key=len)
    ]
    got = [
        (
            row["split"],
            row["row"],
            row["time_in_row_ms"],
            row["sample"] - round(row["time_in_row_ms"] * 30),
        )
        for row in table.to_pylist()
    ]
    assert got == expected  # to the last bit of float64
    assert {name for name, *_ in got} == {"train", "test"}


def test_the_planted_spikes(root, archive):
    table = spe1.spikes(root, ["c14"])
    planted = np.rint(archive.truth.npx_samples) - 6_000  # 0.2 s are skipped
    planted = planted[(planted >= 0) & (planted < 48_017)]
    assert len(table) > 20
    np.testing.assert_allclose(table["sample"].to_numpy(), planted, atol=1)
    np.testing.assert_array_equal(table["time_s"].to_numpy(), table["sample"].to_numpy() / 30_000)


def test_types_and_cells(root):
    table = spe1.spikes(root)
    assert table.schema == pa.schema(
        {
            "cell_id": pa.string(),
            "split": pa.string(),
            "row": pa.int64(),
            "time_s": pa.float64(),
            "sample": pa.int64(),
            "time_in_row_ms": pa.float64(),
            "spike_index": pa.int64(),
            "patch_time_s": pa.float64(),
            "amplitude_uV": pa.float32(),
            "isi_s": pa.float64(),
            "burst_index": pa.int64(),
        }
    )
    # The catalogue's order, or the one that is given; a set is as good as its cells.
    assert table["cell_id"].unique().to_pylist() == ["c5", "c14"]
    assert spe1.spikes(root, ("c14", "c5"))["cell_id"].unique().to_pylist() == ["c14", "c5"]
    counts = {c: len(spe1.spikes(root, c)) for c in ("c5", "c14")}
    assert len(table) == sum(counts.values()) and min(counts.values()) > 0
    (root.parent / "empty").mkdir()
    assert spe1.spikes(root.parent / "empty").schema == table.schema


def test_patch_times_are_the_planted_patch_samples(root, archive):
    table = spe1.spikes(root, "c14")
    n_patch = (archive.raw_dir / "Recordings/c14/c14_patch_ch1.bin").stat().st_size // 8
    ratio = len(archive.counts()) / n_patch
    planted = np.load(archive.raw_dir / "Recordings/c14/c14_wc_spike_samples.npy") * ratio
    planted = planted[(planted >= 6_000) & (planted < 54_017)] / 30_000 - 0.2
    np.testing.assert_allclose(table["patch_time_s"].to_numpy(), planted, atol=1e-9)
    within = table["patch_time_s"].to_numpy() * 30_000 - table["sample"].to_numpy()
    assert within.min() >= -1e-6 and within.max() < 1 + 1e-6 and within.std() > 0.1


@pytest.mark.parametrize("name", ["c14", "c5"])
def test_amplitudes_are_the_traces_at_the_peak(root, name):
    """As `read_uV` gives them; and their mean is the peak of the template."""
    table, metadata = spe1.spikes(root, name), read_metadata(root, name)
    with np.load(root / name / "templates.npz") as file:
        mean_uV = file["templates"][0][:, metadata.peak_channel]
    at = table["sample"].to_numpy() + int(np.abs(mean_uV).argmax()) - 30
    traces = spe1.CellTraces(root / name)
    expected = [traces.read_uV(i, i + 1, [metadata.peak_channel]).item() for i in at.tolist()]
    amplitudes_uV = table["amplitude_uV"].to_numpy()
    np.testing.assert_array_equal(amplitudes_uV, np.array(expected, np.float32))
    is_whole = (table["sample"].to_numpy() >= 30) & (table["sample"].to_numpy() + 60 <= 48_017)
    mean_of_whole = amplitudes_uV[is_whole].mean(dtype=np.float64)
    assert mean_of_whole == pytest.approx(mean_uV[np.abs(mean_uV).argmax()], abs=1e-3)


def test_intervals_and_bursts(root):
    table = spe1.spikes(root)
    for name in ("c5", "c14"):
        rows = [row for row in table.to_pylist() if row["cell_id"] == name]
        assert [row["spike_index"] for row in rows] == list(range(len(rows)))
        assert rows[0]["isi_s"] is None and rows[0]["burst_index"] == 0
        for before, row in pairwise(rows):
            assert row["isi_s"] == pytest.approx(row["time_s"] - before["time_s"], abs=1e-9)
            expected = before["burst_index"] + 1 if row["isi_s"] < 0.01 else 0
            assert row["burst_index"] == expected


def test_a_burst_of_known_spikes(built, tmp_path):
    """Spikes put where the rule must tell them apart: 10 ms is no burst any more."""
    samples = np.array([5, 305, 600, 601, 2_000, 2_299, 2_598, 2_898, 48_016])
    root = _with_spikes(built, tmp_path, samples)
    table = spe1.spikes(root, "c14")
    assert table["burst_index"].to_pylist() == [0, 0, 1, 2, 0, 1, 2, 0, 0]
    assert table["isi_s"].to_pylist()[1:4] == [300 / 30_000, 295 / 30_000, 1 / 30_000]
    # The template's peak lies after the spike: at the last sample there is none any more.
    peak = _peak_shift(root / "c14")
    assert peak > 0
    known = [i + peak < 48_017 for i in samples.tolist()]
    assert known[-1] is False
    assert [value is not None for value in table["amplitude_uV"].to_pylist()] == known
    shutil.rmtree(root)


def test_cell_of_older_data(built, tmp_path):
    root = tmp_path / "spe1"
    shutil.copytree(built.folder.parent, root, copy_function=os.link)
    now = spe1.spikes(root)
    make_older(root / "c14")
    table = spe1.spikes(root)
    assert table["patch_time_s"].null_count == len(table) > 0
    assert table.drop_columns("patch_time_s") == now.drop_columns("patch_time_s")
    shutil.rmtree(root)


def test_other_libraries_take_it_without_a_copy(root):
    """Numbers without nulls are the same memory in pandas, polars and numpy; duckdb reads it."""
    table = spe1.spikes(root)  # of two cells: still one piece of memory a column
    frame = polars.from_arrow(table)
    as_pandas = table.to_pandas(types_mapper=pandas.ArrowDtype)
    for name in ("time_s", "patch_time_s", "time_in_row_ms", "amplitude_uV", "sample"):
        (chunk,) = table[name].chunks
        address = chunk.buffers()[1].address
        assert chunk.null_count == 0 and chunk.buffers()[0] is None
        assert frame[name].to_numpy(allow_copy=False).ctypes.data == address
        assert as_pandas[name].array.__arrow_array__().chunk(0).buffers()[1].address == address
        assert table[name].to_numpy().ctypes.data == address
    assert frame["isi_s"].null_count() == 2
    assert frame.to_dicts() == table.to_pylist()
    with duckdb.connect() as connection:
        connection.register("spikes", table)
        query = "select cell_id, count(*), min(isi_s) from spikes group by cell_id"
        rows = connection.sql(query).fetchall()
    assert len(rows) == 2
    for cell_id, n, shortest_s in rows:
        part = table.filter(pa.compute.equal(table["cell_id"], cell_id))
        assert (n, shortest_s) == (len(part), pa.compute.min(part["isi_s"]).as_py())
    assert table.to_pandas()["isi_s"].isna().sum() == 2


def test_what_is_not_there(root):
    with pytest.raises(MissingFileError, match="no such dataset root"):
        spe1.spikes(root / "gone")
    with pytest.raises(MissingFileError, match="no such dataset root"):
        spe1.cells(root / "gone")
    with pytest.raises(MissingFileError, match="c15 has not been built"):
        spe1.spikes(root, ["c14", "c15"])
    with pytest.raises(UnknownCellError):
        spe1.spikes(root, "c99")
    for cells in ([], 14, [14], [["c14"]], {"c14": 1}.values()):
        with pytest.raises(OptionError):
            spe1.spikes(root, cells)


def _without(path, name):
    data = {n: a for n, a in np.load(path).items() if n != name}
    path.unlink()
    np.savez(path, **data)


def _with_times(path, change):
    data = dict(np.load(path))
    data["spike_times_s"] = change(data["spike_times_s"])
    path.unlink()
    np.savez(path, **data)


def _with_indices(path, change):
    data = dict(np.load(path))
    data["spike_patch_indices"] = change(data["spike_patch_indices"])
    path.unlink()
    np.savez(path, **data)


def _cut(path):
    data = path.read_bytes()
    path.unlink()
    path.write_bytes(data[: len(data) // 2])


@pytest.mark.parametrize(
    "damage",
    [
        _cut,
        lambda path: _without(path, "spike_times_s"),
        lambda path: _without(path, "spike_patch_indices"),
        lambda path: _without(path, "t_patch_s"),
        lambda path: _with_indices(path, lambda i: i[1:]),
        lambda path: _with_indices(path, lambda i: i + 10**6),
        lambda path: _with_indices(path, lambda i: i - 10**6),
        lambda path: _with_times(path, lambda t: t[1:]),
        lambda path: _with_times(path, lambda t: t[::-1]),
        lambda path: _with_times(path, lambda t: t + 1e-5),
        lambda path: _with_times(path, lambda t: t * np.nan),
        lambda path: _with_times(path, lambda t: t - 1.0),
        lambda path: _with_times(path, lambda t: t.astype(np.float32)),
        lambda path: path.unlink(),
    ],
)
def test_a_damaged_file(built, tmp_path, damage):
    shutil.copytree(built.folder.parent, tmp_path / "spe1", copy_function=os.link)
    path = tmp_path / "spe1/c14/patch.npz"
    damage(path)
    with pytest.raises(OutputError, match=r"patch\.npz does not hold the spikes"):
        spe1.spikes(tmp_path / "spe1")
    shutil.rmtree(tmp_path)


def test_a_damaged_archive_is_no_archive_error(built, tmp_path):
    shutil.copytree(built.folder.parent, tmp_path / "spe1", copy_function=os.link)
    path = tmp_path / "spe1/c14/patch.npz"
    path.unlink()
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("spike_times_s.npy", b"no array")
    with pytest.raises(OutputError):
        spe1.spikes(tmp_path / "spe1")
    shutil.rmtree(tmp_path)


@pytest.mark.parametrize("damage", ["gone", "cut", "another build", "no template"])
def test_damaged_rows(built, tmp_path, damage):
    root = tmp_path / "spe1"
    shutil.copytree(built.folder.parent, root, copy_function=os.link)
    path = next((root / "c14/train").glob("data-*.arrow"))
    if damage == "cut":
        _cut(path)
    elif damage == "another build":
        path.rename(path.with_name("data-0123456789abcdef-00000-of-00001.arrow"))
    elif damage == "gone":
        path.unlink()
    else:
        _without(root / "c14/templates.npz", "templates")
    with pytest.raises(OutputError, match="does not hold the"):
        spe1.spikes(root)
    shutil.rmtree(root)
