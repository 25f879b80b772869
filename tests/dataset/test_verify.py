"""``spe1 verify``: silent on a clean root, and one cause gives the findings it should."""

import hashlib
import json
import os
import shutil
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import yaml

from builder.constants import N_CHANNELS
from builder.dataset import rows as rows_module
from builder.dataset.build import build_cell
from builder.dataset.options import Window
from builder.dataset.rows import SCHEMA, Row, make_batch
from builder.dataset.shards import read_rows
from builder.dataset.verify import verify_cell, verify_root
from builder.dataset.verify.files import SIDE_FILES
from builder.dataset.verify.report import Report
from builder.dataset.verify.rows import RowCheck
from builder.dataset.verify.sums import MedianCounts, TemplateSum
from builder.errors import MissingFileError, UnknownCellError
from tests.recordings import SMALL

# One process builds the cell that all of these damage.
pytestmark = pytest.mark.xdist_group("verify")

FIRST, SECOND = (f"train/data-0000{i}-of-00002.arrow" for i in range(2))
TEST = "test/data-00000-of-00001.arrow"
TEMPLATE_IS_NOT_THE_MEAN = ("templates.npz", "template against the mean over the rows' spikes")
NOT_LOOKED_AT = "(its content was not looked at)"


@pytest.fixture(scope="module")
def clean_root(archive, tmp_path_factory) -> Path:
    """c14 with two shards of two rows in train, one of two in test."""
    root = tmp_path_factory.mktemp("verify") / "spe1"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rows_module, "SHARD_BYTES", 2 * 4 * N_CHANNELS * 9_300)
        build_cell("c14", archive.sources, root, SMALL)
    yield root
    shutil.rmtree(root)


@pytest.fixture
def cell(clean_root, tmp_path) -> Path:
    """A copy of the cell to damage: links, so replace files instead of writing into them."""
    root = tmp_path / "spe1"
    shutil.copytree(clean_root, root, copy_function=os.link)
    yield root / "c14"
    shutil.rmtree(root)


def found(cell: Path) -> list[tuple[str, str]]:
    """(where, fact) of every finding; where is relative to the cell, or to the root with ``/``."""
    pairs = []
    for finding in verify_root(cell.parent):
        assert "\n" not in finding.what
        inside = finding.where.startswith("c14/")
        where = finding.where.removeprefix("c14/") if inside else f"/{finding.where}"
        pairs.append((where, finding.what.split(":")[0]))
    return pairs


def replace(path: Path, data: bytes) -> None:
    path.unlink(missing_ok=True)
    path.write_bytes(data)


def edit_json(path: Path, edit) -> None:
    document = json.loads(path.read_text())
    edit(document)
    replace(path, json.dumps(document, allow_nan=True).encode())


def edit_metadata(cell: Path, edit) -> None:
    edit_json(cell / "conversion_metadata.json", edit)


def refresh(cell: Path) -> None:
    """Sizes and hashes as they are now, so that only a file's meaning can be wrong."""

    def edit(document):
        for record in document["files"]:
            data = (cell / record["path"]).read_bytes()
            record |= {"size": len(data), "sha256": hashlib.sha256(data).hexdigest()}

    edit_metadata(cell, edit)


def edit_arrays(path: Path, edit) -> None:
    with np.load(path) as archive:
        arrays = dict(archive)
    edit(arrays)
    path.unlink()
    np.savez(path, **arrays)
    refresh(path.parent)


def lists(column: list[list[np.ndarray]], kind: pa.DataType) -> pa.Array:
    """One list of channels a row."""
    channels = [values for row in column for values in row]
    inner = np.cumsum([0, *map(len, channels)]).astype(np.int32)
    outer = np.cumsum([0, *map(len, column)]).astype(np.int32)
    values = pa.array(np.concatenate(channels), kind)
    return pa.ListArray.from_arrays(outer, pa.ListArray.from_arrays(inner, values))


def write_shard(
    path: Path, rows: list[dict], batch_rows: int = 2, schema: pa.Schema = SCHEMA
) -> None:
    path.unlink(missing_ok=True)
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_stream(sink, schema) as stream:
        for i in range(0, len(rows), batch_rows):
            part = rows[i : i + batch_rows]
            arrays = [pa.array([row["sample_id"] for row in part], pa.string())]
            for name in ("cp", "cit", "ctt"):
                kind = SCHEMA.field(name).type.value_type.value_type
                arrays.append(lists([row[name] for row in part], kind))
            stream.write_batch(pa.RecordBatch.from_arrays(arrays, schema=schema))


def edit_shard(cell: Path, name: str, edit, **form) -> None:
    """Change the rows of a shard, its recorded hash included."""
    rows = [
        {
            key: [np.array(v) for v in value] if key != "sample_id" else value
            for key, value in row.items()
        }
        for row in read_rows(cell / name)
    ]
    rows = edit(rows) or rows
    write_shard(cell / name, rows, **form)
    refresh(cell)


def peak_of(cell: Path) -> int:
    return json.loads((cell / "conversion_metadata.json").read_text())["unit_peak_channel"]["0"]


def test_clean(cell):
    (cell / "train" / "cache-0123456789abcdef.arrow").write_bytes(b"of the datasets library")
    assert verify_root(cell.parent) == []
    assert verify_cell(cell) == []
    assert verify_root(cell.parent, ["c14"]) == []


def test_helpers_rewrite_without_damage(cell):
    edit_shard(cell, FIRST, lambda rows: None)
    edit_arrays(cell / "templates.npz", lambda arrays: None)
    assert found(cell) == []


# --- Damage to bytes: one finding, whatever the bytes mean ---------------------------


def test_flipped_byte(cell):
    data = bytearray((cell / FIRST).read_bytes())
    data[len(data) // 2] ^= 0x40
    replace(cell / FIRST, data)
    assert found(cell) == [(FIRST, f"sha256 {NOT_LOOKED_AT}")]


def test_truncated_shard(cell):
    replace(cell / FIRST, (cell / FIRST).read_bytes()[:-1000])
    assert found(cell) == [(FIRST, f"size in bytes {NOT_LOOKED_AT}")]


@pytest.mark.parametrize("n_bytes", [0, 7, 3000, 20_000_000, -8])
def test_truncated_shard_with_its_size_recorded(cell, n_bytes):
    replace(cell / FIRST, (cell / FIRST).read_bytes()[:n_bytes])
    refresh(cell)
    assert found(cell) == [(FIRST, "not a whole Arrow stream")]


def test_shard_with_bytes_after_its_end(cell):
    data = (cell / FIRST).read_bytes()
    replace(cell / FIRST, data + data[-8:])
    refresh(cell)
    assert found(cell) == [(FIRST, "not a whole Arrow stream")]


@pytest.mark.parametrize("name", [FIRST, TEST, *SIDE_FILES])
def test_missing_file(cell, name):
    (cell / name).unlink()
    assert found(cell) == [(name, "the file is missing")]


def test_file_that_nobody_lists(cell):
    (cell / "train" / "data-00002-of-00003.arrow").write_bytes(b"")
    (cell / "notes.txt").write_text("mine")
    fact = "a file that the metadata does not list"
    extra = [("notes.txt", fact), ("train/data-00002-of-00003.arrow", fact)]
    # The card's glob takes the foreign shard, which is what it would load.
    assert found(cell) == extra


# --- The rows -----------------------------------------------------------------------


def test_swapped_shards(cell):
    (cell / FIRST).rename(cell / "x")
    (cell / SECOND).rename(cell / FIRST)
    (cell / "x").rename(cell / SECOND)
    refresh(cell)
    assert found(cell) == [(FIRST, "sample_id"), (SECOND, "sample_id")]


def test_missing_row(cell):
    edit_shard(cell, SECOND, lambda rows: rows[:1])
    assert found(cell) == [("train", "rows")]


def test_nan(cell):
    def edit(rows):
        rows[1]["cp"][200][17] = np.nan

    edit_shard(cell, FIRST, edit)
    assert found(cell) == [(FIRST, "values of cp")]
    (finding,) = verify_root(cell.parent)
    assert "channel 200 of row 0000009300" in finding.what


def test_shape_of_a_row(cell):
    def edit(rows):
        rows[0]["cp"] = [values[:-1] for values in rows[0]["cp"]]
        rows[1]["cp"][3] = rows[1]["cp"][3][:-1]

    edit_shard(cell, FIRST, edit)
    facts = [(FIRST, f"shape of cp, row {first}") for first in ("0000000000", "0000009300")]
    assert found(cell) == facts


def test_row_without_all_channels(cell):
    def edit(rows):
        for name in ("cp", "cit", "ctt"):
            rows[0][name] = rows[0][name][:-1]

    edit_shard(cell, FIRST, edit)
    facts = [(FIRST, "channels of cit and ctt"), (FIRST, "shape of cp, row 0000000000")]
    assert sorted(found(cell)) == facts


def test_one_value_of_a_spike_window_differs(cell):
    """Far within what is finite: only the template shows it."""
    peak = peak_of(cell)

    def edit(rows):
        sample = round(rows[1]["ctt"][peak][0] * 30)
        rows[1]["cp"][100][sample] += 1.0

    edit_shard(cell, FIRST, edit)
    assert found(cell) == [TEMPLATE_IS_NOT_THE_MEAN]


def test_one_channel_shifted(cell):
    """Another zero on one channel: the median and the template show it."""

    def edit(rows):
        for row in rows:
            row["cp"][100] += np.float32(0.5)

    edit_shard(cell, FIRST, edit)
    assert sorted(where for where, _ in found(cell)) == ["dataset_stats.json", "templates.npz"]


def test_moved_spike(cell):
    peak = peak_of(cell)

    def edit(rows):
        rows[1]["ctt"][peak][0] += 3 / 30

    edit_shard(cell, FIRST, edit)
    assert [where for where, _ in found(cell)] == ["patch.npz", "templates.npz"]


def test_lost_spike(cell):
    peak = peak_of(cell)

    def edit(rows):
        for name in ("cit", "ctt"):
            rows[0][name][peak] = rows[0][name][peak][1:]

    edit_shard(cell, FIRST, edit)
    facts = found(cell)
    assert ("train", "spikes") in facts
    assert {where for where, _ in facts} <= {
        "train",
        "patch.npz",
        "templates.npz",
        "conversion_metadata.json",
    }


@pytest.mark.parametrize(
    ("change", "fact"),
    [
        (lambda row, peak: row["ctt"][peak].__iadd__(0.4 / 30), "ctt on whole samples"),
        (lambda row, peak: row["cit"][peak].__iadd__(1), "unit in cit"),
        (
            lambda row, peak: row["ctt"].__setitem__(peak, row["ctt"][peak][::-1]),
            "ctt is not ascending",
        ),
    ],
)
def test_spike_lists(cell, change, fact):
    peak = peak_of(cell)

    def edit(rows):
        change(rows[1], peak)

    edit_shard(cell, SECOND, edit)
    assert (SECOND, fact) in found(cell)


def test_spike_beyond_the_segment(cell):
    peak = peak_of(cell)

    def edit(rows):
        rows[0]["ctt"][peak][-1] = 9_300 / 30

    edit_shard(cell, SECOND, edit)
    assert (SECOND, "ctt within the segment") in found(cell)


def test_cit_without_ctt(cell):
    def edit(rows):
        rows[0]["cit"][5] = np.zeros(1, dtype=np.int32)

    edit_shard(cell, SECOND, edit)
    assert found(cell) == [(SECOND, "cit and ctt have not the same nesting")]


def test_batches_of_one_row(cell):
    edit_shard(cell, FIRST, lambda rows: None, batch_rows=1)
    assert found(cell) == [(name, "rows in a record batch") for name in (FIRST, SECOND)]


def test_schema(cell):
    wide = pa.field("ctt", pa.list_(pa.list_(pa.float32())))
    edit_shard(cell, TEST, lambda rows: None, schema=SCHEMA.with_metadata({"huggingface": "{}"}))
    assert found(cell) == [(TEST, "schema metadata")]
    stream = pa.ipc.open_stream((cell / TEST).read_bytes()).read_all().replace_schema_metadata(None)
    other = stream.set_column(3, wide, stream["ctt"].cast(wide.type))
    (cell / TEST).unlink()
    with pa.OSFile(str(cell / TEST), "wb") as sink, pa.ipc.new_stream(sink, other.schema) as out:
        out.write_table(other)
    refresh(cell)
    assert found(cell) == [(TEST, "schema")]


def test_arrow_file_instead_of_a_stream(cell):
    table = pa.ipc.open_stream((cell / TEST).read_bytes()).read_all()
    (cell / TEST).unlink()
    with pa.OSFile(str(cell / TEST), "wb") as sink, pa.ipc.new_file(sink, table.schema) as out:
        out.write_table(table)
    refresh(cell)
    assert found(cell) == [(TEST, "not a whole Arrow stream")]


# --- The side files ------------------------------------------------------------------


def test_changed_template_value(cell):
    def edit(arrays):
        arrays["templates"][0, 40, 7] += np.float32(0.002)

    edit_arrays(cell / "templates.npz", edit)
    assert found(cell) == [TEMPLATE_IS_NOT_THE_MEAN]


@pytest.mark.parametrize(
    ("name", "key", "value", "fact"),
    [
        ("templates.npz", "sampling_frequency", 25000.0, "sampling_frequency"),
        ("templates.npz", "nbefore", 31, "nbefore"),
        ("templates.npz", "nafter", np.float64(60), "dtype and shape of nafter"),
        (
            "templates.npz",
            "templates",
            np.zeros((2, 90, 384), "f4"),
            "dtype and shape of templates",
        ),
        ("templates.npz", "extra", 1, "keys"),
        ("templates.npz", "templates", None, "keys"),
        ("patch.npz", "patch_type", "wc-ic", "patch_type"),
        ("patch.npz", "patch_units", "mV", "patch_units"),
        ("patch.npz", "cell_id", "c15", "cell_id"),
        ("patch.npz", "patch_v", np.zeros(9, "f8"), "dtype and shape of patch_v"),
        ("patch.npz", "spike_times_s", np.array([0.50001]), "spike_times_s"),
        ("patch.npz", "spike_times_s", np.array([9.0]), "spike_times_s"),
        ("patch.npz", "spike_times_s", np.array([np.nan, np.inf]), "spike_times_s"),
    ],
)
def test_array(cell, name, key, value, fact):
    def edit(arrays):
        if value is None:
            del arrays[key]
        else:
            arrays[key] = value

    edit_arrays(cell / name, edit)
    assert found(cell) == [(name, fact)]


def test_patch_clock(cell):
    def edit(arrays):
        arrays["t_patch_s"][1000:] += 2e-6
        arrays["patch_v"][5] = np.inf

    edit_arrays(cell / "patch.npz", edit)
    grid = "t_patch_s as an even, ascending grid"
    assert found(cell) == [("patch.npz", "values of patch_v"), ("patch.npz", grid)]


def test_spike_of_the_patch_file_moved(cell):
    edit_arrays(cell / "patch.npz", lambda arrays: arrays["spike_times_s"].__iadd__(1 / 30000))
    assert found(cell) == [("patch.npz", "spike_times_s against the spikes of the rows")]


def test_moved_electrodes(cell):
    def edit(arrays):
        arrays["probe_positions"][300] += 1

    edit_arrays(cell / "templates.npz", edit)
    assert found(cell) == [("templates.npz", "probe_positions are not chanMap.mat's")]


@pytest.mark.parametrize(
    "data", [b"", b"PK\3\4 no archive", b"\x93NUMPY", b"\x93NUMPY\1\0\3\0{(\n"]
)
def test_no_archive(cell, data):
    replace(cell / "templates.npz", data)
    refresh(cell)
    assert found(cell) == [("templates.npz", "not an .npz archive that loads without pickle")]


def test_pickled_array(cell):
    edit_arrays(cell / "patch.npz", lambda arrays: arrays.update(cell_id=np.array(["c14"], object)))
    facts = [("patch.npz", "not an .npz archive that loads without pickle")]
    assert [fact for fact in found(cell) if fact in facts] == facts


@pytest.mark.parametrize("data", [b"GIF89a", b"\x89PNG\r\n\x1a\n", None])
def test_picture(cell, data):
    look = cell / "patch_quicklook.png"
    replace(look, look.read_bytes()[:-50] if data is None else data)
    refresh(cell)
    assert found(cell) == [("patch_quicklook.png", "not a whole PNG")]


def test_statistics(cell):
    def edit(document):
        document["median"][9] += 0.03
        document["n_samples"] += 1

    edit_json(cell / "dataset_stats.json", edit)
    refresh(cell)
    assert found(cell) == [("dataset_stats.json", "n_samples"), ("dataset_stats.json", "median")]
    edit_json(cell / "dataset_stats.json", lambda document: document["iqr"].pop())
    refresh(cell)
    assert found(cell) == [
        ("dataset_stats.json", "dataset_stats.json is malformed, or was written by another version")
    ]


@pytest.mark.parametrize(
    ("name", "key", "value", "fact"),
    [
        ("dataset_dict.json", "splits", ["train"], "splits"),
        (
            "train/state.json",
            "_data_files",
            [{"filename": "data-00000-of-00001.arrow"}],
            "_data_files",
        ),
        ("test/state.json", "_split", "train", "_split"),
        ("test/dataset_info.json", "features", {"_type": "List"}, "features"),
        ("train/dataset_info.json", "splits", None, "num_examples of the splits"),
    ],
)
def test_files_of_the_datasets_library(cell, name, key, value, fact):
    edit_json(cell / name, lambda document: document.update({key: value}))
    refresh(cell)
    assert found(cell) == [(name, fact)]


@pytest.mark.parametrize("text", ["{", "[]", '{"splits": NaN}', "[" * 100_000, "\xff"])
def test_invalid_json(cell, text):
    replace(cell / "dataset_dict.json", text.encode("latin-1"))
    refresh(cell)
    fact = "not a JSON object" if text == "[]" else "not a JSON file"
    assert found(cell) == [("dataset_dict.json", fact)]


# --- The metadata --------------------------------------------------------------------


@pytest.mark.parametrize(
    "edit",
    [
        lambda document: document.update(format_version=2),
        lambda document: document.update(surprise=1),
        lambda document: document.pop("splits"),
        lambda document: document.update(sampling_frequency=float("nan")),
    ],
)
def test_metadata_of_another_form(cell, edit):
    edit_metadata(cell, edit)
    name = "conversion_metadata.json"
    assert found(cell) == [(name, f"{name} is malformed, or was written by another version")]


def test_metadata_missing(cell):
    (cell / "conversion_metadata.json").unlink()
    # The card still lists the cell; it would load.
    assert found(cell) == [("conversion_metadata.json", "conversion_metadata.json is missing")]


def test_metadata_with_nan_in_the_options(cell):
    edit_metadata(cell, lambda d: d["provenance"]["options"].update(engine=float("nan")))
    assert found(cell) == [("conversion_metadata.json", "not a JSON file")]


def test_wrong_peak_channel(cell):
    peak = peak_of(cell)
    edit_metadata(cell, lambda document: document["unit_peak_channel"].update({"0": peak + 1}))
    fact = "spikes on the peak channel"
    rows = [(name, fact) for name in (FIRST, SECOND, TEST)]
    assert found(cell) == [("templates.npz", "unit_peak_channel"), *rows]


@pytest.mark.parametrize(
    ("edit", "facts"),
    [
        (lambda d: d["source_metadata"].update(cell_id="c15"), None),
        (lambda d: d.update(segment_duration_s=0.0), ["options that no build takes"]),
        (
            lambda d: d["source_metadata"].update(skip_seconds=1e305),
            ["options that no build takes"],
        ),
        (lambda d: d.update(segment_duration_s=1e-9), ["options that no build takes"]),
        (lambda d: d["patch"].update(rate_hz=0.0), ["patch_sample_rate_hz", "patch.rate_hz"]),
        (lambda d: d["patch"].update(release_type="Sharp"), None),
        (lambda d: d["template_metadata"].update(nbefore=10**15), None),
        (lambda d: d["files"].append({"path": "../x", "size": 1, "sha256": "0" * 64}), None),
        (lambda d: d["files"].append({"path": "x" * 5000, "size": 1, "sha256": "0" * 64}), None),
        (lambda d: d["files"].append(dict(d["files"][0])), ["files listed, each once"]),
        (lambda d: d["files"].pop(0), None),
        (lambda d: d.update(files=[]), None),
        (lambda d: d.update(gt_electrode_chan_idx=0), None),
        (lambda d: d["analysis_window"].update(start_sample=-(10**30)), None),
    ],
)
def test_metadata_that_contradicts_itself(cell, edit, facts):
    edit_metadata(cell, edit)
    got = found(cell)
    assert got
    if facts is not None:
        assert [fact for where, fact in got if where == "conversion_metadata.json"] == facts


# --- The root --------------------------------------------------------------------------


def edit_card(cell: Path, edit) -> None:
    path = cell.parent / "README.md"
    _, header, body = path.read_text(encoding="utf-8").split("---\n", 2)
    document = yaml.safe_load(header)
    edit(document)
    replace(path, f"---\n{yaml.safe_dump(document)}---\n{body}".encode())


@pytest.mark.parametrize(
    ("edit", "fact"),
    [
        (lambda card: card.pop("configs"), "cells that the card does not list"),
        (lambda card: card["configs"][0].update(description="c14"), "description of c14"),
        (lambda card: card["configs"][0].update(data_files=[]), "files of c14, train"),
        (
            lambda card: card["configs"].append({"config_name": "c15"}),
            "config c15 is no cell that is here",
        ),
        (
            lambda card: card["configs"].append(card["configs"][0]),
            "config c14 is listed more than once",
        ),
        (lambda card: card.update(configs="c14"), "the card cannot be read"),
        (
            lambda card: card["configs"][0].update(config_name=["c14"]),
            "config ['c14'] is no cell that is here",
        ),
        (
            lambda card: card["configs"][0]["data_files"][0].update(path="c14/*/data-*.arrow"),
            "c14, train takes other files",
        ),
    ],
)
def test_card(cell, edit, fact):
    edit_card(cell, edit)
    facts = found(cell)
    assert facts[0] == ("/README.md", fact)
    assert {where for where, _ in facts} == {"/README.md"}


@pytest.mark.parametrize(
    "header", ["a: [", "a: !!bool x", "a: !!int ''", "a: !!timestamp x", "[1]", ""]
)
def test_card_whose_yaml_is_broken(cell, header):
    replace(cell.parent / "README.md", f"---\n{header}\n---\n".encode())
    assert found(cell) == [("/README.md", "the card cannot be read")]


def test_card_of_an_older_build(cell):
    edit_metadata(cell, lambda document: document["provenance"].update(fingerprint="0" * 64))
    assert ("/README.md", "description of c14") in found(cell)


@pytest.mark.parametrize(
    "name", ["README.md", "chanMap.mat", "Data Summary.xlsx", "Data Summary.csv"]
)
def test_root_file_missing_or_mangled(cell, name):
    (cell.parent / name).unlink()
    assert [where for where, _ in found(cell)] == [f"/{name}"]
    (cell.parent / name).write_bytes(b"\xff\xfe not what it was")
    assert [where for where, _ in found(cell)] == [f"/{name}"]


def test_views_are_no_cells(cell):
    shard = cell.parent / "views" / "cells" / "data-00000-of-00001.arrow"
    shard.parent.mkdir(parents=True)
    view = {
        "config_name": "cells",
        "data_files": [{"split": "train", "path": "views/cells/data-*.arrow"}],
    }
    edit_card(cell, lambda card: card["configs"].insert(0, view))
    assert found(cell) == [("/README.md", "config cells is no cell that is here")]
    shard.write_bytes(b"")
    assert found(cell) == []


def test_leftovers(cell):
    (cell.parent / "c15.incomplete").mkdir()
    (cell.parent / "c14.replaced").mkdir()
    (cell.parent / "spe1.py").write_text("")
    left = "left by a build that was interrupted, or is still running"
    script = "datasets loads no folder that holds a script of its own name"
    assert found(cell) == [("/c15.incomplete", left), ("/c14.replaced", left), ("/spe1.py", script)]


def test_folder_of_a_cell_that_holds_nothing(cell):
    (cell.parent / "c26").mkdir()
    assert found(cell) == [("/c26/conversion_metadata.json", "conversion_metadata.json is missing")]


def test_empty_and_missing_root(tmp_path):
    assert [(f.where, f.what) for f in verify_root(tmp_path)] == [
        (".", "no cell has been built here")
    ]
    with pytest.raises(MissingFileError, match=r"do: .*spe1 build"):
        verify_root(tmp_path / "spe1")
    (tmp_path / "file").write_text("")
    with pytest.raises(MissingFileError, match="no folder"):
        verify_root(tmp_path / "file")


def test_cells_by_name(cell):
    assert [(f.where, f.what) for f in verify_root(cell.parent, ["c14", "c15"])] == [
        ("c15", "the cell has not been built here")
    ]
    with pytest.raises(UnknownCellError):
        verify_root(cell.parent, ["../c14"])


def test_progress_reaches_its_total(cell):
    class Counter:
        def __init__(self):
            self.totals, self.done = [], 0

        def note(self, text):
            pass

        def start(self, stage, total, unit):
            self.totals.append((stage, total, unit))

        def advance(self, amount):
            self.done += amount

        def finish(self):
            self.totals.append("finished")

    counter = Counter()
    verify_root(cell.parent, progress=counter)
    ((stage, total, unit), end) = counter.totals
    assert (stage, unit, end) == ("verify c14", "B", "finished")
    # Rows count their traces; a shard's framing is well below 1 %.
    assert 0.99 * total < counter.done <= total


# --- What the rows add up to -----------------------------------------------------------


@pytest.mark.parametrize("segment", [1, 7, 20, 33, 400])
def test_template_over_segments_of_any_length(segment):
    """Windows of 25 samples that cross no, one or many segment edges."""
    rng = np.random.default_rng(segment)
    n_samples, n_before, n_after = 400, 10, 15
    traces = rng.normal(size=(N_CHANNELS, n_samples)).astype(np.float32)
    spikes = np.sort(rng.choice(n_samples, 40, replace=False))
    spikes = np.union1d(spikes, [0, 9, 10, 20, 21, 385, 386, 399])
    template = TemplateSum(n_before, n_after, n_samples)
    for first in range(0, n_samples, segment):
        part = traces[:, first : first + segment]
        inside = spikes[(spikes >= first) & (spikes < first + segment)]
        template.add(first, part, inside)
    used = [s for s in spikes if s >= n_before and s + n_after <= n_samples]
    expected = np.mean([traces[:, s - n_before : s + n_after] for s in used], axis=0, dtype=float)
    assert template.n_used == len(used)
    np.testing.assert_allclose(template.mean_uV(), expected.T, atol=1e-12)


def test_medians_by_counting():
    rng = np.random.default_rng(0)
    traces = rng.normal(scale=20, size=(N_CHANNELS, 5000)).astype(np.float32)
    medians = np.median(traces, axis=1).astype(float)
    for shift, n_wrong in ((0.0, 0), (0.0099, 0), (0.2, N_CHANNELS), (-0.2, N_CHANNELS)):
        counts = MedianCounts(medians + shift, 0.01)
        for part in np.split(traces, 4, axis=1):
            assert counts.add(part, is_train=True) is None
            assert counts.add(part + 1000, is_train=False) is None
        assert len(counts.wrong_channels()) == n_wrong
    traces[7, 3], traces[9, 0] = np.inf, np.nan
    assert MedianCounts(None, 0.01).add(traces, is_train=True) == 7


def test_no_byte_of_a_shard_can_crash_it(tmp_path):
    """A process that touched offsets out of range would die here."""
    window = Window(0, 20, 5, 2)
    rows = [Row(first, 5, np.array([1, 3])) for first in (0, 5)]
    batch = make_batch(rows, np.zeros(2 * 5 * N_CHANNELS, dtype=np.float32), 40)
    path = tmp_path / "data.arrow"
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_stream(sink, SCHEMA) as stream:
        stream.write_batch(batch)
    good = path.read_bytes()
    values = good.index(bytes(4 * 5 * N_CHANNELS))
    rng = np.random.default_rng(0)
    places = np.concatenate([rng.integers(0, values, 150), rng.integers(0, len(good), 150)])
    n_found = 0
    for place in places:
        data = bytearray(good)
        data[place] = rng.integers(256)
        replace(path, data)
        report = Report()
        check = RowCheck(report, window, 40, TemplateSum(1, 2, 20), MedianCounts(None, 0.01))
        check.start_split("train")
        check.check_shard(path, "data.arrow", lambda n_bytes: None)
        check.finish_split("train")
        n_found += bool(report.findings())
    assert n_found > 75
