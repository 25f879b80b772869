"""What `datasets` writes lies in its own cache, never among a cell's files."""

import os
import pickle
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path

import datasets
import numpy as np
import pytest

import spe1
from spe1_builder.dataset.write.build import build_cell
from spe1_builder.errors import OutputError
from spe1_builder.reading import opened
from tests.support.recordings import SMALL


@pytest.fixture
def root(built, tmp_path):
    """A root of its own, so that nothing is cached for it."""
    shutil.copytree(built.folder.parent, tmp_path / "spe1", copy_function=os.link)
    yield tmp_path / "spe1"
    shutil.rmtree(tmp_path)


def files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*")}


def number(row) -> dict:
    return {"number": int(row["sample_id"]) // 9_300}


def use(splits) -> None:
    """What writes."""
    train = splits["train"]
    assert splits.map(number)["test"]["number"][:] == [4, 5]
    assert train.map(number, num_proc=2)["number"][:] == [0, 1, 2, 3]
    assert len(train.shuffle(seed=1).flatten_indices()) == 4
    assert len(train.filter(lambda i: int(i) > 0, input_columns="sample_id")) == 3
    assert train.sort("sample_id", reverse=True)["sample_id"][0] == "0000027900"
    assert len(train.train_test_split(0.5, seed=0)["test"]) == 2
    joined = datasets.concatenate_datasets([train, splits["test"]])
    assert joined.map(number, writer_batch_size=2)["number"][:] == [0, 1, 2, 3, 4, 5]
    assert spe1.map_segments(joined, lambda row: {"first": row.first})["first"][1] == 9_300


# pyarrow's, on how `datasets` sorts.
@pytest.mark.filterwarnings("ignore:Specifying null_placement:FutureWarning")
def test_the_cells_folder_stays_as_it_is(root, tmp_path):
    before = files(root)
    splits = spe1.load("c14", root)
    use(splits)
    assert files(root) == before
    cache = Path(datasets.config.HF_DATASETS_CACHE)
    made = [Path(file["filename"]) for file in splits["train"].map(number).cache_files]
    assert made and all(path.is_relative_to(cache) for path in made)
    # The cell's own folder still loads as a folder of data.
    for folder in (root / "c14", root):
        name = None if folder != root else "c14"
        loaded = datasets.load_dataset(str(folder), name=name, cache_dir=str(tmp_path / "cache"))
        assert [len(split) for split in loaded.values()] == [4, 2]


def test_a_root_that_cannot_be_written(root, monkeypatch):
    """As somebody else, whom the machine refuses."""
    privileged = os.geteuid() == 0
    train = spe1.load("c14", root)["train"]
    train.map(number).shuffle(seed=5)  # imports what is imported late: not all may be read then
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "cache").mkdir()
        shutil.copytree(root, folder / "spe1", copy_function=os.link)
        folders = [folder / "spe1", *(p for p in (folder / "spe1").rglob("*") if p.is_dir())]
        for path in folders:
            path.chmod(0o555)
        folder.chmod(0o755)
        if privileged:
            os.chown(folder / "cache", 65534, 65534)
            os.seteuid(65534)
        monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", folder / "cache")
        try:
            with pytest.raises(PermissionError):
                (folder / "spe1/c14/train/x").write_text("")
            splits = spe1.load("c14", folder / "spe1")
            assert splits.map(number)["test"]["number"][:] == [4, 5]
            train = splits["train"].shuffle(seed=5)
            assert len(train.filter(lambda i: int(i) > 0, input_columns="sample_id")) == 3
            assert spe1.CellTraces(folder / "spe1/c14").last == 48_017
        finally:
            if privileged:
                os.seteuid(0)
            for path in folders:
                path.chmod(0o755)


def test_a_cache_that_cannot_be_written(root, monkeypatch, tmp_path):
    """Then it is a temporary folder."""
    nowhere = tmp_path / "file"
    nowhere.write_text("")
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", nowhere / "cache")
    before = files(root)
    splits = spe1.load("c14", root)
    assert len(splits["train"].shuffle(seed=1)) == 4
    assert splits.map(number)["train"]["number"][:] == [0, 1, 2, 3]
    assert files(root) == before


def test_nowhere_to_write_at_all(root, monkeypatch):
    """It can still be read."""

    def refuse(source, links):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(opened, "_link_cell", refuse)
    assert spe1.segment_uV(spe1.load("c14", root)["train"], 0).shape == (384, 9_300)


def test_datasets_can_be_sent_to_other_processes(root):
    train = spe1.load("c14", root)["train"]
    again = pickle.loads(pickle.dumps(train.shuffle(seed=2)))
    assert isinstance(again, datasets.Dataset)
    np.testing.assert_array_equal(
        spe1.segment_uV(again, 1), spe1.segment_uV(train.shuffle(seed=2), 1)
    )


def test_two_roots_and_a_rebuilt_cell_do_not_mix(archive, root, tmp_path):
    other = tmp_path / "other" / "spe1"
    build_cell("c14", archive.sources, other, replace(SMALL, skip_seconds=0.3))
    one, two = (spe1.segment_uV(spe1.load("c14", r)["train"], 0) for r in (root, other))
    assert not np.array_equal(one, two)
    shutil.rmtree(root / "c14")
    shutil.copytree(other / "c14", root / "c14")
    np.testing.assert_array_equal(spe1.segment_uV(spe1.load("c14", root)["train"], 0), two)


def test_links_that_went_wrong_are_mended(root):
    first = spe1.load("c14", root)["train"].cache_files[0]["filename"]
    Path(first).unlink()
    Path(first).write_bytes(b"not a link")
    assert spe1.segment_uV(spe1.load("c14", root)["train"], 0).shape == (384, 9_300)
    assert Path(first).is_symlink()


def test_a_cell_that_is_replaced_meanwhile(root, monkeypatch):
    """Opened between two builds it is opened again; never train of one and test of another."""
    count = iter(range(100))
    monkeypatch.setattr(opened, "build_stamp", lambda folder: str(min(next(count), 3)))
    assert len(spe1.load("c14", root)["train"]) == 4
    assert next(count) == 6
    monkeypatch.setattr(opened, "build_stamp", lambda folder: str(next(count)))
    with pytest.raises(OutputError, match="being replaced"):
        spe1.load("c14", root)
