"""The table of spikes against the rows and the planted ones."""

import os
import shutil
import zipfile

import numpy as np
import pyarrow as pa
import pytest

import spe1
from spe1_builder.dataset.write.build import build_cell
from spe1_builder.errors import MissingFileError, OptionError, OutputError, UnknownCellError
from tests.support.recordings import SMALL


@pytest.fixture(scope="module")
def root(archive, built, tmp_path_factory):
    root = tmp_path_factory.mktemp("spikes") / "spe1"
    shutil.copytree(built.folder.parent, root, copy_function=os.link)
    build_cell("c5", archive.sources, root, SMALL)
    yield root
    shutil.rmtree(root)


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
        }
    )
    # The catalogue's order, or the one that is given; a set is as good as its cells.
    assert table["cell_id"].unique().to_pylist() == ["c5", "c14"]
    assert spe1.spikes(root, ("c14", "c5"))["cell_id"].unique().to_pylist() == ["c14", "c5"]
    counts = {c: len(spe1.spikes(root, c)) for c in ("c5", "c14")}
    assert len(table) == sum(counts.values()) and min(counts.values()) > 0
    (root.parent / "empty").mkdir()
    assert spe1.spikes(root.parent / "empty").schema == table.schema


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


def _cut(path):
    data = path.read_bytes()
    path.unlink()
    path.write_bytes(data[: len(data) // 2])


@pytest.mark.parametrize(
    "damage",
    [
        _cut,
        lambda path: _without(path, "spike_times_s"),
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
