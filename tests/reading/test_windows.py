"""Random windows: the right ones, and others in every reader."""

import itertools
import multiprocessing
import pickle
import sys
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest

import spe1
from spe1_builder.errors import OptionError
from spe1_builder.reading.workers import this_worker

N_SAMPLES, TEST_START = 48_017, 4 * 9_300


@pytest.fixture(scope="module")
def traces(built):
    return spe1.CellTraces(built.folder)


@pytest.fixture(scope="module")
def train(built):
    return spe1.load("c14", built.folder.parent)["train"]


def starts(source, **kwargs) -> list[int]:
    given = {"seed": 7, "n_windows": 60} | kwargs
    return [start for start, _ in spe1.random_windows(source, 3_000, **given)]


def test_random_windows(train, traces):
    drawn = starts(train, n_windows=200)
    assert len(drawn) == 200 and drawn == starts(train, n_windows=200)
    assert min(drawn) >= 0 and max(drawn) <= TEST_START - 3_000
    assert min(drawn) < 2_000 and max(drawn) > TEST_START - 5_000
    for start, window in spe1.random_windows(train, 3_000, seed=7, n_windows=20):
        np.testing.assert_array_equal(window, traces.read_uV(start, start + 3_000))
    endless = spe1.random_windows(traces, 10, seed=0, channels=[3, 1])
    assert [w.shape for _, w in itertools.islice(endless, 3)] == [(2, 10)] * 3
    whole = spe1.random_windows(traces, N_SAMPLES, seed=0, n_windows=1)
    assert next(whole)[0] == 0
    # An epoch of its own is another seed.
    assert len({tuple(starts(train, seed=seed)) for seed in (7, (7, 1), (7, 2), 8)}) == 4


def test_without_workers_it_is_numpys_own_stream(train):
    rng = np.random.default_rng(7)
    expected = [rng.integers(0, TEST_START - 3_000, endpoint=True) for _ in range(60)]
    assert starts(train) == expected == starts(train, worker=(0, 1))


def test_workers_draw_different_windows(train):
    """The streams that numpy spawns; the same whatever the number of readers."""
    all_starts = [starts(train, worker=(i, 4)) for i in range(4)]
    assert [len(drawn) for drawn in all_starts] == [15] * 4  # 60 of all together
    assert len(set(itertools.chain(*all_starts))) > 55
    for i, sequence in enumerate(np.random.SeedSequence(7).spawn(4)):
        rng = np.random.default_rng(sequence)
        expected = [rng.integers(0, TEST_START - 3_000, endpoint=True) for _ in range(15)]
        assert all_starts[i] == expected
    shared = [len(starts(train, worker=(i, 4), n_windows=6)) for i in range(4)]
    assert shared == [2, 2, 1, 1]
    assert starts(train, worker=(1, 4)) == starts(train, worker=(1, 3), n_windows=45)


def as_torch_tells(monkeypatch, worker=None, rank=None, env=()):
    """What of torch is asked, as the program would have imported it."""
    info = None if worker is None else SimpleNamespace(id=worker[0], num_workers=worker[1])
    torch, data = ModuleType("torch"), ModuleType("torch.utils.data")
    data.get_worker_info = lambda: info
    torch.distributed = SimpleNamespace(
        is_available=lambda: True,
        is_initialized=lambda: rank is not None,
        get_rank=lambda: rank[0],
        get_world_size=lambda: rank[1],
    )
    monkeypatch.setitem(sys.modules, "torch", torch)
    monkeypatch.setitem(sys.modules, "torch.utils.data", data)
    for name, value in env:
        monkeypatch.setenv(name, value)


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ({}, (0, 1)),
        ({"worker": (2, 3)}, (2, 3)),
        ({"rank": (1, 2)}, (1, 2)),
        ({"worker": (2, 3), "rank": (1, 2)}, (5, 6)),
        ({"worker": (0, 3), "env": (("RANK", "1"), ("WORLD_SIZE", "2"))}, (3, 6)),
        ({"env": (("RANK", "x"), ("WORLD_SIZE", "2"))}, (0, 1)),
    ],
)
def test_which_worker_this_is(monkeypatch, told, expected):
    as_torch_tells(monkeypatch, **told)
    assert this_worker() == expected
    assert this_worker((0, 1)) == (0, 1)


def test_without_torch_nothing_is_asked(monkeypatch):
    monkeypatch.delitem(sys.modules, "torch", raising=False)
    monkeypatch.setenv("RANK", "1")
    monkeypatch.setenv("WORLD_SIZE", "2")
    assert this_worker() == (0, 1)
    assert "torch" not in sys.modules


def test_it_is_asked_when_the_first_window_is_drawn(monkeypatch, train):
    """An iterator may be made before the workers are."""
    windows = spe1.random_windows(train, 3_000, seed=7, n_windows=60)
    as_torch_tells(monkeypatch, worker=(1, 4))
    assert [start for start, _ in windows] == starts(train, worker=(1, 4))


def _in_a_worker(sent: bytes, index: int, answers) -> None:
    """As a DataLoader's worker: the reader comes pickled, and torch knows the worker."""
    torch, data = ModuleType("torch"), ModuleType("torch.utils.data")
    data.get_worker_info = lambda: SimpleNamespace(id=index, num_workers=2)
    sys.modules |= {"torch": torch, "torch.utils.data": data}
    windows = spe1.random_windows(pickle.loads(sent), 300, seed=7, n_windows=20)
    answers.put((index, [(start, float(window.sum())) for start, window in windows]))


def test_two_processes(traces):
    context = multiprocessing.get_context("fork")
    answers = context.Queue()
    sent = pickle.dumps(traces)
    processes = [context.Process(target=_in_a_worker, args=(sent, i, answers)) for i in range(2)]
    for process in processes:
        process.start()
    got = dict(answers.get(timeout=60) for _ in processes)
    for process in processes:
        process.join()
    assert [len(got[i]) for i in range(2)] == [10, 10]
    assert not set(got[0]) & set(got[1])
    for i in range(2):
        expected = spe1.random_windows(traces, 300, seed=7, n_windows=20, worker=(i, 2))
        assert got[i] == [(start, float(window.sum())) for start, window in expected]


def test_writable_windows(train):
    for _, window in spe1.random_windows(train, 100, seed=0, n_windows=5, writable=True):
        window *= 2.0
    flags = [w.flags.writeable for _, w in spe1.random_windows(train, 100, seed=0, n_windows=20)]
    assert not all(flags)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"n_samples": 0}, "does not fit"),
        ({"n_samples": N_SAMPLES + 1}, "does not fit"),
        ({"n_samples": 10.0}, "does not fit"),
        ({"n_windows": -1}, "number of windows"),
        ({"seed": -1}, "no seed"),
        ({"seed": "7"}, "no seed"),
        ({"seed": ()}, "no seed"),
        ({"worker": (2, 2)}, "no worker"),
        ({"worker": 1}, "no worker"),
        ({"channels": [384]}, "no such channel"),
    ],
)
def test_wrong_arguments_are_told_at_once(traces, given, words):
    with pytest.raises(OptionError, match=words):
        spe1.random_windows(traces, **({"n_samples": 10, "seed": 0} | given))
