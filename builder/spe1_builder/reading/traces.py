"""Traces of a built cell by sample, in whichever segments they lie."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from spe1_builder.constants import N_CHANNELS
from spe1_builder.errors import OptionError
from spe1_builder.reading.arrays import load, segment_uV

if TYPE_CHECKING:
    from datasets import Dataset, DatasetDict


class CellTraces:
    """A cell, or one of its splits, as one long recording.

    Parameters
    ----------
    source : str, Path, DatasetDict or Dataset
        A cell's folder; what `spe1_builder.reading.arrays.load` gives; or one split.

    Attributes
    ----------
    first, last : int
        Samples [first, last) that it holds, counted from the start of the analysis
        window (so ``test`` alone does not begin at 0).

    Raises
    ------
    OptionError
        The rows are not contiguous, as after a selection.

    Examples
    --------
    >>> import spe1
    >>> traces = spe1.CellTraces("spe1/c14")
    >>> traces.first
    0
    >>> traces.read_uV(0, 300, channels=[100, 101]).shape
    (2, 300)

    The test split goes on where train ends:

    >>> ds = spe1.load("c14", root="spe1")
    >>> spe1.CellTraces(ds["train"]).last == spe1.CellTraces(ds["test"]).first
    True
    """

    def __init__(self, source: str | Path | DatasetDict | Dataset):
        if isinstance(source, str | Path):
            folder = Path(source)
            source = load(folder.name, folder.parent)
        # A DatasetDict keeps train before test.
        splits: list[Any] = list(source.values()) if isinstance(source, dict) else [source]
        self._rows = [
            (int(sample_id), split, i)
            for split in splits
            for i, sample_id in enumerate(split.select_columns(["sample_id"])["sample_id"])
        ]
        self._rows.sort(key=lambda row: row[0])
        if not self._rows:
            raise OptionError("There is no segment to read.", do="pass a cell or a split with rows")
        self._segments: dict[int, np.ndarray] = {}
        self._starts = np.array([row[0] for row in self._rows])
        self.first = int(self._starts[0])
        self.last = int(self._starts[-1]) + self._segment(len(self._rows) - 1).shape[1]
        steps = np.diff(self._starts)
        if len(steps) and (steps != self._segment(0).shape[1]).any():
            at = int(np.argmax(steps != self._segment(0).shape[1]))
            raise OptionError(
                "The rows are not contiguous: a window across them would join what does not meet.",
                expected=f"a segment at sample {self._starts[at] + self._segment(0).shape[1]}",
                got=f"the next one at {self._starts[at + 1]}",
                do="pass the whole split or cell, or read rows with segment_uV",
            )

    def _segment(self, index: int) -> np.ndarray:
        if index not in self._segments:
            _, split, i = self._rows[index]
            self._segments[index] = segment_uV(split, i)
        return self._segments[index]

    def read_uV(
        self, start: int, stop: int, channels: Sequence[int] | slice | None = None
    ) -> np.ndarray:
        """Samples [start, stop), counted from the start of the analysis window.

        Parameters
        ----------
        start, stop : int
        channels : sequence of int, mask of N_CHANNELS booleans, or slice, optional
            Default: all.

        Returns
        -------
        np.ndarray
            float32 (n_channels, stop - start), uV. Within one segment, and with all
            channels or a slice of them, it is a read-only view of the file.

        Raises
        ------
        OptionError
            The range lies outside, or a channel does not exist.
        """
        if not self.first <= start < stop <= self.last:
            raise OptionError(
                "The range lies outside the traces.",
                expected=f"{self.first} <= start < stop <= {self.last}",
                got=f"[{start}, {stop})",
                do="count from the start of the analysis window; test alone does not begin at 0",
            )
        chosen: Any = slice(None) if channels is None else channels
        if not isinstance(chosen, slice):
            chosen = np.asarray(chosen)
            if chosen.dtype == bool and chosen.shape == (N_CHANNELS,):
                chosen = np.flatnonzero(chosen)
            is_whole = chosen.size == 0 or chosen.dtype.kind in "iu"
            if chosen.ndim != 1 or not is_whole or ((chosen < 0) | (chosen >= N_CHANNELS)).any():
                raise OptionError(
                    "There is no such channel.",
                    where="channels",
                    expected=f"whole numbers in [0, {N_CHANNELS - 1}], or {N_CHANNELS} booleans",
                    got=chosen.tolist(),
                    do="leave channels out for all of them",
                )
            chosen = chosen.astype(np.int64)
        low = int(np.searchsorted(self._starts, start, side="right")) - 1
        high = int(np.searchsorted(self._starts, stop, side="left"))
        parts = []
        for index in range(low, high):
            offset = int(self._starts[index])
            parts.append(self._segment(index)[chosen, max(start - offset, 0) : stop - offset])
        return parts[0] if len(parts) == 1 else np.concatenate(parts, axis=1)


def read_uV(
    source: str | Path | DatasetDict | Dataset | CellTraces,
    start: int,
    stop: int,
    channels: Sequence[int] | slice | None = None,
) -> np.ndarray:
    """A window of a cell across its segments; for many of them make a `CellTraces` once.

    Parameters and result as `CellTraces.read_uV`.

    Examples
    --------
    All channels, then the reference sites masked:

    >>> import numpy as np
    >>> import spe1
    >>> spe1.read_uV("spe1/c14", 9_000, 12_000).shape
    (384, 3000)
    >>> is_good = np.ones(384, dtype=bool)
    >>> is_good[[36, 75, 112, 151, 188, 227, 264, 303, 340, 379]] = False
    >>> spe1.read_uV("spe1/c14", 9_000, 12_000, channels=is_good).shape
    (374, 3000)
    """
    traces = source if isinstance(source, CellTraces) else CellTraces(source)
    return traces.read_uV(start, stop, channels)


def random_windows(
    source: str | Path | DatasetDict | Dataset | CellTraces,
    n_samples: int,
    *,
    seed: int,
    n_windows: int | None = None,
    channels: Sequence[int] | slice | None = None,
) -> Iterator[tuple[int, np.ndarray]]:
    """Windows at random places, for training: uniform, with replacement, repeatable.

    Parameters
    ----------
    source
        As for `CellTraces`; ``ds["train"]`` keeps the test split out.
    n_samples : int
        Length of a window.
    seed : int
    n_windows : int, optional
        Default: without end.
    channels : sequence of int or slice, optional

    Yields
    ------
    start : int
        First sample, counted from the start of the analysis window.
    traces : np.ndarray
        float32 (n_channels, n_samples), uV; read-only where it is a view.

    Raises
    ------
    OptionError
        The traces are shorter than a window.

    Examples
    --------
    >>> import spe1
    >>> ds = spe1.load("c14", root="spe1")
    >>> windows = spe1.random_windows(ds["train"], 3_000, seed=0, n_windows=2)
    >>> [traces_uV.shape for start, traces_uV in windows]
    [(384, 3000), (384, 3000)]
    """
    traces = source if isinstance(source, CellTraces) else CellTraces(source)
    latest = traces.last - n_samples
    if n_samples < 1 or latest < traces.first:
        raise OptionError(
            "A window does not fit into the traces.",
            where="n_samples",
            expected=f"1 to {traces.last - traces.first}",
            got=n_samples,
            do="choose shorter windows",
        )
    rng = np.random.default_rng(seed)
    done = 0
    while n_windows is None or done < n_windows:
        start = int(rng.integers(traces.first, latest, endpoint=True))
        yield start, traces.read_uV(start, start + n_samples, channels)
        done += 1
