"""``spe1 info`` and ``spe1 spikes`` as a person uses them."""

import csv
import json
import os
import shutil

import pyarrow.csv
import pyarrow.parquet as pq
import pytest

import spe1
from tests.cli.test_screen import answer
from tests.support.command import run_fresh
from tests.support.command import run_spe1 as run


@pytest.fixture(scope="module")
def folder(two_cells, tmp_path_factory):
    """The current folder, which holds ``spe1`` with c14 and c5."""
    folder = tmp_path_factory.mktemp("tables")
    shutil.copytree(two_cells, folder / "spe1", copy_function=os.link)
    yield folder
    shutil.rmtree(folder)


def test_info_is_a_page_of_80_columns(folder, monkeypatch):
    done = run_fresh("info", "C14", cwd=folder, COLUMNS="80")
    assert done.returncode == 0 and done.stderr == ""
    lines = done.stdout.splitlines()
    assert max(map(len, lines)) <= 80 and len(lines) < 40
    assert lines[0] == "c14, simulated (nothing in it was measured in an animal), built in spe1/c14"
    assert lines[-1].endswith("spe1 benchmark localization --cells c14 --root spe1")
    monkeypatch.chdir(folder)
    assert done.stdout == f"{spe1.info('c14')}\n"


def test_info_of_several_cells_and_of_what_is_not_built(folder, tmp_path):
    done = run("info", "c14,c15", cwd=folder)
    assert done.returncode == 0
    assert done.stdout.count("\n\nc15, not built here") == 1
    assert "next        build:     spe1 build c15 --raw-dir .raw --root spe1" in done.stdout
    done = run("info", "c14", cwd=tmp_path)  # no spe1 here, which is no mistake
    assert done.returncode == 0 and done.stdout.startswith("c14, not built here")
    done = run("info", "c14", "--root", "gone", cwd=tmp_path)
    assert done.returncode == 1 and "root is not there" in done.stderr and done.stdout == ""
    done = run("info", "c14", "--root", folder / "spe1/c14", cwd=tmp_path)
    assert done.returncode == 1 and "That is a cell" in done.stderr
    assert run("info", cwd=folder).returncode == 2


def test_info_as_json(folder, tmp_path):
    document, status = answer("info", "c14", "c15", cwd=folder)
    c14, c15 = document["results"]
    assert status == 0 and document["warnings"] == []
    assert (c14["cell"], c14["simulated"], c14["is_built"]) == ("c14", True, True)
    assert len(c14["built"]["fingerprint"]) == 64 and c14["built"]["gt_channel"] == 159
    assert (c15["cell"], c15["simulated"], c15["built"]) == ("c15", None, None)
    shutil.copytree(folder / "spe1/c14", tmp_path / "spe1/c14", copy_function=os.link)
    (tmp_path / "spe1/c14/patch.npz").unlink()
    document, status = answer("info", "c14", cwd=tmp_path)
    assert status == 0 and document["results"][0]["built"]["n_short_intervals"] is None
    assert any("damaged: patch.npz is missing" in text for text in document["warnings"])


def test_spikes_a_line_a_cell(folder):
    done = run_fresh("spikes", cwd=folder, COLUMNS="80")
    assert done.returncode == 0 and max(map(len, done.stdout.splitlines())) <= 80
    lines = {line.split()[0]: line.split() for line in done.stdout.splitlines() if line}
    for cell_id in ("c5", "c14"):
        n_spikes = spe1.spikes(folder / "spe1", cell_id).num_rows
        assert lines[cell_id][1] == str(n_spikes) and lines[cell_id][-1] == "simulated"
        assert lines[cell_id][2] == f"{n_spikes / (48_017 / 30_000):.2f}"
    assert "c5 " not in run("spikes", "14", cwd=folder).stdout
    document, status = answer("spikes", "c14", cwd=folder)
    (c14,) = document["results"]
    assert status == 0 and c14["cell"] == "c14" and c14["simulated"] is True
    assert c14["n_spikes"] == int(lines["c14"][1]) and c14["median_interval_ms"] > 0


def test_spikes_to_files(folder, tmp_path):
    expected = spe1.spikes(folder / "spe1", ["c14", "c5"])
    places = ("--csv", tmp_path / "x.csv", "--parquet", tmp_path / "x.parquet")
    done = run("spikes", "c14", "c5", *places, cwd=folder)
    assert done.returncode == 0, done.stderr
    assert f"x.csv: {expected.num_rows} spikes of 2 cells" in done.stdout
    assert pq.read_table(tmp_path / "x.parquet").equals(expected)
    options = pyarrow.csv.ConvertOptions(
        column_types=expected.schema, strings_can_be_null=True, null_values=[""]
    )
    got = pyarrow.csv.read_csv(tmp_path / "x.csv", convert_options=options)
    assert got.equals(expected)  # to the last bit, nulls as nulls
    assert sorted(path.name for path in tmp_path.iterdir()) == ["x.csv", "x.parquet"]
    # They stay, unless told otherwise.
    before = (tmp_path / "x.csv").read_bytes()
    for place in (places[:2], places[2:]):
        done = run("spikes", "c14", *place, cwd=folder)
        assert done.returncode == 1 and "There is a file already" in done.stderr
        assert "--force" in done.stderr
    assert (tmp_path / "x.csv").read_bytes() == before
    document, status = answer("spikes", "c14", *places, "--force", cwd=folder)
    assert status == 0
    assert [(one["cells"], one["file"]) for one in document["results"]] == [
        (["c14"], str(tmp_path / "x.csv")),
        (["c14"], str(tmp_path / "x.parquet")),
    ]
    with (tmp_path / "x.csv").open(newline="") as file:
        assert {row["cell_id"] for row in csv.DictReader(file)} == {"c14"}


def test_spikes_to_standard_output(folder):
    done = run("spikes", "c14", "--csv", "-", cwd=folder)
    assert done.returncode == 0 and done.stderr == ""
    expected = spe1.spikes(folder / "spe1", "c14")
    header, *rows = csv.reader(done.stdout.splitlines())
    assert header == expected.column_names and len(rows) == expected.num_rows
    assert [float(row[header.index("time_s")]) for row in rows] == expected["time_s"].to_pylist()
    document, status = answer("spikes", "--csv", "-", cwd=folder)
    assert status == 1 and "both CSV and JSON" in document["error"]["what"]


def test_nulls_are_empty_fields(tmp_path):
    import pyarrow as pa

    from spe1_builder.cli.spikes import write_csv

    table = pa.table({"cell_id": ["c1", "a,b"], "x": pa.array([None, 0.1]), "i": [1, 2]})
    with (tmp_path / "x.csv").open("w", newline="") as file:
        write_csv(table, file)
    assert (tmp_path / "x.csv").read_text() == 'cell_id,x,i\nc1,,1\n"a,b",0.1,2\n'


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["--root", "gone"], "root is not there"),
        (["c15"], "c15 has not been built here"),
        (["c99"], "no cell 'c99'"),
        (["--csv", "gone/x.csv"], "cannot be written there"),
        (["--csv", "spe1"], "cannot be written there"),
        (["--parquet", "-"], "not for a screen"),
        (["--csv", "x", "--parquet", "x"], "cannot be one file"),
        (["--csv", "s3://bucket/x.csv"], "a place elsewhere"),
    ],
)
def test_spikes_refused(folder, args, words):
    done = run("spikes", *args, cwd=folder)
    assert done.returncode == 1 and words in done.stderr and "do: " in done.stderr
    assert done.stdout == "" and [path.name for path in folder.iterdir()] == ["spe1"]


def test_a_write_that_fails_leaves_nothing(folder, tmp_path):
    from spe1_builder.cli.outputs import write_whole
    from spe1_builder.errors import SpaceError

    def fill(path) -> None:
        path.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    (tmp_path / "x.csv").write_text("old")
    with pytest.raises(SpaceError):
        write_whole(tmp_path / "x.csv", "--csv", fill)
    assert [(p.name, p.read_text()) for p in tmp_path.iterdir()] == [("x.csv", "old")]


def test_an_empty_root(tmp_path):
    (tmp_path / "spe1").mkdir()
    done = run("spikes", cwd=tmp_path)
    assert done.returncode == 1 and "No cell has been built here" in done.stderr
    done = run("spikes", "--csv", "-", cwd=tmp_path)
    assert done.returncode == 0 and done.stdout.startswith("cell_id,") and "\n" in done.stdout
    assert json.loads(run("spikes", "--json", cwd=tmp_path).stdout)["status"] == "failed"
