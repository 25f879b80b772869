"""The card's text: what comes first, what is said of the data, and that its blocks run."""

import fnmatch
import os
import re
import shutil
from pathlib import Path

import datasets
import huggingface_hub
import numpy as np
import pytest
import yaml

from spe1_builder.dataset.card.card import card_text, read_built_cells
from spe1_builder.dataset.card.root_files import write_card
from spe1_builder.dataset.card.subject import what_cells_are
from spe1_builder.dataset.views import VIEWS
from spe1_builder.layout import CARD_MARKER, RootLayout

#: Of a card that knows its repo.
REPO = "user/spe1"


@pytest.fixture
def root(built, tmp_path) -> Path:
    root = tmp_path / "spe1"
    shutil.copytree(built.folder.parent, root, copy_function=os.link)
    yield root
    shutil.rmtree(tmp_path)


def blocks(card: str) -> list[str]:
    return re.findall(r"^```python\n(.*?)^```$", card, re.MULTILINE | re.DOTALL)


def test_blocks_run(root, tmp_path, monkeypatch):
    """As they are; the Hub alone is replaced, by a folder that has what the block asks for."""
    asked = []

    def snapshot_download(repo_id, *, repo_type, allow_patterns):
        asked.append((repo_id, repo_type))
        for path in root.rglob("*"):
            name = path.relative_to(root)
            # The rule by which the Hub's client takes a pattern: a star means slashes too.
            if path.is_file() and fnmatch.fnmatch(name.as_posix(), allow_patterns):
                target = tmp_path / "snapshot" / name
                target.parent.mkdir(parents=True, exist_ok=True)
                target.symlink_to(path)
        return str(tmp_path / "snapshot")

    load_dataset = datasets.load_dataset

    def load_from_the_folder(repo_id, **options):
        asked.append((repo_id, "dataset"))
        return load_dataset(str(root), cache_dir=str(tmp_path / "cache"), **options)

    monkeypatch.setattr(huggingface_hub, "snapshot_download", snapshot_download)
    monkeypatch.setattr(datasets, "load_dataset", load_from_the_folder)
    write_card(root, repo_id=REPO)
    names = {}
    for block in blocks((root / "README.md").read_text(encoding="utf-8")):
        exec(block, names)
    assert set(asked) == {(REPO, "dataset")}
    assert not (tmp_path / "snapshot/views").exists()
    # What the comments say.
    assert list(names["ds"]) == list(names["spikes"]) == ["train", "test"]
    assert names["traces_uV"].shape == (384, 9_300)
    assert max(names["spike_samples"]) < 9_300 and len(names["spike_samples"]) > 1
    assert names["template_uV"].shape == (384, 90)
    assert names["waveforms_uV"].shape == (10, 40, 90)
    assert names["cells"]["cell_id"] == ["c14"]
    assert np.hypot(*(names["peak_um"] - names["target_um"])) < 60


def test_the_loader_comes_first_and_the_rest_in_order(built):
    card = (built.folder.parent / "README.md").read_text(encoding="utf-8")
    _, text = card.split(CARD_MARKER)
    first, *others = re.findall(r"^(?:```python|## .+)$", text, re.MULTILINE)
    assert first == "```python"
    loader = blocks(card)[0].strip().splitlines()
    assert len(loader) == 5 and 'allow_patterns="c14/*"' in loader[3]
    assert "load_from_disk" in loader[4]
    assert [line for line in others if line.startswith("##")] == [
        f"## {name}"
        for name in (
            "What it is",
            "Cells",
            "Columns",
            "Quick start",
            "Provenance",
            "What the target is worth",
            "Licence and citation",
            "What was resolved",
        )
    ]
    assert "\n\n\n" not in text
    for view in VIEWS:
        for column in view.columns:
            assert f"| `{column.name}` | {column.shown_kind} | {column.unit} |" in text


@pytest.mark.parametrize(
    ("kinds", "label"),
    [
        (["recorded"] * 2, "Real recordings"),
        (["semi-real"], "Semi-real data, neither simulated nor recorded"),
        (["simulated"], "Simulated data, not recordings"),
        (["simulated", "recorded", "simulated"], "1 real cell, 2 simulated cells"),
        ([], "No cell yet"),
    ],
)
def test_the_first_sentence_says_whether_it_is_real(built, kinds, label):
    assert what_cells_are(kinds)[0] == label
    [cell] = read_built_cells(RootLayout(built.folder.parent))
    cells = []
    for kind in kinds:
        copy = cell.metadata.provenance.model_copy(
            update={"origin": kind, "simulated": kind != "recorded"}
        )
        metadata = cell.metadata.model_copy(update={"provenance": copy})
        cells.append(type(cell)("c14", metadata))
    text = card_text(cells)
    sentence = text.split("## What it is\n\n")[1].split(".")[0]
    assert sentence.startswith(f"**{label}**") and "Marques-Smith et al" in sentence
    assert ("**Recordings**: Marques-Smith" in text) == ("recorded" in kinds)


def test_yaml_is_as_the_hub_takes_it(two_cells):
    """Features written with ``sequence``, which every version of datasets reads; all Arrow."""
    card = huggingface_hub.DatasetCard((two_cells / "README.md").read_text(encoding="utf-8"))
    configs = card.data.configs
    names = [config["config_name"] for config in configs]
    assert names == ["cells", "spikes", "mini", "scraps", "c5", "c14"]
    assert [config["config_name"] for config in configs if config.get("default")] == ["cells"]
    paths = [entry["path"] for config in configs for entry in config["data_files"]]
    flat = [path for each in paths for path in ([each] if isinstance(each, str) else each)]
    assert flat and all(path.endswith(".arrow") for path in flat)
    header = yaml.safe_dump(card.data.to_dict()["dataset_info"])
    assert "sequence:" in header and "list:" not in header
    for key in ("license", "pretty_name", "tags", "size_categories", "task_categories"):
        assert card.data.to_dict()[key]
    # What the Hub knows a dataset's ancestors by.
    assert card.data.source_datasets == ["extended|crcns-spe-1"]
