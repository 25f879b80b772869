"""The table of cells: the catalogue beside what the cells of a root say of themselves."""

import json
import os
import shutil

import duckdb
import numpy as np
import polars
import pyarrow as pa
import pytest

import spe1
from spe1_builder.cells import catalogue
from spe1_builder.layout import shard_mark

#: Those of what is built, null elsewhere.
BUILT = [
    "is_simulated",
    "n_spikes",
    "rate_hz",
    "duration_s",
    "n_train_rows",
    "n_test_rows",
    "peak_channel",
    "gt_x_um",
    "gt_y_um",
    "n_bad_channels",
    "template_peak_to_peak_uV",
    "spike_source",
    "spike_recall",
    "spike_precision",
    "n_warnings",
    "size_bytes",
    "data_version",
    "fingerprint",
    "folder",
]


def row_of(root, cell_id="c14") -> dict:
    table = spe1.cells(root)
    assert table["cell_id"].to_pylist() == list(catalogue())
    return dict(zip(table["cell_id"].to_pylist(), table.to_pylist(), strict=True))[cell_id]


@pytest.fixture
def root(two_cells, tmp_path):
    """A root with c14 and c5, to damage: links, to be replaced rather than written into."""
    shutil.copytree(two_cells, tmp_path / "spe1", copy_function=os.link)
    yield tmp_path / "spe1"
    shutil.rmtree(tmp_path)


def test_the_catalogue_alone():
    table = spe1.cells()
    assert table["is_built"].null_count == 43
    assert [table[name].null_count for name in ("problem", *BUILT)] == [43] * 20
    c14 = table.slice(table["cell_id"].to_pylist().index("c14"), 1).to_pylist()[0]
    # Copied from the release's Data Summary.
    assert (c14["gt_channel"], c14["highest_channel"], c14["peak_to_peak_uV"]) == (159, 161, 84.4)


def test_what_is_built(two_cells, archive):
    row, folder = row_of(two_cells), two_cells / "c14"
    metadata = json.loads((folder / "conversion_metadata.json").read_text())
    with np.load(folder / "templates.npz") as arrays:
        template_uV = arrays["templates"][0]
    planted = np.rint(archive.truth.npx_samples) - 6_000
    n_spikes = int(((planted >= 0) & (planted < 48_017)).sum())
    assert row["is_built"] is True and row["problem"] is None and row["is_simulated"] is True
    assert row["n_spikes"] == n_spikes
    assert row["duration_s"] == 48_017 / 30_000
    assert row["rate_hz"] == pytest.approx(n_spikes / (48_017 / 30_000))
    rows = spe1.load("c14", two_cells).num_rows
    assert {"train": row["n_train_rows"], "test": row["n_test_rows"]} == rows
    assert row["peak_channel"] == archive.truth.peak_channel
    # Electrode 159: x by 159 % 4, y by 159 // 2, as facts of the probe have it.
    assert (row["gt_x_um"], row["gt_y_um"]) == (27.0, 1600.0)
    assert row["n_bad_channels"] == len(metadata["bad_channel_ids"]) >= 10
    waveform_uV = template_uV[:, archive.truth.peak_channel]
    assert row["template_peak_to_peak_uV"] == pytest.approx(waveform_uV.max() - waveform_uV.min())
    assert row["spike_source"] == "file"
    assert row["spike_recall"] == metadata["ground_truth_agreement"]["recall"]
    assert row["spike_precision"] == metadata["ground_truth_agreement"]["precision"]
    assert row["n_warnings"] == len(metadata["warnings"])
    files = [path for path in folder.rglob("*") if path.is_file()]
    n_bytes = sum(path.stat().st_size for path in files)
    assert row["size_bytes"] == n_bytes - (folder / "conversion_metadata.json").stat().st_size
    assert row["folder"] == str(folder)
    assert (folder / "train").is_dir()
    assert list((folder / "train").glob(f"data-{shard_mark(row['fingerprint'])}-*.arrow"))
    assert {spe1.cells(two_cells)[name].null_count for name in BUILT} == {41}
    c1 = row_of(two_cells, "c1")
    assert c1["is_built"] is False and {c1[name] for name in ("problem", *BUILT)} == {None}


def _replace(path, data: bytes) -> None:
    path.unlink()
    path.write_bytes(data)


def _edit(cell, **values) -> None:
    """Change metadata as somebody does who knows nothing of the seal."""
    path = cell / "conversion_metadata.json"
    _replace(path, json.dumps(json.loads(path.read_text()) | values).encode())


def _save_template(cell, template) -> None:
    with np.load(cell / "templates.npz") as arrays:
        rest = dict(arrays)
    n_bytes = (cell / "templates.npz").stat().st_size
    (cell / "templates.npz").unlink()
    np.savez(cell / "templates.npz", **rest | {"templates": template})
    assert (cell / "templates.npz").stat().st_size == n_bytes


def _cut(cell, name) -> None:
    (path,) = cell.glob(name)
    _replace(path, path.read_bytes()[:-8])


def _pipe(cell) -> None:
    (cell / "templates.npz").unlink()
    os.mkfifo(cell / "templates.npz")


@pytest.mark.parametrize(
    ("damage", "words", "is_readable"),
    [
        (lambda c: _cut(c, "conversion_metadata.json"), "conversion_metadata.json is mal", False),
        (lambda c: _replace(c / "conversion_metadata.json", b"\xff"), "is malformed", False),
        (lambda c: _edit(c, num_channels=7), "num_channels", False),
        (lambda c: _edit(c, train_fraction=0.7), "was changed after the build", True),
        (lambda c: shutil.copy(c.parent / "c5/patch.npz", c / "patch.npz"), "patch.npz has", True),
        (lambda c: _cut(c, "test/data-*.arrow"), "test/data-", True),
        (lambda c: shutil.rmtree(c / "train"), "train/state.json is missing", True),
    ],
)
def test_a_damaged_cell_is_a_row(root, damage, words, is_readable):
    whole, other = row_of(root), row_of(root, "c5")
    cell = root / "c14"
    for path in cell.rglob("*"):  # no longer a link to what others read
        if path.is_file():
            _replace(path, path.read_bytes())
    damage(cell)
    row = row_of(root)
    assert words in row["problem"] and "\n" not in row["problem"]
    assert row["is_built"] is True and row["gt_channel"] == 159
    assert row_of(root, "c5") == other
    if is_readable:
        assert {**row, "problem": None} == whole
    else:
        assert {row[name] for name in BUILT} == {None} | {row["folder"]}


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda c: (c / "templates.npz").unlink(), "templates.npz is missing"),
        (_pipe, "templates.npz has 0 bytes"),
        (lambda c: _cut(c, "templates.npz"), "templates.npz has "),
        (lambda c: _save_template(c, np.full((1, 90, 384), np.nan, np.float32)), "no finite"),
        (lambda c: _save_template(c, np.zeros((90, 1, 384), np.float32)), "cannot be read"),
        (lambda c: _save_template(c, np.zeros((1, 90, 384), np.int32)), "cannot be read"),
    ],
)
def test_a_damaged_template_takes_its_column_only(root, damage, words):
    whole = row_of(root)
    damage(root / "c14")
    row = row_of(root)
    assert words in row["problem"]
    assert row == {**whole, "problem": row["problem"], "template_peak_to_peak_uV": None}


@pytest.mark.parametrize("n_spikes", [2**63, 10**400])
def test_numbers_that_no_column_can_hold(root, n_spikes):
    path = root / "c14/conversion_metadata.json"
    document = json.loads(path.read_text())
    document["n_spikes_total"] = document["splits"]["train"]["spikes"] = n_spikes
    document["splits"]["test"]["spikes"] = 0
    document["files"][0]["path"] = "../c5/patch.npz"
    _replace(path, json.dumps(document).encode())
    row = row_of(root)
    assert "impossible values of n_spikes" in row["problem"] and "outside" in row["problem"]
    assert row["n_spikes"] is None and row["n_train_rows"] == 4


def test_goes_to_pandas_polars_and_duckdb(two_cells):
    table = spe1.cells(two_cells)
    assert isinstance(table, pa.Table)
    frame = table.to_pandas()
    assert frame[frame["is_built"]]["cell_id"].tolist() == ["c5", "c14"]
    columns = polars.from_arrow(table)
    assert columns.filter(polars.col("is_built")).select("n_spikes").sum().item() > 40
    assert columns.filter(polars.col("sets").list.contains("zhao")).height == 11
    query = "SELECT cell_id, n_spikes FROM table_ WHERE is_simulated AND 'zhao' IN sets"
    table_ = table  # noqa: F841 - duckdb finds it by name
    assert duckdb.sql(query).fetchall() == [("c14", row_of(two_cells)["n_spikes"])]
