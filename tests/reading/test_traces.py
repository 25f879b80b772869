"""Windows across segments against the segments joined by hand."""

import os
import pickle
import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import spe1
from spe1_builder.dataset.write.build import build_cell
from spe1_builder.errors import MissingFileError, OptionError, OutputError
from tests.support.recordings import SMALL

N_SAMPLES, SEGMENT, TEST_START = 48_017, 9_300, 4 * 9_300


@pytest.fixture(scope="module")
def splits(built):
    return spe1.load("c14", built.folder.parent)


@pytest.fixture(scope="module")
def whole_uV(splits):
    parts = [spe1.segment_uV(split, i) for split in splits.values() for i in range(len(split))]
    return np.concatenate(parts, axis=1)


@pytest.fixture(scope="module")
def traces(splits):
    return spe1.CellTraces(splits)


@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_any_window(traces, whole_uV, data):
    start = data.draw(st.integers(0, N_SAMPLES - 1))
    stop = data.draw(st.integers(start + 1, min(N_SAMPLES, start + 2 * SEGMENT)))
    channels = data.draw(st.none() | st.lists(st.integers(0, 383), min_size=1, max_size=5))
    expected = whole_uV[:, start:stop] if channels is None else whole_uV[channels, start:stop]
    np.testing.assert_array_equal(traces.read_uV(start, stop, channels), expected)


def test_within_a_segment_nothing_is_copied(traces, splits):
    window = traces.read_uV(SEGMENT + 5, SEGMENT + 900)
    assert np.shares_memory(window, traces.read_uV(SEGMENT, 2 * SEGMENT))
    assert not window.flags.writeable
    some = traces.read_uV(SEGMENT + 5, SEGMENT + 900, slice(10, 20))
    assert some.shape == (10, 895) and np.shares_memory(some, window)


def test_every_source(built, splits, traces, whole_uV):
    start, stop = TEST_START + 100, TEST_START + SEGMENT + 100
    for source in (built.folder, str(built.folder), splits, splits["test"], traces):
        np.testing.assert_array_equal(spe1.read_uV(source, start, stop), whole_uV[:, start:stop])
    test = spe1.CellTraces(splits["test"])
    assert (test.first, test.last) == (TEST_START, N_SAMPLES)


@pytest.mark.parametrize(("start", "stop"), [(-1, 5), (5, 5), (9, 3), (0, N_SAMPLES + 1)])
def test_range_outside(traces, start, stop):
    with pytest.raises(OptionError, match="outside the traces"):
        traces.read_uV(start, stop)


def test_wrong_channels_and_rows(traces, splits):
    bad_slices = (slice(0, 385), slice(None, None, 0), slice("a"), slice(-385, None))
    for channels in (
        [384],
        [-1],
        [[1, 2]],
        [1.9],
        [True, False],
        ["1"],
        5,
        [[1], [1, 2]],
        *bad_slices,
    ):
        with pytest.raises(OptionError, match="no such channel"):
            traces.read_uV(0, 5, channels)
    with pytest.raises(OptionError, match="not contiguous"):
        spe1.CellTraces(splits["train"].select([0, 2]))
    with pytest.raises(OptionError, match="no segment"):
        spe1.CellTraces(splits["train"].select([]))
    # Another order of the same rows is the same recording.
    shuffled = spe1.CellTraces(splits["train"].shuffle(seed=1, keep_in_memory=True))
    assert np.array_equal(shuffled.read_uV(0, 20_000), traces.read_uV(0, 20_000))


def test_a_mask_of_channels(traces):
    mask = np.zeros(384, bool)
    mask[[3, 200]] = True
    expected = traces.read_uV(0, 50, [3, 200])
    np.testing.assert_array_equal(traces.read_uV(0, 50, mask), expected)
    assert traces.read_uV(0, 50, []).shape == (0, 50)


def test_writable_windows(traces, whole_uV):
    for args in ((0, 50), (SEGMENT - 5, SEGMENT + 5), (0, 50, [3, 1]), (0, 50, slice(2, 4))):
        window = traces.read_uV(*args, writable=True)
        assert window.flags.writeable
        window[:] = 0.0  # torch.from_numpy shares the memory
        np.testing.assert_array_equal(traces.read_uV(0, 50), whole_uV[:, :50])


def test_a_split_by_its_folder(built, splits, whole_uV):
    test = spe1.CellTraces(built.folder / "test")
    assert (test.first, test.last) == (TEST_START, N_SAMPLES)
    np.testing.assert_array_equal(test.read_uV(TEST_START, N_SAMPLES), whole_uV[:, TEST_START:])


def test_it_tells_what_it_is(built, splits):
    folder = str(built.folder.resolve())
    for source in (built.folder, splits):
        assert repr(spe1.CellTraces(source)) == (
            f"CellTraces('{folder}': 384 channels, 1.601 s in 6 segments, samples [0, 48017))"
        )
    one = spe1.CellTraces(splits["train"].select([1]))
    assert repr(one) == (
        f"CellTraces('{folder}/train': 384 channels, 0.310 s in 1 segment, samples [9300, 18600))"
    )


def test_it_pickles_as_a_path(built, splits, whole_uV):
    """322 MB in 1.0: everything that it had read."""
    for source in (
        built.folder,
        splits,
        splits["train"],
        splits["train"].shuffle(seed=2),
        splits["train"].with_format("numpy").select(range(1, 3)),
    ):
        traces = spe1.CellTraces(source)
        expected = traces.read_uV(traces.first, traces.last)
        sent = pickle.dumps(traces)
        assert len(sent) < 600
        again = pickle.loads(sent)
        assert (again.first, again.last, repr(again)) == (traces.first, traces.last, repr(traces))
        np.testing.assert_array_equal(again.read_uV(again.first, again.last), expected)
        np.testing.assert_array_equal(expected, whole_uV[:, traces.first : traces.last])


def test_what_is_no_cell_pickles_as_its_dataset(splits, whole_uV):
    """A result of map has a file of its own, and other traces perhaps."""
    from datasets import Dataset, Features, concatenate_datasets

    halved = splits.with_format("numpy").map(lambda row: {"cp": row["cp"] / 2})
    in_memory = halved["train"].with_format("numpy").map(lambda row: {"n": 1}, keep_in_memory=True)
    for source in (halved, in_memory):
        traces = spe1.CellTraces(source)
        again = pickle.loads(pickle.dumps(traces))
        np.testing.assert_array_equal(
            again.read_uV(5, SEGMENT + 5), whole_uV[:, 5 : SEGMENT + 5] / 2
        )
    assert len(pickle.dumps(spe1.CellTraces(halved))) < 20_000
    # In the place of the shards' own column, in the same dataset.
    train = splits["train"]
    features = Features({"cp": train.features["cp"]})
    zeros = Dataset.from_dict({"cp": [list(np.zeros((384, SEGMENT), np.float32))] * 4}, features)
    swapped = concatenate_datasets([train.remove_columns("cp"), zeros], axis=1)
    assert not spe1.CellTraces(swapped).read_uV(0, 50).any()


@pytest.fixture
def own(built, tmp_path):
    """The cell in a root of its own, to be changed."""
    shutil.copytree(built.folder.parent, tmp_path / "own", copy_function=os.link)
    yield tmp_path / "own/c14"
    shutil.rmtree(tmp_path)


def test_a_cell_that_was_built_anew_is_told(own):
    traces = spe1.CellTraces(own)
    sent = pickle.dumps(traces)
    expected = traces.read_uV(0, 50)
    state = own / "train/state.json"
    text = state.read_text().replace('"_fingerprint": "', '"_fingerprint": "0')
    state.unlink()
    state.write_text(text)
    np.testing.assert_array_equal(traces.read_uV(0, 50), expected)
    with pytest.raises(OutputError, match="built anew"):
        pickle.loads(sent).read_uV(0, 50)


def test_two_cells_are_no_recording(archive, splits, tmp_path):
    """The rows carry no cell id: train of one and test of the other fit together."""
    from datasets import DatasetDict, concatenate_datasets, load_dataset

    root = tmp_path / "spe1"
    build_cell("c5", archive.sources, root, SMALL)
    other = spe1.load("c5", root)
    joined = concatenate_datasets([splits["train"], other["test"]])
    cached = load_dataset(str(root), name="c5", cache_dir=str(tmp_path / "cache"))
    untold = concatenate_datasets([splits["train"], cached["test"]], info=cached["test"].info)
    mixed = (
        joined,
        joined.map(lambda row: {"n": 1}, writer_batch_size=2),
        joined.shuffle(seed=1),
        DatasetDict({"train": splits["train"], "test": other["test"]}),
        untold,
        DatasetDict({"train": splits["train"], "test": cached["test"]}),
    )
    for source in mixed:
        with pytest.raises(OptionError, match="not of one recording") as caught:
            spe1.CellTraces(source)
        assert "each cell by itself" in caught.value.do
        with pytest.raises(OptionError, match="not of one recording"):
            spe1.random_windows(source, 100, seed=0)
    shutil.rmtree(tmp_path)


def test_spikes_on_two_channels_are_two_cells(splits):
    """Where nothing else tells: in memory, without a description."""
    from datasets import Dataset, DatasetDict

    tables = [splits[name].with_format("arrow")[:] for name in ("train", "test")]
    alone = [Dataset(table.replace_schema_metadata(None)) for table in tables]
    with pytest.raises(OptionError, match="not of one recording"):
        spe1.CellTraces(DatasetDict(zip(("train", "test"), alone, strict=True)))
    assert spe1.CellTraces(alone[0]).last == TEST_START

    def shifted(row):
        return {"ctt": [[], *row["ctt"][:-1]]} if int(row["sample_id"]) else {}

    with pytest.raises(OptionError, match="spikes on the channels"):
        spe1.CellTraces(alone[0].map(shifted, keep_in_memory=True))


def test_parts_of_one_cell_are_one_recording(splits, whole_uV, tmp_path):
    from datasets import DatasetDict, concatenate_datasets

    mapped = splits["train"].map(lambda row: {"n": 1})
    for source in (
        concatenate_datasets([splits["test"], splits["train"]]),
        DatasetDict({"a": splits["train"].select([1, 0]), "b": splits["train"].select([2, 3])}),
        DatasetDict({"train": mapped.remove_columns("n"), "test": splits["test"]}),
    ):
        traces = spe1.CellTraces(source)
        np.testing.assert_array_equal(traces.read_uV(50, 20_000), whole_uV[:, 50:20_000])


@pytest.mark.parametrize("name", ["data-*.arrow", "state.json"])
def test_a_damaged_cell(own, name):
    (path,) = (own / "test").glob(name)
    data = path.read_bytes()
    path.unlink()
    for kept in (None, data[: len(data) // 2], b""):
        if kept is not None:
            path.write_bytes(kept)
        with pytest.raises(OutputError, match="c14 is damaged"):
            spe1.CellTraces(own)
    assert spe1.CellTraces(own / "train").last == TEST_START


def test_rows_of_other_lengths(splits):
    def shortened(row):
        kept = SEGMENT - (int(row["sample_id"]) == SEGMENT)
        return {"cp": row["cp"][:, :kept]}

    train = splits["train"].with_format("numpy").map(shortened)
    traces = spe1.CellTraces(train)
    assert traces.read_uV(0, SEGMENT).shape == (384, SEGMENT)
    with pytest.raises(OptionError, match="shorter or longer"):
        traces.read_uV(0, SEGMENT + 10)
    one = splits["train"].select([0])
    ragged = one.map(lambda row: {"cp": [row["cp"][0][:-1], *row["cp"][1:]]})
    with pytest.raises(OptionError, match="does not hold the traces"):
        spe1.CellTraces(ragged)


def test_folders_that_are_no_cell(built, tmp_path, monkeypatch):
    root = built.folder.parent
    with pytest.raises(MissingFileError, match=f"name the cell: {root}/c14"):
        spe1.read_uV(root, 0, 5)
    for source in (tmp_path, tmp_path / "gone", built.folder / "README", Path()):
        monkeypatch.chdir(tmp_path)
        with pytest.raises(MissingFileError, match="no built cell here"):
            spe1.read_uV(source, 0, 5)
    monkeypatch.chdir(built.folder)
    assert spe1.read_uV(".", 0, 5).shape == (384, 5)
