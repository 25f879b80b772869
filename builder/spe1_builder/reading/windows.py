"""Windows of a cell at random places, for training."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from spe1_builder.errors import OptionError
from spe1_builder.reading.traces import CellTraces
from spe1_builder.reading.workers import this_worker

if TYPE_CHECKING:
    from datasets import Dataset, DatasetDict


def random_windows(
    source: str | Path | DatasetDict | Dataset | CellTraces,
    n_samples: int,
    *,
    seed: int | Sequence[int],
    n_windows: int | None = None,
    channels: Sequence[int] | slice | None = None,
    worker: tuple[int, int] | None = None,
    writable: bool = False,
) -> Iterator[tuple[int, np.ndarray]]:
    """Windows at random places, for training: uniform, with replacement, repeatable.

    Several readers draw different windows from one seed: reader i has the i-th stream that
    `numpy.random.SeedSequence` spawns. Workers of a torch ``DataLoader`` and ranks of a
    distributed job are found by themselves; others are numbered by ``worker``.

    Parameters
    ----------
    source
        As for `CellTraces`; ``"spe1/c14/train"`` or ``ds["train"]`` keeps the test split out.
    n_samples : int
        Length of a window.
    seed : int or sequence of int
        Another one gives other windows: ``(seed, epoch)`` gives each epoch its own.
    n_windows : int, optional
        Of all readers together, who share them evenly. Default: without end.
    channels : sequence of int, mask of N_CHANNELS booleans, or slice, optional
    worker : tuple of int, optional
        (index, n_workers) of this reader; by default as torch tells, when the first window is
        drawn. ``(0, 1)``: all readers draw the same.
    writable : bool
        Each window is a copy, which may be changed, and which torch takes without a warning.

    Yields
    ------
    start : int
        First sample, counted from the start of the analysis window.
    traces : np.ndarray
        float32 (n_channels, n_samples), uV; read-only where it is a view.

    Raises
    ------
    OptionError
        An argument is wrong, or the traces are shorter than a window.
    MissingFileError, OutputError
        As `CellTraces`.

    Examples
    --------
    >>> import spe1
    >>> ds = spe1.load("c14", root="spe1")
    >>> windows = spe1.random_windows(ds["train"], 3_000, seed=0, n_windows=2)
    >>> [traces_uV.shape for start, traces_uV in windows]
    [(384, 3000), (384, 3000)]

    Two processes that share ten windows:

    >>> import functools
    >>> draw = functools.partial(spe1.random_windows, "spe1/c14/train", 300, seed=0, n_windows=10)
    >>> [len(list(draw(worker=(index, 2)))) for index in range(2)]
    [5, 5]
    """
    traces = source if isinstance(source, CellTraces) else CellTraces(source)
    n_all = traces.last - traces.first
    if not _is_whole(n_samples) or not 1 <= n_samples <= n_all:
        raise OptionError(
            "A window does not fit into the traces.",
            where="n_samples",
            expected=f"1 to {n_all}",
            got=f"{n_samples!r:.200}",
            do="choose shorter windows",
        )
    if n_windows is not None and not (_is_whole(n_windows) and n_windows >= 0):
        raise OptionError(
            "There is no such number of windows.",
            where="n_windows",
            expected="a whole number, 0 or more",
            got=f"{n_windows!r:.200}",
            do="leave n_windows out for windows without end",
        )
    entropy = _entropy(seed)
    if worker is not None:
        this_worker(worker)
    traces.read_uV(traces.first, traces.first + 1, channels)  # refuses channels that are none
    return _draw(traces, int(n_samples), entropy, n_windows, channels, worker, writable)


def _draw(
    traces: CellTraces,
    n_samples: int,
    entropy: int | list[int],
    n_windows: int | None,
    channels: Any,
    worker: tuple[int, int] | None,
    writable: bool,
) -> Iterator[tuple[int, np.ndarray]]:
    # Here, not where the iterator is made: that may be in the process before the workers.
    index, n_workers = this_worker(worker)
    key = (index,) if n_workers > 1 else ()
    rng = np.random.default_rng(np.random.SeedSequence(entropy, spawn_key=key))
    mine = None if n_windows is None else len(range(index, n_windows, n_workers))
    done = 0
    while mine is None or done < mine:
        start = int(rng.integers(traces.first, traces.last - n_samples, endpoint=True))
        yield start, traces.read_uV(start, start + n_samples, channels, writable=writable)
        done += 1


def _is_whole(value: Any) -> bool:
    return isinstance(value, int | np.integer) and not isinstance(value, bool)


def _entropy(seed: Any) -> int | list[int]:
    numbers = list(seed) if isinstance(seed, Sequence) and not isinstance(seed, str) else [seed]
    if not numbers or not all(_is_whole(number) and number >= 0 for number in numbers):
        raise OptionError(
            "This is no seed.",
            where="seed",
            expected="a whole number, 0 or more, or a sequence of them",
            got=f"{seed!r:.200}",
            do="choose a number and keep it: the same seed gives the same windows",
        )
    return int(seed) if _is_whole(seed) else [int(number) for number in numbers]
