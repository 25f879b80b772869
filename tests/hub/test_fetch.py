"""Cells from a data set on the Hub: whole and checked, or not at all."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import spe1
from spe1_builder.dataset.write.build import build_cell
from tests.support.hub.client import environment
from tests.support.project import PROJECT
from tests.support.recordings import SMALL

REPO = "tester/spe1"


def publish(hub, root: Path, repo: str = REPO, is_private: bool = False) -> None:
    """Everything of a root but what is hidden, as somebody else's upload."""
    hub.make(repo, is_private)
    paths = [path for path in root.rglob("*") if path.is_file()]
    names = [path.relative_to(root) for path in paths]
    hub.commit(
        repo,
        {
            name.as_posix(): path.read_bytes()
            for name, path in zip(names, paths, strict=True)
            if not name.parts[0].startswith(".")
        },
    )


@pytest.fixture
def published(hub, two_cells):
    publish(hub, two_cells)
    return hub


@pytest.fixture
def root(tmp_path):
    yield tmp_path / "spe1"
    shutil.rmtree(tmp_path / "spe1", ignore_errors=True)


def shards(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.rglob("*.arrow"))}


def test_a_cell_arrives_as_it_was_built(published, root, two_cells):
    result = spe1.fetch(REPO, "c14", root)
    assert [(cell.cell_id, cell.status) for cell in result.cells] == [("c14", "fetched")]
    assert result.revision == published.head(REPO)
    assert shards(root / "c14") == shards(two_cells / "c14")
    report = spe1.verify(root)
    assert report.ok, str(report)
    assert not (root / "c5").exists()
    assert not list((root / ".spe1/fetch").iterdir())
    assert np.array_equal(spe1.read_uV(root / "c14", 0, 50), spe1.read_uV(two_cells / "c14", 0, 50))
    # The second time nothing but the metadata is asked for.
    published.requests.clear()
    again = spe1.fetch(REPO, ["c14"], root)
    assert [cell.status for cell in again.cells] == ["up to date"]
    assert not [seen for seen in published.requests if ".arrow" in seen.path]


def test_all_cells_unless_named(published, root):
    assert [cell.cell_id for cell in spe1.fetch(REPO, root=root).cells] == ["c5", "c14"]
    assert spe1.verify(root).ok


def test_a_revision(published, root):
    first = published.head(REPO)
    published.commit(REPO, {"c14/conversion_metadata.json": b"{}"})
    with pytest.raises(spe1.DamagedFileError, match="metadata of a cell"):
        spe1.fetch(REPO, "c14", root)
    assert not (root / "c14").exists()
    assert spe1.fetch(REPO, "c14", root, revision=first).revision == first


def test_an_interruption_is_gone_on_from(published, root):
    """Whatever came before is not fetched again, and nothing of it can be loaded meanwhile."""
    published.faults.add("resolve", 404, times=1_000, after=14)
    with pytest.raises((spe1.HubUnavailableError, spe1.MissingFileError)):
        spe1.fetch(REPO, "c14", root)
    assert not (root / "c14").exists()
    published.faults.clear()
    there = {p.name for p in (root / ".spe1/fetch").rglob("*.arrow")}
    published.requests.clear()
    spe1.fetch(REPO, "c14", root)
    fetched = {seen.path.rpartition("/")[2] for seen in published.requests if seen.method == "GET"}
    assert not there & fetched
    assert spe1.verify(root).ok


def test_a_damaged_file_is_named_and_fetched_anew(published, root, two_cells):
    (shard,) = (two_cells / "c14/test").glob("*.arrow")
    name, good = f"c14/test/{shard.name}", shard.read_bytes()
    bad = bytearray(good)
    bad[len(bad) // 2] ^= 1
    published.commit(REPO, {name: bytes(bad)})
    spe1.fetch(REPO, "c5", root)
    with pytest.raises(spe1.DamagedFileError) as caught:
        spe1.fetch(REPO, "c14", root)
    assert name in caught.value.where and "xxh3" in caught.value.got
    assert not (root / "c14").exists()
    assert spe1.verify(root).ok  # the other cell, with a card of its own
    published.commit(REPO, {name: good})
    spe1.fetch(REPO, "c14", root)
    assert spe1.verify(root).ok


def test_another_build_is_not_replaced_unasked(published, root, archive):
    build_cell(
        "c14", archive.sources, root, SMALL.__class__(**{**SMALL.as_dict(), "ms_after": 1.0})
    )
    mine = shards(root / "c14")
    with pytest.raises(spe1.StaleOutputError, match="Another build"):
        spe1.fetch(REPO, "c14", root)
    assert shards(root / "c14") == mine
    spe1.fetch(REPO, "c14", root, force=True)
    assert shards(root / "c14") != mine
    assert spe1.verify(root).ok
    (root / "c14/notes.txt").write_text("mine")
    with pytest.raises(spe1.StaleOutputError, match="never replaced"):
        spe1.fetch(REPO, "c14", root, force=True)


def test_a_cell_that_is_damaged_here_is_fetched_again(published, root):
    spe1.fetch(REPO, "c14", root)
    (shard,) = (root / "c14/test").glob("*.arrow")
    os.truncate(shard, 1_000)
    assert spe1.fetch(REPO, "c14", root).cells[0].status == "fetched"
    assert spe1.verify(root).ok


def test_a_shared_file_that_is_not_the_indexed_one(published, root):
    published.commit(REPO, {"Data Summary.csv": b"something else"})
    with pytest.raises(spe1.DamagedFileError, match="shared file"):
        spe1.fetch(REPO, "c14", root)
    assert not (root / "c14").exists()


@pytest.mark.parametrize(
    ("repo", "cells", "error", "words"),
    [
        ("tester/none", "c14", spe1.MissingFileError, "no such data set"),
        (REPO, "c26", spe1.MissingFileError, "there: c5, c14"),
        (REPO, "c99", spe1.UnknownCellError, "no cell"),
        ("hf://datasets/tester/spe1", "c14", spe1.OptionError, "user/name"),
        ("a/b/c", "c14", spe1.OptionError, "user/name"),
        (3, "c14", spe1.OptionError, "user/name"),
    ],
)
def test_what_is_not_there(published, root, repo, cells, error, words):
    with pytest.raises(error) as caught:
        spe1.fetch(repo, cells, root)
    assert words in str(caught.value)
    assert not (root / "README.md").exists()


def test_a_private_data_set_needs_its_token(hub, built, root, monkeypatch):
    publish(hub, built.folder.parent, is_private=True)
    spe1.fetch(REPO, "c14", root)
    shutil.rmtree(root)
    monkeypatch.setenv("HF_TOKEN", "hf_of_somebody_else")
    with pytest.raises(spe1.Spe1Error) as caught:
        spe1.fetch(REPO, "c14", root)
    assert "hf auth login" in str(caught.value) and "hf_of" not in str(caught.value)


def test_a_foreign_folder_is_left_alone(published, root):
    root.mkdir()
    (root / "README.md").write_text("mine")
    with pytest.raises(spe1.OptionError, match=r"README\.md"):
        spe1.fetch(REPO, "c14", root)
    assert [path.name for path in root.iterdir()] == ["README.md"]


def test_the_command(published, root, tmp_path):
    command = [sys.executable, str(PROJECT / "spe1.py"), "fetch", REPO, "c14", "--root", str(root)]
    env = environment(published, tmp_path / "home")
    done = subprocess.run([*command, "--json"], env=env, capture_output=True, check=False)
    document = json.loads(done.stdout)
    assert done.returncode == 0 and document["status"] == "ok", done.stderr
    (cell,) = document["results"]
    assert cell["cell"] == "c14" and cell["status"] == "fetched"
    assert spe1.verify(root).ok
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    assert done.stdout.startswith("c14: up to date")
