"""``spe1 verify`` on damaged views, and ``spe1 card``, which makes them again."""

import shutil
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from datasets import get_dataset_config_names, load_dataset

from spe1_builder.dataset.card.root_files import write_card
from spe1_builder.dataset.plan.fingerprint import HashCache
from spe1_builder.dataset.verify import verify
from spe1_builder.dataset.views import VIEWS
from spe1_builder.errors import OptionError, SpaceError
from tests.support.older import make_older
from tests.support.verify import FIRST, edit_arrays, edit_json, found, replace

NAMES = [view.name for view in VIEWS]


def shard(cell: Path, view: str = "spikes", split: str = "train") -> Path:
    (path,) = (cell.parent / "views" / view / split).glob("data-c14-*.arrow")
    return path


def where(path: Path) -> str:
    return f"/{path.relative_to(path.parents[3]).as_posix()}"


def read(path: Path) -> pa.Table:
    with path.open("rb") as file:
        return pa.ipc.open_stream(file.read()).read_all()


def write(path: Path, table: pa.Table, *, as_file: bool = False) -> None:
    """Another content, and the index that goes with it, so that only its meaning is wrong."""
    path.unlink()
    new = pa.ipc.new_file if as_file else pa.ipc.new_stream
    with path.open("wb") as sink, new(sink, table.schema) as stream:
        stream.write_table(table)
    write_card(path.parents[3])


@pytest.mark.parametrize("view", NAMES)
def test_a_flipped_byte(cell, view):
    path = shard(cell, view)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    replace(path, content)
    fact = "sha256 of checksums.sha256 (its content was not looked at)"
    assert found(cell) == [(where(path), fact)]


@pytest.mark.parametrize("view", NAMES)
def test_a_missing_file_is_made_again(cell, view):
    path = shard(cell, view)
    content = path.read_bytes()
    path.unlink()
    assert found(cell) == [(where(path), "rows of c14 are missing (spe1 card makes them)")]
    write_card(cell.parent)
    assert found(cell) == [] and path.read_bytes() == content


def test_what_nobody_wrote_there(cell):
    """Of another build, of another cell, of another program; and what was interrupted."""
    folder = shard(cell).parent
    extra = "a view's file that no cell here has (spe1 card removes it)"
    left = "left by a build that was interrupted, or is still running"
    old = folder / "data-c14-0123456789abcdef-00000-of-00001.arrow"
    other = folder / "data-c15-0123456789abcdef-00000-of-00001.arrow"
    half = folder / f"{old.name}.incomplete"
    mine = cell.parent / "views/notes.txt"
    for path in (old, other, half, mine):
        path.write_bytes(b"x")
    assert found(cell) == [
        (f"/views/spikes/train/{half.name}", left),
        ("/views/notes.txt", extra),
        (f"/views/spikes/train/{old.name}", extra),
        (f"/views/spikes/train/{other.name}", extra),
    ]
    write_card(cell.parent)
    assert [old.exists(), other.exists(), half.exists(), mine.exists()] == [False] * 3 + [True]


def change(table: pa.Table, name: str, at: int, value) -> pa.Table:
    values = table[name].to_pylist()
    values[at] = value
    column = table.schema.get_field_index(name)
    return table.set_column(column, table.schema.field(name), pa.array(values, table[name].type))


def test_a_value_that_is_not_the_cells(cell):
    for name, value in (("time_s", 0.5), ("isi_s", 0.5), ("is_whole", None)):
        path = shard(cell)
        content = path.read_bytes()
        write(path, change(read(path), name, 0, value))
        [(place, fact)] = found(cell)
        assert (place, fact) == (where(path), "rows from 0 on are not those of c14")
        (finding,) = verify(cell.parent).findings
        assert finding.what.endswith(f"other values of {name}")
        replace(path, content)
        write_card(cell.parent)
    assert found(cell) == []


def test_one_count_of_mini(cell):
    path = shard(cell, "mini")
    table = read(path)
    counts = table["traces"].chunk(0).flatten().flatten().to_numpy().copy()
    counts[1_000_000] += 1
    inner = table["traces"].chunk(0).flatten()
    channels = pa.ListArray.from_arrays(inner.offsets, pa.array(counts))
    traces = pa.ListArray.from_arrays(table["traces"].chunk(0).offsets, channels)
    write(path, table.set_column(table.schema.get_field_index("traces"), "traces", traces))
    assert found(cell) == [(where(path), "rows from 0 on are not those of c14")]


@pytest.mark.parametrize(
    ("edit", "fact"),
    [
        (lambda table: table.slice(1), "rows"),
        (lambda table: pa.concat_tables([table, table.slice(0, 1)]), "rows"),
        (lambda table: table.replace_schema_metadata({"huggingface": "{}"}), "schema metadata"),
        (lambda table: table.drop_columns(["isi_s"]), "schema"),
    ],
)
def test_rows_and_schema(cell, edit, fact):
    path = shard(cell)
    write(path, edit(read(path)))
    [(place, got)] = found(cell)
    assert place == where(path) and got in (fact, "rows from 0 on are not those of c14")


def cut(path: Path) -> None:
    replace(path, path.read_bytes()[:-9])
    write_card(path.parents[3])


@pytest.mark.parametrize("damage", [cut, lambda path: write(path, read(path), as_file=True)])
def test_no_arrow_stream(cell, damage):
    damage(shard(cell))
    assert found(cell) == [(where(shard(cell)), "not a whole Arrow stream")]


def test_a_damaged_cell_is_one_finding_and_leaves_its_views(cell):
    """Of what is made of the damaged file there is nothing; the rest loads."""
    (cell / FIRST).unlink()
    assert found(cell) == [(FIRST, "the file is missing")]
    shutil.rmtree(cell.parent / "views")
    write_card(cell.parent)
    assert found(cell) == [(FIRST, "the file is missing")]
    assert get_dataset_config_names(str(cell.parent)) == ["cells", "scraps", "c14"]
    assert len(load_dataset(str(cell.parent))["train"]) == 1


def test_a_damaged_sidecar_is_one_finding(cell):
    edit_arrays(cell / "patch.npz", lambda arrays: arrays.update(spike_times_s=np.zeros(3)))
    assert "views" not in {place.split("/")[1] for place, _ in found(cell) if place[0] == "/"}
    (cell / "patch_quicklook.png").unlink()
    edit_json(cell / "conversion_metadata.json", lambda document: document.pop("seal"))
    assert all(not place.startswith("/views") for place, _ in found(cell))


def test_a_cell_that_goes_takes_its_views_with_it(two_cells, tmp_path):
    root = tmp_path / "spe1"
    shutil.copytree(two_cells, root)
    shutil.rmtree(root / "c5")
    write_card(root)
    assert verify(root).ok
    assert {path.name.split("-")[1] for path in root.glob("views/*/*/*")} == {"c14", "real"}
    assert set(load_dataset(str(root), name="spikes")["train"]["cell_id"]) == {"c14"}
    shutil.rmtree(root / "c14")
    write_card(root)
    assert not (root / "views").exists() and "configs:" not in (root / "README.md").read_text()
    shutil.rmtree(root)


def test_card_makes_the_views_of_an_older_root(cell):
    """Built before there were views, and before data 1.2.0: what is not known is null."""
    shutil.rmtree(cell.parent / "views")
    make_older(cell)
    assert found(cell) == []
    rows = read(shard(cell))
    assert rows["patch_waveform"].null_count == rows["patch_time_s"].null_count == len(rows)
    loaded = load_dataset(str(cell.parent), name="spikes")["train"]
    assert loaded[0]["patch_waveform"] is None and loaded[0]["is_whole"]


def test_what_is_there_is_neither_made_nor_hashed_again(cell, monkeypatch):
    write_card(cell.parent)
    paths = sorted(cell.parent.glob("views/*/*/*"))
    before = [path.stat() for path in paths]
    index = (cell.parent / "checksums.sha256").read_bytes()
    asked = []
    real = HashCache.lookup
    monkeypatch.setattr(
        HashCache, "lookup", lambda self, path: asked.append(real(self, path)) or asked[-1]
    )
    write_card(cell.parent)
    assert len(asked) == len(paths) == 5 and None not in asked
    assert [path.stat() for path in paths] == before
    assert (cell.parent / "checksums.sha256").read_bytes() == index


def test_a_full_disk_leaves_what_was_there(cell, monkeypatch):
    path = shard(cell)
    path.unlink()
    card = (cell.parent / "README.md").read_bytes()

    def full(*args):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(pa.ipc, "new_stream", full)
        with pytest.raises(SpaceError, match="spe1 card"):
            write_card(cell.parent)
    assert (cell.parent / "README.md").read_bytes() == card
    assert not list(path.parent.iterdir())
    write_card(cell.parent)
    assert found(cell) == []


def test_something_else_called_views(cell):
    shutil.rmtree(cell.parent / "views")
    (cell.parent / "views").write_text("mine")
    with pytest.raises(OptionError, match="where the views go"):
        write_card(cell.parent)
    assert (cell.parent / "views").read_text() == "mine"
