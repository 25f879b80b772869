"""Sidecars come from the registry alone: another one is written, listed, checked, described."""

import json
import shutil

import pytest

from spe1_builder.dataset import sidecars
from spe1_builder.dataset.json_text import write_json
from spe1_builder.dataset.sidecars.sidecar import Sidecar
from spe1_builder.dataset.verify import verify
from spe1_builder.dataset.write.build import build_cell
from tests.support.recordings import SMALL
from tests.support.verify import edit_json, found, refresh

COUNT = Sidecar(
    name="count.json",
    holds="how many spikes there are",
    write=lambda path, facts: write_json(path, {"n": len(facts.plan.window_spikes)}),
    check=lambda path, cell: json.loads(path.read_text())["n"],
    check_rows=lambda n, cell, rows: cell.at("count.json").equal("n", len(rows.window_spikes), n),
)


@pytest.fixture
def counted(archive, tmp_path, monkeypatch):
    """A cell built with the sidecar."""
    monkeypatch.setattr(sidecars, "SIDECARS", (*sidecars.SIDECARS, COUNT))
    yield build_cell("c14", archive.sources, tmp_path / "spe1", SMALL)
    shutil.rmtree(tmp_path / "spe1")


def test_a_new_sidecar_is_written_listed_described_and_checked(counted, archive):
    root = counted.folder.parent
    assert json.loads((counted.folder / "count.json").read_text())["n"] > 2
    assert "count.json" in {file.path for file in counted.metadata.files}
    assert "| `count.json` | how many spikes there are |" in (root / "README.md").read_text()
    assert verify(root).ok
    assert build_cell("c14", archive.sources, root, SMALL).status == "up to date"

    edit_json(counted.folder / "count.json", lambda document: document.update(n=1))
    refresh(counted.folder)
    assert found(counted.folder) == [("count.json", "n")]


def test_every_name_is_a_sidecar_of_its_own():
    names = [sidecar.name for sidecar in sidecars.SIDECARS]
    assert len(set(names)) == len(names)
    assert set(names) < set(sidecars.cell_files())
