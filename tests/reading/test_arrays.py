"""Mistakes and damage on the way to the arrays; `tests/dataset/test_loading.py` has the rest."""

import shutil

import pytest

from spe1_builder.errors import MissingFileError, OptionError, OutputError, UnknownCellError
from spe1_builder.reading.arrays import load, segment_uV


def test_unknown_cell(tmp_path):
    with pytest.raises(UnknownCellError, match="no cell 'c144'"):
        load("c144", tmp_path)


def test_cell_that_has_not_been_built(built, tmp_path):
    with pytest.raises(MissingFileError, match="built here: none"):
        load("c26", tmp_path)
    with pytest.raises(MissingFileError, match="built here: c14"):
        load("c26", built.folder.parent)


@pytest.mark.parametrize(
    ("name", "keep"),
    [
        ("data-*.arrow", 0.5),
        ("data-*.arrow", 0.0),
        ("state.json", 0.5),
        ("dataset_info.json", 0.5),
        ("state.json", None),
    ],
)
def test_damaged_cell(built, tmp_path, name, keep):
    root = tmp_path / "spe1"
    shutil.copytree(built.folder, root / "c14")
    path = next((root / "c14/test").glob(name))
    if keep is None:
        path.unlink()
    else:
        path.write_bytes(path.read_bytes()[: int(path.stat().st_size * keep)])
    with pytest.raises(OutputError, match="c14 is damaged") as caught:
        load("c14", root)
    assert f"spe1 verify {root}" in caught.value.do


def test_segment_needs_one_split(built):
    splits = load("c14", built.folder.parent)
    for dataset in (splits, splits["train"].to_iterable_dataset()):
        with pytest.raises(OptionError, match="takes one split, such as ds\\['train'\\]"):
            segment_uV(dataset, 0)
