"""Whatever is given to a public function: its result, or an error of ours that says what to do."""

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import spe1
from spe1_builder.errors import Spe1Error

#: Values that come from mistakes: other types, NaN, the wrong object of the right library.
_PLAIN = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(allow_nan=True, allow_infinity=True),
    st.text(max_size=8),
    st.binary(max_size=4),
    st.lists(st.integers(-2, 400), max_size=3),
    st.lists(st.floats(), max_size=2),
    st.lists(st.lists(st.integers(0, 3), max_size=2), max_size=2),
    st.slices(5),
    st.builds(slice, st.integers(-500, 500), st.none() | st.floats(), st.integers(-2, 2)),
    st.dictionaries(st.text(max_size=2), st.integers(), max_size=2),
    st.tuples(st.integers(-2, 3), st.integers(-2, 3)),
    st.sampled_from(
        [
            ...,
            int,
            np.int64(3),
            np.uint8(3),
            np.float64("nan"),
            np.array([1, 2]),
            np.array(3),
            np.array([[1.5]]),
            np.array(["a"]),
            np.zeros(384, bool),
            np.array([None]),
            1 + 2j,
            math.nan,
            {1, 2},
            range(3),
            range(0, 800, 400),
            iter([1]),
            Path("c14"),
            Path("~") / "nowhere",
            "~no-such-user-here/x",
            Path("s3://bucket/c14"),
            "nowhere://bucket/c14",
            "c14",
            "C14",
            "../c14",
            "zhao",
            "\0",
            "x" * 5_000,
            object(),
        ]
    ),
)


@pytest.fixture(scope="module")
def splits(built):
    return spe1.load("c14", built.folder.parent)


@pytest.fixture(scope="module")
def mangled(built, splits):
    """Datasets that are not what they should be, and some that are."""
    import datasets

    train = splits["train"]
    pairs = [(0, 1.5), (9_300, None)]
    foreign = datasets.Dataset.from_dict(
        {"sample_id": [f"{i:010d}" for i, _ in pairs], "cp": [[[v]] for _, v in pairs]}
    )
    words = datasets.Dataset.from_dict({"sample_id": ["first", None], "cp": ["a", "b"]})
    numbers = datasets.Dataset.from_dict({"sample_id": [0, 9_300], "cp": [1.0, math.nan]})
    features = datasets.Features(
        {"sample_id": datasets.Value("string"), "cp": train.features["cp"]}
    )
    short = datasets.Dataset.from_dict({"sample_id": ["0"], "cp": [[[1.0]] * 383]}, features)
    missing = datasets.Dataset.from_dict(
        {"sample_id": ["0", "5"], "cp": [[[None]] * 384, None]}, features
    )
    channel = datasets.Dataset.from_dict(
        {"sample_id": ["0"], "cp": [[[1.0]] * 383 + [None]]}, features
    )
    return [
        splits,
        train,
        dict(splits),
        datasets.DatasetDict(),
        datasets.DatasetDict({"train": words}),
        {"train": None},
        train.to_iterable_dataset(),
        datasets.load_dataset(str(built.folder.parent), name="c14", streaming=True),
        train.select([]),
        train.select([2, 0]),
        train.select([1, 1]),
        train.shuffle(seed=1, keep_in_memory=True).with_format("numpy"),
        train.with_format("arrow"),
        train.with_transform(lambda batch: {}),
        train.remove_columns("cp"),
        train.remove_columns("sample_id"),
        train.remove_columns("ctt"),
        train.select_columns([]),
        train.rename_columns({"cp": "x", "ctt": "cp"}),
        train.rename_columns({"ctt": "x", "cit": "ctt"}),
        train.rename_columns({"sample_id": "x"}).rename_columns({"cit": "sample_id"}),
        datasets.concatenate_datasets([train, train]),
        *(_with_times(train, times) for times in ("a", 1, [1.0], [["a"]], None, [None], [[None]])),
        datasets.Dataset.from_dict({}),
        foreign,
        words,
        numbers,
        short,
        missing,
        channel,
        train.data,
        train.features,
        spe1.CellTraces(splits),
        [train],
        "cell",
    ]


def _with_times(train, times):
    import datasets

    column = datasets.Dataset.from_dict({"ctt": [times] * len(train)})
    return datasets.concatenate_datasets([train.remove_columns("ctt"), column], axis=1)


def _calls(root, cell):
    """Public functions with what they are given in every place."""
    return [
        lambda v, d: spe1.load(v[0], v[1]),
        lambda v, d: spe1.load("c14", v[0]),
        lambda v, d: spe1.load(v[0], root),
        lambda v, d: spe1.segment_uV(d, v[0]),
        lambda v, d: spe1.segment_uV(d, 0),
        lambda v, d: spe1.segment_uV(v[0], 0),
        lambda v, d: spe1.read_uV(cell, v[0], v[1]),
        lambda v, d: spe1.read_uV(cell, 0, 5, v[0]),
        lambda v, d: spe1.read_uV(d, 0, 5, v[0]),
        lambda v, d: spe1.read_uV(v[0], 0, 5),
        lambda v, d: spe1.CellTraces(d),
        lambda v, d: spe1.CellTraces(v[0]),
        lambda v, d: _first(spe1.random_windows(d, v[0], seed=0)),
        lambda v, d: _first(spe1.random_windows(cell, 5, seed=v[0], n_windows=v[1])),
        lambda v, d: _first(spe1.random_windows(cell, 5, seed=0, worker=v[0], channels=v[1])),
        lambda v, d: spe1.cells(v[0]),
        lambda v, d: spe1.spikes(v[0], v[1]),
        lambda v, d: spe1.spikes(root, v[0]),
        lambda v, d: spe1.map_segments(d, lambda segment: v[0]),
        lambda v, d: spe1.map_segments(d, _look),
        lambda v, d: spe1.map_segments(d, _look, keep_rows=True),
        lambda v, d: spe1.map_segments(d, v[0]) if not callable(v[0]) else None,
        lambda v, d: spe1.map_segments(v[0], _look),
    ]


def _look(segment) -> dict:
    return {
        "n_samples": segment.traces_uV.shape[1],
        "first": segment.first,
        "n_spikes": len(segment.spike_samples),
    }


def _first(windows):
    for start, window in windows:
        return start, window
    return None


N_CALLS = len(_calls(None, None))


@pytest.mark.filterwarnings("ignore")  # numpy's and datasets' about what they are given
@given(data=st.data(), which=st.integers(0, N_CALLS - 1))
@settings(max_examples=400, deadline=None, derandomize=True)
def test_only_errors_of_ours(built, mangled, data, which):
    root = built.folder.parent
    values = data.draw(st.tuples(_PLAIN, _PLAIN), label="values")
    dataset = mangled[data.draw(st.integers(0, len(mangled) - 1), label="dataset")]
    calls = _calls(root, built.folder)
    _only_ours(calls[which], values, dataset)


def _only_ours(call, values, dataset) -> None:
    try:
        call(values, dataset)
    except Spe1Error as error:
        assert error.what
        assert error.do or error.got


@pytest.mark.filterwarnings("ignore")
def test_every_dataset_in_every_place(built, mangled):
    calls = _calls(built.folder.parent, built.folder)
    for dataset in mangled:
        for call in calls:
            _only_ours(call, (slice(0, 2), "0"), dataset)
            _only_ours(call, (0, 1), dataset)


def test_what_is_whole_is_taken(built, splits):
    """The test above would pass if everything were refused."""
    for index in (0, np.int32(-1), np.uint8(1)):
        assert spe1.segment_uV(splits["train"], index).shape == (384, 9_300)
    for channels in ([0, 383], (5,), range(3), np.array([1], np.uint16), slice(-3, None), []):
        assert spe1.read_uV(built.folder, np.int64(0), 7, channels).shape[1] == 7
    rows = splits["train"].remove_columns(["cit", "ctt"]).with_format("numpy")
    assert spe1.CellTraces(rows).last == 4 * 9_300


def test_segment_of_a_slice_and_of_rows_without_traces(splits):
    train = splits["train"]
    for index in (slice(0, 2), [0, 1], "0", 0.0, True, None):
        with pytest.raises(spe1.OptionError, match="picked by its number"):
            spe1.segment_uV(train, index)
    with pytest.raises(spe1.OptionError, match="no column cp"):
        spe1.segment_uV(train.remove_columns("cp"), 0)
    with pytest.raises(spe1.OptionError, match="no such segment"):
        spe1.segment_uV(train.select([]), 0)
    with pytest.raises(spe1.OptionError, match="does not hold the traces"):
        spe1.segment_uV(train.rename_columns({"cp": "x", "ctt": "cp"}), 0)
