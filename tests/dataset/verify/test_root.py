"""``spe1 verify`` on what lies beside the cells: card, index, shared files, leftovers."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from spe1_builder.dataset.card.root_files import write_card
from spe1_builder.dataset.verify import verify
from spe1_builder.errors import MissingFileError, UnknownCellError
from tests.support.verify import edit_json, found, replace


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
        (lambda card: card["configs"][-1].update(description="c14"), "description of c14"),
        (lambda card: card["configs"][-1].update(data_files=[]), "files of c14, train"),
        (lambda card: card["configs"].pop(0), "views that the card does not list"),
        (lambda card: card["configs"][0].pop("default"), "default of cells"),
        (lambda card: card["configs"][1].update(description="spikes"), "description of spikes"),
        (lambda card: card["configs"][1]["data_files"].pop(0), "data_files of spikes"),
        (
            lambda card: card["dataset_info"][1]["splits"][0].update(num_examples=1),
            "not the card that these cells have (spe1 card writes it again)",
        ),
        (
            lambda card: card["configs"].append({"config_name": "c15"}),
            "config c15 is no cell that is here",
        ),
        (
            lambda card: card["configs"].append(card["configs"][-1]),
            "config c14 is listed more than once",
        ),
        (lambda card: card.update(configs="c14"), "the card cannot be read"),
        (
            lambda card: card["configs"][-1].update(config_name=["c14"]),
            "config ['c14'] is no cell that is here",
        ),
        (
            lambda card: card["configs"][-1]["data_files"][0].update(path="c14/*/data-*.arrow"),
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
    path = cell / "conversion_metadata.json"
    edit_json(path, lambda document: document["provenance"].update(fingerprint="0" * 64))
    assert ("/README.md", "description of c14") in found(cell)


@pytest.mark.parametrize(
    "name", ["README.md", "chanMap.mat", "Data Summary.xlsx", "Data Summary.csv"]
)
def test_root_file_missing_or_mangled(cell, name):
    (cell.parent / name).unlink()
    assert [where for where, _ in found(cell)] == [f"/{name}"]
    (cell.parent / name).write_bytes(b"\xff\xfe not what it was")
    assert [where for where, _ in found(cell)] == [f"/{name}"]


def test_leftovers(cell):
    root = cell.parent
    (root / "README.md.incomplete").write_text("")
    for name in ("staging/c15", "retired/c14/0"):
        (root / ".spe1" / name).mkdir(parents=True)
    (root / "spe1.py").write_text("")
    left = "left by a build that was interrupted, or is still running"
    script = "datasets loads no folder that holds a script of its own name"
    assert found(cell) == [
        ("/README.md.incomplete", left),
        ("/.spe1/staging/c15", left),
        ("/.spe1/retired/c14/0", left),
        ("/spe1.py", script),
    ]


def test_what_spe1_did_not_write(cell):
    root = cell.parent
    (root / "c99").mkdir()
    (root / "notes.txt").write_text("mine")
    (root / ".gitattributes").write_text("")
    fact = "nothing that spe1 wrote"
    assert found(cell) == [("/c99", fact), ("/notes.txt", fact)]


def test_a_cell_that_is_a_link(cell, tmp_path):
    cell.rename(tmp_path / "elsewhere")
    cell.symlink_to(tmp_path / "elsewhere")
    assert found(cell) == [("/c14", "the cell is a link out of the root")]


def test_folder_of_a_cell_that_holds_nothing(cell):
    (cell.parent / "c26").mkdir()
    assert found(cell) == [("/c26/conversion_metadata.json", "conversion_metadata.json is missing")]


def test_empty_and_missing_root(tmp_path):
    assert [(f.where, f.what) for f in verify(tmp_path).findings] == [
        (".", "no cell has been built here")
    ]
    with pytest.raises(MissingFileError, match=r"do: .*spe1 build"):
        verify(tmp_path / "spe1")
    (tmp_path / "file").write_text("")
    with pytest.raises(MissingFileError, match="no folder"):
        verify(tmp_path / "file")


def test_cells_by_name(cell):
    assert [(f.where, f.what) for f in verify(cell.parent, ["c14", "c15"]).findings] == [
        ("c15", "the cell has not been built here")
    ]
    with pytest.raises(UnknownCellError):
        verify(cell.parent, ["../c14"])


def test_progress_reaches_its_total(cell):
    class Counter:
        def __init__(self):
            self.totals, self.done = [], 0

        def note(self, text):
            pass

        def start(self, stage, total, unit, done=0):
            self.totals.append((stage, total, unit))

        def advance(self, amount):
            self.done += amount

        def finish(self):
            self.totals.append("finished")

    counter = Counter()
    verify(cell.parent, progress=counter)
    ((stage, total, unit), end) = counter.totals
    assert (stage, unit, end) == ("verify c14", "B", "finished")
    # Rows count their traces; a shard's framing is well below 1 %.
    assert 0.99 * total < counter.done <= total


@pytest.mark.parametrize(
    "name",
    ["README.md", "chanMap.mat", "Data Summary.csv", "checksums.sha256", "c14/dataset_stats.json"],
)
@pytest.mark.parametrize("kind", ["pipe", "sparse"])
def test_what_would_never_end_is_not_read(cell, name, kind):
    """A pipe waits for a writer, and a sparse file of 6 GB fills the memory."""
    path = cell.parent / name
    path.unlink()
    if kind == "pipe":
        os.mkfifo(path)
    else:
        with path.open("wb") as file:
            file.truncate(6_000_000_000)
    assert found(cell)


def test_a_link_in_the_place_of_a_growing_file_is_not_followed(cell, tmp_path):
    victim = tmp_path / "victim"
    victim.write_text("mine")
    (cell.parent / "README.md.incomplete").symlink_to(victim)
    write_card(cell.parent)
    assert victim.read_text() == "mine"
    assert found(cell) == []


def test_an_edit_of_the_metadata_is_seen_by_its_seal(cell):
    path = cell / "conversion_metadata.json"
    edit_json(
        path, lambda document: document["provenance"].update(simulated=False, origin="recorded")
    )
    assert ("conversion_metadata.json", "seal") in found(cell)


@pytest.mark.parametrize("limit_bytes", [1_000_000_000, 1_400_000_000])
def test_too_little_memory_is_no_damage(cell, limit_bytes):
    """It used to hang, or to call a good shard damaged."""
    code = (
        "import resource, sys\n"
        f"resource.setrlimit(resource.RLIMIT_AS, ({limit_bytes}, {limit_bytes}))\n"
        f"sys.argv = ['spe1', 'verify', {str(cell.parent)!r}]\n"
        "from spe1_builder.cli.app import main; main()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 1 and "too little memory" in done.stderr
    assert "Arrow stream" not in done.stdout and "Traceback" not in done.stderr
