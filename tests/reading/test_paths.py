"""Paths that people give, to every function that reads."""

import os
import shutil
from pathlib import Path

import numpy as np
import pytest

import spe1
from spe1_builder.errors import MissingFileError, OptionError

NAMES = ["spe1", "a b", "größe µV", "a::b", "a [1]*", "x.y", "it's"]


@pytest.fixture
def home(built, tmp_path, monkeypatch):
    """A home folder with the same root under several names; the current folder is elsewhere."""
    home = tmp_path / "home"
    for name in NAMES:
        shutil.copytree(built.folder.parent, home / name, copy_function=os.link)
    (home / "link").symlink_to(home / "spe1")
    (home / "linked").mkdir()
    (home / "linked/c14").symlink_to(home / "spe1/c14")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.chdir(home)
    yield home
    monkeypatch.chdir(tmp_path)
    shutil.rmtree(tmp_path)


def read(root) -> np.ndarray:
    """The same window by every function that takes a root or a cell."""
    splits = spe1.load("c14", root)
    window = spe1.segment_uV(splits["train"], 0)
    cell = f"{root}/c14" if isinstance(root, str) else root / "c14"
    np.testing.assert_array_equal(spe1.read_uV(cell, 0, 9_300), window)
    assert spe1.CellTraces(cell).last == 48_017
    assert next(spe1.random_windows(cell, 10, seed=0))[1].shape == (384, 10)
    built = spe1.cells(root)
    assert built.filter(built["is_built"])["cell_id"].to_pylist() == ["c14"]
    assert len(spe1.spikes(root)) > 0
    splits["train"].map(lambda row: {"n": 1})
    return window


@pytest.mark.parametrize("name", [*NAMES, "link", "linked"])
def test_every_form_of_a_path(home, name):
    expected = read(str(home / name))
    forms = (f"~/{name}", Path("~") / name, name, f"./{name}", Path(name), f"../home/{name}")
    for root in forms:
        np.testing.assert_array_equal(read(root), expected)


def test_the_current_folder(home, monkeypatch):
    monkeypatch.chdir(home / "spe1")
    read(".")
    assert spe1.read_uV("c14", 0, 5).shape == (384, 5)
    monkeypatch.chdir(home / "spe1/c14")
    assert spe1.read_uV(".", 0, 5).shape == (384, 5)
    assert spe1.read_uV("train", 0, 5).shape == (384, 5)
    with pytest.raises(MissingFileError, match="has not been built here"):
        spe1.load("c14", ".")


@pytest.mark.parametrize(
    "path",
    ["s3://bucket/spe1", "hf://datasets/user/spe1", "https://x.org/spe1", "gs://b", "file:///tmp"],
)
def test_remote_paths_are_refused(home, path):
    """Also as a `Path`, which keeps one of the slashes."""
    calls = (lambda root: spe1.load("c14", root), spe1.cells, spe1.spikes)
    readers = (  # of a string that is an address: tests/reading/afar
        spe1.CellTraces,
        lambda root: spe1.read_uV(root, 0, 5),
        lambda root: spe1.random_windows(root, 5, seed=0),
    )
    for root in (path, Path(path)):
        for call in (*calls, *readers) if isinstance(root, Path) else calls:
            with pytest.raises(OptionError, match="a place elsewhere") as caught:
                call(root)
            assert caught.value.do
    assert {path.name for path in home.iterdir()} == {*NAMES, "link", "linked"}


def test_what_is_no_path(tmp_path):
    for value in ("", "a\0b", None, 3, b"spe1", ["spe1"], float("nan"), "~nobody-of-this-name/x"):
        for call in (spe1.spikes, lambda root: spe1.load("c14", root), spe1.CellTraces):
            with pytest.raises(OptionError):
                call(value)


def test_a_name_that_no_file_can_have(tmp_path):
    for call in (spe1.CellTraces, spe1.spikes, lambda root: spe1.load("c14", root)):
        with pytest.raises(OptionError, match="no such path"):
            call(tmp_path / ("x" * 300))
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    for call in (spe1.CellTraces, spe1.spikes, lambda root: spe1.load("c14", root)):
        with pytest.raises(MissingFileError):
            call(tmp_path / "loop")
