"""Every way to load gives the same numbers; `datasets` itself is the client."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import spe1
from spe1_builder.dataset.write.build import build_cell
from spe1_builder.errors import MissingFileError, OptionError, StaleOutputError
from tests.support.project import PROJECT
from tests.support.recordings import SMALL


def digest(splits) -> dict:
    """Everything that a consumer can read, comparable with ==; rows as Arrow, not as lists."""
    return {
        name: [_read(table) for table in split.with_format("arrow")]
        for name, split in splits.items()
    }


def _read(table) -> tuple:
    """One row: 3.6 million values, which as Python's take a second."""
    (cp,) = table["cp"].chunks
    values = cp.flatten().flatten().to_numpy(zero_copy_only=False)
    return (
        table["sample_id"].to_pylist(),
        [len(channel) for channel in cp.flatten()],
        np.asarray(values, dtype=np.float32).tobytes(),
        table["cit"].to_pylist(),
        table["ctt"].to_pylist(),
    )


@pytest.fixture(scope="module")
def expected(built):
    return digest(spe1.load("c14", built.folder.parent))


def test_load_dataset_by_absolute_path(built, expected):
    from datasets import load_dataset

    assert digest(load_dataset(str(built.folder.parent), name="c14")) == expected


def test_rows_as_python_has_them(built, expected):
    """The plain way, on the shortest row."""
    from datasets import load_dataset

    split = load_dataset(str(built.folder.parent), name="c14", split="test")
    row = split[len(split) - 1]
    sample_id, lengths, values, cit, ctt = expected["test"][-1]
    assert [row["sample_id"]] == sample_id and [row["cit"]] == cit and [row["ctt"]] == ctt
    assert [len(channel) for channel in row["cp"]] == lengths
    assert np.asarray(row["cp"], dtype=np.float32).tobytes() == values


def test_load_dataset_streaming(built, expected):
    from datasets import load_dataset

    assert digest(load_dataset(str(built.folder.parent), name="c14", streaming=True)) == expected


def test_load_dataset_beside_the_folder_with_the_module_there(built, tmp_path):
    """``./spe1`` and ``./spe1.py`` side by side, as in a checkout."""
    (tmp_path / "spe1").symlink_to(built.folder.parent)
    (tmp_path / "spe1.py").symlink_to(PROJECT / "spe1.py")
    (tmp_path / "builder").symlink_to(PROJECT / "builder")
    code = (
        "import numpy as np, spe1\n"
        "from datasets import load_dataset, load_from_disk\n"
        "a = load_dataset('spe1', name='c14'); b = load_from_disk('spe1/c14')\n"
        "for s in b:\n"
        "    assert len(a[s]) == len(b[s])\n"
        "    for i in range(len(b[s])):\n"
        "        assert np.array_equal(spe1.segment_uV(a[s], i), spe1.segment_uV(b[s], i))\n"
        "    assert a[s]['sample_id'] == b[s]['sample_id'] and a[s]['ctt'] == b[s]['ctt']\n"
        "print('same')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.stdout.strip() == "same", done.stderr


@pytest.fixture
def make_builder(archive, tmp_path):
    """Makes `Spe1` for c14 with its own root and cache, with the small options."""

    def make(**kwargs):
        given = {"raw_dir": archive.raw_dir, "root": tmp_path / "spe1"} | SMALL.as_dict() | kwargs
        return spe1.Spe1(config_name="c14", cache_dir=str(tmp_path / "cache"), **given)

    return make


def test_builder_prepares_by_linking(make_builder, expected, tmp_path):
    builder = make_builder()
    builder.download_and_prepare()
    assert digest(builder.as_dataset()) == expected
    built_shards = sorted((tmp_path / "spe1").glob("c14/*/data-*.arrow"))
    prepared = sorted(Path(builder.cache_dir).glob("*.arrow"))
    assert {p.stat().st_ino for p in prepared} == {p.stat().st_ino for p in built_shards}
    # A second builder finds both the cell and what is prepared.
    again = make_builder()
    assert again.cache_dir == builder.cache_dir
    assert digest(again.as_dataset()) == expected


def test_builder_without_raw_dir_takes_the_built_cell(make_builder, archive, expected, tmp_path):
    with pytest.raises(MissingFileError, match="spe1 build c14"):
        make_builder(raw_dir=None).download_and_prepare()
    build_cell("c14", archive.sources, tmp_path / "spe1", SMALL)
    builder = spe1.Spe1(
        config_name="c14", root=tmp_path / "spe1", cache_dir=str(tmp_path / "cache")
    )
    builder.download_and_prepare()
    assert digest(builder.as_dataset()) == expected
    with pytest.raises(StaleOutputError, match="other options"):
        make_builder(raw_dir=None, skip_seconds=0.5).download_and_prepare()


def test_builder_streams(make_builder, expected):
    assert digest(make_builder().as_streaming_dataset()) == expected


def test_builder_to_parquet(make_builder, expected, tmp_path):
    from datasets import load_dataset

    make_builder().download_and_prepare(str(tmp_path / "out"), file_format="parquet")
    files = {s: str(tmp_path / f"out/spe1-{s}.parquet") for s in ("train", "test")}
    got = load_dataset("parquet", data_files=files, cache_dir=str(tmp_path / "cache"))
    assert digest(got) == expected


def test_builder_gives_new_rows_after_a_rebuild(make_builder):
    make_builder().download_and_prepare()
    with pytest.raises(StaleOutputError, match="duration_s"):
        make_builder(duration_s=0.93).download_and_prepare()
    builder = make_builder(duration_s=0.93, force=True)
    builder.download_and_prepare()
    assert sum(len(split) for split in builder.as_dataset().values()) == 3


def test_builder_wipes_what_an_interrupted_preparation_left(make_builder, expected):
    builder = make_builder()
    builder.download_and_prepare()
    cache = Path(builder.cache_dir)
    leftover = cache.with_name(cache.name + ".incomplete")
    cache.rename(leftover)
    (leftover / "dataset_info.json").unlink()
    for path in leftover.glob("*.arrow"):
        path.unlink()
        path.write_bytes(b"half")
    again = make_builder()
    again.download_and_prepare()
    assert digest(again.as_dataset()) == expected


def test_there_is_a_config_per_cell():
    assert len(spe1.Spe1.builder_configs) == 43
    with pytest.raises(ValueError, match="c47"):
        spe1.Spe1(config_name="c47")


def test_rebuilt_cell_gives_new_rows_not_the_cached_ones(archive, tmp_path):
    """`load_dataset` keys its cache on the card: the fingerprint stands there."""
    from datasets import load_dataset

    root = tmp_path / "spe1"

    def rows():
        loaded = load_dataset(str(root), name="c14", cache_dir=str(tmp_path / "cache"))
        return digest(loaded)

    build_cell("c14", archive.sources, root, SMALL)
    first = rows()
    options = replace(SMALL, skip_seconds=0.3)
    build_cell("c14", archive.sources, root, options, force=True)
    second = rows()
    assert [len(first[s]) for s in first] == [len(second[s]) for s in second]
    assert first != second
    assert second == digest(spe1.load("c14", root))


def test_only_built_cells_are_listed(archive, built, tmp_path):
    from datasets import get_dataset_config_names, load_dataset

    root = tmp_path / "spe1"
    build_cell("c5", archive.sources, root, replace(SMALL, duration_s=0.7))
    assert get_dataset_config_names(str(root)) == ["cells", "spikes", "mini", "scraps", "c5"]
    assert len(load_dataset(str(root), name="c5", cache_dir=str(tmp_path / "a"))["test"]) == 1
    build_cell("c14", archive.sources, root, replace(SMALL, duration_s=0.7))
    # In the catalogue's order, whichever was built first.
    assert get_dataset_config_names(str(root)) == ["cells", "spikes", "mini", "scraps", "c5", "c14"]
    for name in ("c5", "c14"):
        loaded = load_dataset(str(root), name=name, cache_dir=str(tmp_path / "b"))
        assert np.array_equal(
            spe1.segment_uV(loaded["test"], -1), spe1.segment_uV(spe1.load(name, root)["test"], -1)
        )


def test_segment_of_a_shuffled_selection(built):
    split = spe1.load("c14", built.folder.parent)["train"]
    wanted = np.asarray(split[2]["cp"], dtype=np.float32)
    for view in (split.select([3, 2, 0]), split.with_format("numpy").select([3, 2, 0])):
        np.testing.assert_array_equal(spe1.segment_uV(view, 1), wanted)
        np.testing.assert_array_equal(spe1.segment_uV(view, -2), wanted)
    with pytest.raises(OptionError, match="no such segment"):
        spe1.segment_uV(split, 4)


def test_load_says_what_to_run(tmp_path):
    with pytest.raises(MissingFileError, match="spe1 build c26 --raw-dir"):
        spe1.load("c26", tmp_path)


def test_each_input_can_be_given(archive, expected, tmp_path):
    """Scattered files, from Python, through the builder class and by the command."""
    raw = archive.raw_dir
    places = {
        "chan_map": tmp_path / "map.mat",
        "summary": tmp_path / "table.xlsx",
        "recordings": tmp_path / "cells",
    }
    places["chan_map"].symlink_to(raw / "chanMap.mat")
    places["summary"].symlink_to(raw / "Data Summary.xlsx")
    places["recordings"].symlink_to(raw / "Recordings")
    empty = tmp_path / "raw"
    empty.mkdir()
    spe1.build("c14", raw_dir=empty, root=tmp_path / "a", **places, **SMALL.as_dict())
    assert digest(spe1.load("c14", tmp_path / "a")) == expected
    builder = spe1.Spe1(
        config_name="c14",
        raw_dir=empty,
        root=tmp_path / "b",
        cache_dir=str(tmp_path / "cache"),
        **places,
        **SMALL.as_dict(),
    )
    builder.download_and_prepare()
    assert digest(builder.as_dataset()) == expected
