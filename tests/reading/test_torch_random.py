"""`spe1.torch.RandomWindows`: the right windows, shared by workers and ranks."""

import itertools
from collections import Counter

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

import spe1
from spe1_builder.errors import MissingFileError, OptionError, UnknownCellError
from spe1_builder.reading.torch import RandomWindow, RandomWindows

TEST, END = 4 * 9_300, 48_017


@pytest.fixture(autouse=True)
def alone(monkeypatch):
    """No launcher's variables."""
    monkeypatch.delenv("RANK", raising=False)
    monkeypatch.delenv("WORLD_SIZE", raising=False)


def starts(*args, **kwargs) -> list[int]:
    return [item.start for item in RandomWindows(*args, **kwargs)]


def test_the_windows_are_those_of_the_cell(two_cells, built):
    samples = set(spe1.spikes(two_cells, "c14")["sample"].to_pylist())
    items = list(RandomWindows("c14", two_cells, n_samples=700, n_windows=60, seed=2))
    assert len(items) == 60
    for item in items:
        assert isinstance(item, RandomWindow)
        exact_uV = spe1.read_uV(two_cells / "c14", item.start, item.start + 700)
        assert np.array_equal(item.window_uV.numpy(), exact_uV)
        inside = sorted(samples & set(range(item.start, item.start + 700)))
        assert (torch.nonzero(item.is_spike).ravel() + item.start).tolist() == inside
        assert item.label == (len(inside) > 0)
        assert (item.cell, item.channel_id) == ("c14", built.metadata.peak_channel)
    assert {item.label for item in items} == {0, 1}


@pytest.mark.parametrize(
    ("split", "spans"),
    [("train", [(0, TEST)]), ("test", [(TEST, END)]), (None, [(0, TEST), (TEST, END)])],
)
def test_splits_are_kept_apart(two_cells, split, spans):
    drawn = starts("c14", two_cells, split=split, n_samples=3_000, n_windows=300, channels=[0])
    assert all(any(first <= s and s + 3_000 <= last for first, last in spans) for s in drawn)
    for first, last in spans:  # and reach to their ends
        there = [s for s in drawn if first <= s < last]
        assert min(there) < first + 2_000 and max(there) > last - 5_000


def test_every_sample_is_as_likely(two_cells):
    """Over cells and splits, by how much each holds."""
    windows = RandomWindows(
        ["c14", "c5"], two_cells, split=None, n_samples=3_000, n_windows=2_000, channels=[0]
    )
    counts = Counter((item.cell, item.start >= TEST) for item in windows)
    room = {False: TEST - 3_000, True: END - TEST - 3_000}
    for (_, is_test), count in counts.items():
        expected = 2_000 * room[is_test] / (2 * sum(room.values()))
        assert abs(count - expected) < 4 * np.sqrt(expected)
    assert len(counts) == 4


def test_seeds_and_epochs(two_cells):
    windows = RandomWindows("c14", two_cells, n_windows=20, channels=[0])
    first = [item.start for item in windows]
    assert (
        first
        == [item.start for item in windows]
        == starts("c14", two_cells, n_windows=20, channels=[0])
    )
    windows.set_epoch(1)
    assert windows.epoch == 1
    second = [item.start for item in windows]
    assert not set(first) & set(second)
    assert starts("c14", two_cells, n_windows=20, channels=[0], seed=1) not in (first, second)


def test_without_end(two_cells):
    endless = RandomWindows("c14", two_cells, n_windows=None, n_samples=10, channels=[0])
    assert len(list(itertools.islice(endless, 500))) == 500
    assert "endless" in repr(endless) and "c14" in repr(endless)


def as_ranks(monkeypatch, n_ranks: int, windows) -> list[list[int]]:
    drawn = []
    for rank in range(n_ranks):
        monkeypatch.setenv("RANK", str(rank))
        monkeypatch.setenv("WORLD_SIZE", str(n_ranks))
        drawn.append([item.start for item in windows])
    return drawn


def test_ranks(two_cells, monkeypatch):
    """Those that the launcher tells draw windows of their own."""
    windows = RandomWindows("c14", two_cells, n_windows=40, channels=[0])
    ranks = as_ranks(monkeypatch, 4, windows)
    assert [len(drawn) for drawn in ranks] == [10] * 4
    assert len(set(itertools.chain(*ranks))) == 40
    assert ranks == as_ranks(monkeypatch, 4, windows)


def test_in_batches(two_cells):
    windows = RandomWindows(["c14", "c5"], two_cells, n_windows=10, n_nearest=8)
    batches = list(DataLoader(windows, batch_size=4))
    assert [tuple(batch.window_uV.shape) for batch in batches] == [
        (4, 8, 3_000),
        (4, 8, 3_000),
        (2, 8, 3_000),
    ]
    assert batches[0].is_spike.shape == (4, 3_000) and batches[0].is_spike.dtype == torch.bool
    assert batches[0].positions_um.shape == (4, 8, 2)
    halves = RandomWindows("c14", two_cells, n_windows=3, transform=lambda item: item.label)
    assert all(label in (0, 1) for label in halves)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"split": "valid"}, "no such split"),
        ({"n_windows": 0}, "n_windows cannot"),
        ({"n_windows": 1.0}, "n_windows cannot"),
        ({"n_samples": 0}, "n_samples cannot"),
        ({"split": "test", "n_samples": END - TEST + 1}, "does not fit into the split"),
        ({"split": None, "n_samples": END - TEST + 1}, "does not fit into the split"),
        ({"seed": None}, "seed cannot"),
        ({"channels": [1, 384]}, "no such channel"),
        ({"n_nearest": 1.0}, "n_nearest cannot"),
        ({"transform": 3}, "no function to call"),
    ],
)
def test_wrong_arguments_are_told_at_once(two_cells, options, words):
    with pytest.raises(OptionError, match=words):
        RandomWindows("c14", two_cells, **options)


def test_no_such_cell(two_cells):
    with pytest.raises(UnknownCellError):
        RandomWindows("c99", two_cells)
    with pytest.raises(MissingFileError):
        RandomWindows("c15", two_cells)
