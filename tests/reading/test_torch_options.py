"""What `spe1.torch.SpikeWindows` says to arguments that cannot work."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spe1_builder.errors import MissingFileError, OptionError, Spe1Error, UnknownCellError
from spe1_builder.reading.torch import SpikeWindows

#: Samples of the train split in the small root; test has 10,817.
TRAIN_SAMPLES = 4 * 9_300


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"split": "validation"}, "no such split"),
        ({"split": ["train"]}, "no such split"),
        ({"split": "test", "n_samples": 10_818}, "does not fit into the split"),
        ({"n_samples": TRAIN_SAMPLES + 1}, "does not fit into the split"),
        ({"n_samples": 10**30}, "does not fit into the split"),
        ({"n_samples": 0}, "n_samples cannot"),
        ({"n_samples": 90.0}, "n_samples cannot"),
        ({"spike_at": 90}, "would not lie in its window"),
        ({"spike_at": -1}, "would not lie in its window"),
        ({"spike_at": (40, 30)}, "would not lie in its window"),
        ({"spike_at": (1, 2, 3)}, "would not lie in its window"),
        ({"channels": [384]}, "no such channel"),
        ({"channels": [-1]}, "no such channel"),
        ({"channels": []}, "at least one channel"),
        ({"channels": np.zeros(384, dtype=bool)}, "at least one channel"),
        ({"channels": slice(5, 5)}, "at least one channel"),
        ({"n_nearest": 0}, "n_nearest cannot"),
        ({"n_nearest": 385}, "n_nearest cannot"),
        ({"n_nearest": 4, "channels": [1]}, "either named, or the nearest"),
        ({"background_ratio": -1}, "background_ratio cannot"),
        ({"background_ratio": float("nan")}, "background_ratio cannot"),
        ({"background_ratio": 1e308}, "no room for so much background"),
        ({"n_background": -1}, "n_background cannot"),
        ({"n_background": 10**30}, "no room for so much background"),
        ({"margin_ms": -1}, "margin_ms cannot"),
        ({"margin_ms": float("inf")}, "margin_ms cannot"),
        ({"margin_ms": 1e300}, "no room for so much background"),
        ({"seed": -1}, "seed cannot"),
        ({"seed": (0, 1)}, "seed cannot"),
        ({"transform": "half"}, "no function to call"),
        ({"cells": []}, "cell"),
        ({"cells": 14}, "named by their ids"),
        ({"n_samples": TRAIN_SAMPLES, "background_ratio": 0}, "no window to give"),
    ],
)
def test_wrong_arguments_are_told_at_once(two_cells, options, words):
    given = {"cells": "c14", "root": two_cells} | options
    with pytest.raises(OptionError, match=words) as caught:
        SpikeWindows(**given)
    assert caught.value.do


def test_no_such_cell(two_cells, tmp_path):
    with pytest.raises(UnknownCellError, match="c99"):
        SpikeWindows("c99", two_cells)
    with pytest.raises(MissingFileError, match="c15 has not been built"):
        SpikeWindows(["c14", "c15"], two_cells)
    with pytest.raises(MissingFileError, match="no such dataset root"):
        SpikeWindows("c14", tmp_path / "gone")
    with pytest.raises(OptionError, match="no cell to take windows from"):
        SpikeWindows(root=tmp_path)
    with pytest.raises(OptionError, match="place elsewhere"):
        SpikeWindows("c14", "s3://bucket/spe1")


JUNK = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 3),
    st.floats(),
    st.text(max_size=12),
    st.binary(max_size=6),
    st.lists(st.one_of(st.text(max_size=4), st.integers()), max_size=3),
    st.dictionaries(st.text(max_size=3), st.integers(), max_size=2),
    st.sampled_from(["c14", "c9", "default", np.zeros(2), np.float32(1), slice("a"), 10**40]),
)
#: Every argument but the root.
NAMES = [
    "cells",
    "split",
    "n_samples",
    "spike_at",
    "channels",
    "n_nearest",
    "background_ratio",
    "n_background",
    "margin_ms",
    "seed",
    "transform",
]


@settings(max_examples=200, deadline=None)
@given(name=st.sampled_from(NAMES), value=JUNK)
def test_anything_gets_an_answer(two_cells, name, value):
    try:
        windows = SpikeWindows(**{"cells": "c14", "root": two_cells, name: value})
        assert len(windows) > 0
    except Spe1Error as error:
        assert error.what and str(error)
