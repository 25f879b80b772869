"""The one pass over the recording: segments computed ahead, written in order."""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from spe1_builder.constants import N_CHANNELS
from spe1_builder.dataset.plan.cell import CellPlan
from spe1_builder.dataset.plan.window import Window
from spe1_builder.dataset.rows.batches import BATCH_ROWS, Row, SplitWriter
from spe1_builder.layout import SPLITS
from spe1_builder.progress import Progress, stage
from spe1_builder.signal.bandpass.preprocess import Preprocessor
from spe1_builder.signal.quartiles.histogram import ChannelHistogram
from spe1_builder.signal.template import Template, guess_peak_channel

#: Batches in memory, 276 MB each: one is written while the next is computed.
_N_BUFFERS = 2
#: Threads that find work then: the rows of both batches, but for the one being written.
_MAX_THREADS = 3


@dataclass(frozen=True, eq=False)
class Segments:
    """What the pass leaves behind.

    Attributes
    ----------
    writers : dict of str to SplitWriter
        Closed, by split.
    n_spikes : dict of str to int
        Ground-truth spikes by split.
    train_histogram : ChannelHistogram
    template : Template
    peak_channel : int
        Of the template, among the channels that are not bad; it carries the spikes.
    """

    writers: dict[str, SplitWriter]
    n_spikes: dict[str, int]
    train_histogram: ChannelHistogram
    template: Template
    peak_channel: int


class Beside(Protocol):
    """What is worked out while the rows are written."""

    def check(self) -> None:
        """Raise if any of it has failed."""

    def bad_channels(self) -> tuple[int, ...]:
        """The channels that cannot be the peak; waits for them."""


@dataclass(frozen=True)
class _Batch:
    """Rows that are written together."""

    split: str
    rows: list[Row]

    @property
    def ends(self) -> np.ndarray:
        """Where the values of each row end: int64 (n_rows,)."""
        return np.cumsum([row.n_values for row in self.rows])

    @property
    def n_values(self) -> int:
        return int(self.ends[-1])


def default_threads() -> int:
    """Processors that this process may use, at most as many as find work."""
    has_affinity = hasattr(os, "sched_getaffinity")  # not on macOS
    n_processors = len(os.sched_getaffinity(0)) if has_affinity else os.cpu_count() or 1
    return min(n_processors, _MAX_THREADS)


def write_segments(
    folder: Path,
    plan: CellPlan,
    preprocessor: Preprocessor,
    beside: Beside,
    *,
    n_threads: int,
    progress: Progress,
) -> Segments:
    """Write ``train`` and ``test`` of a cell, and average its spikes on the way.

    The rows carry the spikes on the template's peak channel, which is known for
    certain only when all of them have passed. It is guessed; where two channels of a
    weak cell come out the other way, the rows are written a second time.

    Memory is a few rows and each thread's working space, whatever the duration. The
    bytes do not depend on the number of threads.

    Parameters
    ----------
    folder : Path
        The growing cell.
    plan : CellPlan
    preprocessor : Preprocessor
    beside : Beside
        Asked before every row, and at the end for the bad channels.
    n_threads : int
    progress : Progress
    """
    writing = _Writing(folder, plan, preprocessor, beside, n_threads, progress)
    template, peak_channel = writing.run(None)
    true_peak = template.peak_channel(beside.bad_channels())
    if true_peak != peak_channel:
        progress.note(
            f"the peak channel is {true_peak}, not {peak_channel} as it seemed from the start: "
            "the rows are written again"
        )
        writing = _Writing(folder, plan, preprocessor, beside, n_threads, progress)
        template, _ = writing.run(true_peak)
    return Segments(
        writing.writers, writing.n_spikes, writing.merged_histogram(), template, true_peak
    )


def _plan_batches(window: Window, window_spikes: np.ndarray) -> list[_Batch]:
    """Rows by twos; ``window_spikes`` are int64 (n_spikes,), samples of the analysis window."""
    batches = []
    for split in SPLITS:
        segments = window.split_segments(split)
        for i in range(0, len(segments), BATCH_ROWS):
            rows = []
            for segment in segments[i : i + BATCH_ROWS]:
                first, last = window.segment(segment)
                low, high = np.searchsorted(window_spikes, [first, last])
                rows.append(Row(first, last - first, window_spikes[low:high] - first))
            batches.append(_Batch(split, rows))
    return batches


class _Writing:
    """One pass: rows computed in threads, written in order; each thread has its histogram."""

    def __init__(
        self,
        folder: Path,
        plan: CellPlan,
        preprocessor: Preprocessor,
        beside: Beside,
        n_threads: int,
        progress: Progress,
    ):
        window = plan.window
        self.writers = {
            split: SplitWriter(
                folder / split,
                len(window.split_segments(split)),
                N_CHANNELS * window.segment_samples,
            )
            for split in SPLITS
        }
        self._batches = _plan_batches(window, plan.window_spikes)
        self._plan, self._preprocessor, self._beside = plan, preprocessor, beside
        self._n_threads, self._progress = n_threads, progress
        self._sums = plan.new_sums()
        self._local = threading.local()
        self._histograms: list[ChannelHistogram] = []

    def run(self, peak_channel: int | None) -> tuple[Template, int]:
        """Write everything.

        Parameters
        ----------
        peak_channel : int or None
            Channel that carries the spikes; None to guess it beside the first rows.

        Returns
        -------
        Template
        int
            The channel that they were written on.
        """
        n_bytes = 4 * N_CHANNELS * self._plan.window.n_samples
        pool = ThreadPoolExecutor(self._n_threads)
        try:
            with stage(self._progress, "write segments", n_bytes, "B"):
                filled = self._fill_batches(pool)
                if peak_channel is None:
                    peak_channel = guess_peak_channel(self._plan.read_counts, self._sums)
                for batch, traces_uV in filled:
                    self.writers[batch.split].write(batch.rows, traces_uV, peak_channel)
            for writer in self.writers.values():
                writer.close()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
            for writer in self.writers.values():
                writer.abandon()
        return self._sums.template(), peak_channel

    def _fill_batches(self, pool: ThreadPoolExecutor) -> Iterator[tuple[_Batch, np.ndarray]]:
        """The batches and their values in order, computed ahead: float32 (n_values,), uV.

        The first rows begin at once. Asking for the next batch gives the memory of the
        last back.
        """
        n_values = max(batch.n_values for batch in self._batches)
        free = [np.empty(n_values, np.float32) for _ in self._batches[:_N_BUFFERS]]
        waiting = deque(self._batches)
        running: deque[tuple[_Batch, np.ndarray, list[Future[np.ndarray]]]] = deque()

        def begin() -> None:
            while waiting and free:
                batch, values = waiting.popleft(), free.pop()
                parts = np.split(values[: batch.n_values], batch.ends[:-1])
                futures = [
                    pool.submit(self._compute, row, part, batch.split == "train")
                    for row, part in zip(batch.rows, parts, strict=True)
                ]
                running.append((batch, values, futures))

        def finished() -> Iterator[tuple[_Batch, np.ndarray]]:
            while running:
                batch, values, futures = running.popleft()
                for row, future in zip(batch.rows, futures, strict=True):
                    self._beside.check()
                    self._sums.add(future.result())
                    self._progress.advance(4 * row.n_values)
                yield batch, values[: batch.n_values]
                free.append(values)
                begin()

        begin()
        return finished()

    def _compute(self, row: Row, values: np.ndarray, is_train: bool) -> np.ndarray:
        """Fill ``values`` with a row; gives its sum over the spikes (see `SpikeSums`)."""
        target = values.reshape(N_CHANNELS, row.n_samples)
        start = self._plan.window.start + row.first
        self._preprocessor.read(start, start + row.n_samples, out=target)
        if is_train:
            self._histogram().add(target)
        return self._sums.sum_of(target, row.first, self._read)

    def _read(self, start: int, stop: int) -> np.ndarray:
        """Preprocessed samples of the analysis window: float32 (N_CHANNELS, stop - start)."""
        first = self._plan.window.start
        return self._preprocessor.read(first + start, first + stop)

    def _histogram(self) -> ChannelHistogram:
        if not hasattr(self._local, "histogram"):
            self._local.histogram = ChannelHistogram()
            self._histograms.append(self._local.histogram)  # list.append is atomic
        return self._local.histogram

    def merged_histogram(self) -> ChannelHistogram:
        """Of all rows of ``train``."""
        merged = self._histograms[0]
        for other in self._histograms[1:]:
            merged.merge(other)
        return merged

    @property
    def n_spikes(self) -> dict[str, int]:
        """Ground-truth spikes by split."""
        return {
            split: sum(
                len(row.row_spikes)
                for batch in self._batches
                if batch.split == split
                for row in batch.rows
            )
            for split in SPLITS
        }
