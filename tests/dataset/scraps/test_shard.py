"""The scraps as a config of every root: loaded by ``datasets``, held by ``spe1 verify``."""

import shutil

import numpy as np
import pytest
from datasets import load_dataset, load_dataset_builder

import spe1
from spe1_builder.dataset.card.root_files import write_card
from spe1_builder.dataset.scraps.shard import scraps_shard
from spe1_builder.dataset.verify import verify
from spe1_builder.layout import RootLayout


def test_it_loads(built):
    root = built.folder.parent
    rows = load_dataset(str(root), name="scraps", split="train")
    assert rows.num_rows == 21
    for row, cell in zip(rows, spe1.scraps(), strict=True):
        assert row["cell_id"] == cell.cell_id
        assert np.array_equal(np.float32(row["template_uV"]), cell.template_uV)
        assert row["spike_samples"] == cell.spike_samples.tolist()
    first = next(iter(load_dataset(str(root), name="scraps", split="train", streaming=True)))
    assert first["cell_id"] == "c2" and first["origin"] == "digitised"
    info = load_dataset_builder(str(root), "scraps").info
    assert info.splits["train"].num_examples == 21 and "digitised" in info.description


@pytest.fixture
def root(built, tmp_path):
    yield shutil.copytree(built.folder.parent, tmp_path / "spe1")
    shutil.rmtree(tmp_path)


@pytest.mark.parametrize(
    ("harm", "words"),
    [
        (lambda path: path.unlink(), "missing"),
        (lambda path: path.write_bytes(path.read_bytes()[:-9] + bytes(9)), "not"),
        (lambda path: path.rename(path.with_name("data-real-0-00000-of-00001.arrow")), "missing"),
    ],
)
def test_harm_is_found_and_mended(root, harm, words):
    path = scraps_shard(RootLayout(root))
    harm(path)
    found = [
        finding for finding in verify(root).findings if finding.where.startswith("views/scraps")
    ]
    assert found and any(words in finding.what for finding in found)
    write_card(root)
    assert verify(root).ok
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]


def test_a_root_without_a_cell_has_none(root):
    shutil.rmtree(root / "c14")
    write_card(root)
    assert not (root / "views").exists() and "config_name" not in (root / "README.md").read_text()
