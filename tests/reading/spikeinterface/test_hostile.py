"""What is no cell, no split or no way to cut one is said, with what to do."""

import shutil
from pathlib import Path

import pytest

import spe1


@pytest.mark.parametrize("opener", [spe1.open_recording, spe1.open_ground_truth, spe1.open_patch])
def test_places(opener, built, tmp_path, monkeypatch):
    root = built.folder.parent
    for cell, error, words in (
        ("c15", spe1.MissingFileError, "spe1 build c15"),
        ("c99", spe1.UnknownCellError, "no cell 'c99'"),
        (root, spe1.MissingFileError, "a root with c14"),
        (tmp_path / "gone", spe1.MissingFileError, "no built cell"),
        (Path("s3://bucket/spe1/c14"), spe1.OptionError, "elsewhere"),
        (14, spe1.OptionError, "no path"),
    ):
        with pytest.raises(error) as caught:
            opener(cell, root=root)
        assert words in str(caught.value)
    monkeypatch.chdir(root)
    opener("c14", root=".")
    opener(Path("c14"), root="elsewhere")  # a path is a path
    opener("./c14", root="elsewhere")
    with pytest.raises(spe1.MissingFileError):
        opener("c14", root="elsewhere")  # an id is looked for in the root


def test_splits_and_segments(built):
    for given, words in (
        ({"split": "valid"}, "no such split"),
        ({"segments": "two"}, "no such way"),
        ({"split": "test", "segments": "train_test"}, "not two"),
    ):
        for opener in (spe1.open_recording, spe1.open_ground_truth):
            with pytest.raises(spe1.OptionError, match=words):
                opener(built.folder, **given)
    with pytest.raises(spe1.OptionError, match="one split"):
        spe1.open_recording(built.folder / "train", split="test")


def test_raw_places(archive, tmp_path):
    with pytest.raises(spe1.MissingFileError):
        spe1.open_raw("c15", archive.raw_dir)
    with pytest.raises(spe1.MissingFileError):
        spe1.open_raw("c14", tmp_path / "gone")
    with pytest.raises(spe1.UnknownCellError):
        spe1.open_raw("../c14", archive.raw_dir)
    with pytest.raises(spe1.OptionError, match="no splits"):
        spe1.open_ground_truth("c14", raw_dir=archive.raw_dir, split="train")


@pytest.mark.parametrize("name", ["templates.npz", "patch.npz", "train/state.json"])
def test_damaged_files(built, tmp_path, name):
    folder = tmp_path / "c14"
    shutil.copytree(built.folder, folder)
    (folder / name).write_bytes(b"PK" + bytes(1_000))
    opener = spe1.open_patch if name == "patch.npz" else spe1.open_recording
    with pytest.raises(spe1.OutputError) as caught:
        opener(folder)
    assert "damaged" in str(caught.value)
    shutil.rmtree(tmp_path)


def test_a_lost_shard(built, tmp_path):
    folder = tmp_path / "c14"
    shutil.copytree(built.folder, folder)
    next((folder / "test").glob("data-*.arrow")).unlink()
    with pytest.raises(spe1.OutputError, match="damaged"):
        spe1.open_recording(folder)
    shutil.rmtree(tmp_path)
