"""The one pass over the recording: segments computed ahead, written in order."""

from __future__ import annotations

import itertools
import os
import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from spe1_builder.constants import N_CHANNELS
from spe1_builder.dataset.plan.options import Window
from spe1_builder.dataset.write.rows import BATCH_ROWS, Row, SplitWriter
from spe1_builder.layout import SPLITS
from spe1_builder.progress import Progress, stage
from spe1_builder.signal.bandpass.preprocess import Preprocessor
from spe1_builder.signal.quartiles.histogram import ChannelHistogram
from spe1_builder.signal.template import Read, SpikeSums, Template, guess_peak_channel

#: Rows in memory, 138 MB each: one is written while the next are computed, so that no more
#: threads than this ever work. Three compute 4 GB/s or more, and memory stays below 1 GB.
_N_BUFFERS = 3


@dataclass(frozen=True)
class Segments:
    """What the pass leaves behind.

    Attributes
    ----------
    writers : dict of str to SplitWriter
        Closed, by split.
    spikes : dict of str to int
        Ground-truth spikes by split.
    train_histogram : ChannelHistogram
    template : Template
    """

    writers: dict[str, SplitWriter]
    spikes: dict[str, int]
    train_histogram: ChannelHistogram
    template: Template


@dataclass(frozen=True)
class _Batch:
    split: str
    rows: list[Row]


def default_threads() -> int:
    """Processors that this process may use, at most as many as rows are in memory at once."""
    has_affinity = hasattr(os, "sched_getaffinity")  # not on macOS
    n_processors = len(os.sched_getaffinity(0)) if has_affinity else os.cpu_count() or 1
    return min(n_processors, _N_BUFFERS)


def write_segments(
    folder: Path,
    window: Window,
    preprocessor: Preprocessor,
    spikes: np.ndarray,
    sums: SpikeSums,
    read_counts: Read,
    find_bad_channels: Callable[[], tuple[int, ...]],
    check: Callable[[], None],
    *,
    n_threads: int,
    progress: Progress,
) -> tuple[Segments, int]:
    """Write ``train`` and ``test`` of a cell, and average its spikes on the way.

    The rows carry the spikes on the template's peak channel, which is known for
    certain only when all of them have passed. It is guessed from a few spikes; if
    the guess was wrong, the offsets of the spike lists are set right at the end.

    Memory is a few rows and each thread's working space, whatever the duration. The
    bytes do not depend on the number of threads.

    Parameters
    ----------
    folder : Path
        The growing cell.
    spikes : np.ndarray
        int64 (n_spikes,), ascending, samples of the analysis window.
    sums : SpikeSums
        Of the same spikes; complete afterwards.
    read_counts : callable
        ``read_counts(start, stop) -> int16 (stop - start, N_CHANNELS)``, window samples.
    find_bad_channels : callable
        Gives the channels that cannot be the peak; asked at the end.
    check : callable
        Asked before every row; raises if what runs beside has failed.

    Returns
    -------
    Segments
    int
        The peak channel.
    """
    writers = {
        split: SplitWriter(
            folder / split, len(window.split_segments(split)), N_CHANNELS * window.segment_samples
        )
        for split in SPLITS
    }
    batches = _plan_batches(window, spikes)
    work = _Work(window, preprocessor, sums)
    pool = ThreadPoolExecutor(n_threads)
    try:
        with stage(progress, "write segments", 4 * N_CHANNELS * window.n_samples, "B"):
            blocks = _compute(batches, work, pool, check, progress)
            guess = guess_peak_channel(read_counts, sums)  # beside the first rows
            for batch in batches:
                of_batch = itertools.islice(blocks, len(batch.rows))
                writers[batch.split].write(batch.rows, of_batch, guess)
            next(blocks, None)
        for writer in writers.values():
            writer.close()
        template = sums.template()
        peak_channel = template.peak_channel(find_bad_channels())
        if peak_channel != guess:
            n_bytes = sum(writer.n_bytes for writer in writers.values())
            with stage(progress, "move spikes", n_bytes, "B"):
                for writer in writers.values():
                    writer.move_spikes(guess, peak_channel, progress)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
        for writer in writers.values():
            writer.abandon()
    counts = {
        split: sum(
            len(row.spikes) for batch in batches if batch.split == split for row in batch.rows
        )
        for split in SPLITS
    }
    return Segments(writers, counts, work.merged_histogram(), template), peak_channel


def _plan_batches(window: Window, spikes: np.ndarray) -> list[_Batch]:
    batches = []
    for split in SPLITS:
        segments = window.split_segments(split)
        for i in range(0, len(segments), BATCH_ROWS):
            rows = []
            for segment in segments[i : i + BATCH_ROWS]:
                first, last = window.segment(segment)
                low, high = np.searchsorted(spikes, [first, last])
                rows.append(Row(first, last - first, spikes[low:high] - first))
            batches.append(_Batch(split, rows))
    return batches


def _compute(
    batches: list[_Batch],
    work: _Work,
    pool: ThreadPoolExecutor,
    check: Callable[[], None],
    progress: Progress,
) -> Iterator[np.ndarray]:
    """The rows' values in order, computed ahead by the threads: float32 (n_values,), uV.

    The first rows begin at once. Asking for the next one gives the memory of the last back.
    """
    waiting = deque((row, batch.split) for batch in batches for row in batch.rows)
    n_values = max(row.n_values for row, _ in waiting)
    free = deque(np.empty(n_values, np.float32) for _ in range(min(_N_BUFFERS, len(waiting))))
    running: deque[tuple[np.ndarray, Future[np.ndarray], int]] = deque()

    def begin_rows() -> None:
        while waiting and free:
            row, split = waiting.popleft()
            values = free.popleft()
            future = pool.submit(work.compute, row, values[: row.n_values], split == "train")
            running.append((values, future, row.n_values))

    def finished_rows() -> Iterator[np.ndarray]:
        while running:
            check()
            values, future, n_values = running.popleft()
            work.sums.add(future.result())
            yield values[:n_values]
            progress.advance(4 * n_values)
            free.append(values)
            begin_rows()

    begin_rows()
    return finished_rows()


class _Work:
    """Computes rows in threads; each thread fills a histogram of its own."""

    def __init__(self, window: Window, preprocessor: Preprocessor, sums: SpikeSums):
        self.sums = sums
        self._window = window
        self._preprocessor = preprocessor
        self._local = threading.local()
        self._histograms: list[ChannelHistogram] = []

    def read(self, start: int, stop: int) -> np.ndarray:
        """Preprocessed samples of the analysis window: float32 (N_CHANNELS, stop - start)."""
        return self._preprocessor.read(self._window.start + start, self._window.start + stop)

    def compute(self, row: Row, values: np.ndarray, is_train: bool) -> np.ndarray:
        """Fill ``values`` with a row; gives its sum over the spikes (see `SpikeSums`)."""
        target = values.reshape(N_CHANNELS, row.n_samples)
        start = self._window.start + row.first
        self._preprocessor.read(start, start + row.n_samples, out=target)
        if is_train:
            self._histogram().add(target)
        return self.sums.sum_of(target, row.first, self.read)

    def _histogram(self) -> ChannelHistogram:
        if not hasattr(self._local, "histogram"):
            self._local.histogram = ChannelHistogram()
            self._histograms.append(self._local.histogram)  # list.append is atomic
        return self._local.histogram

    def merged_histogram(self) -> ChannelHistogram:
        merged = self._histograms[0]
        for other in self._histograms[1:]:
            merged.merge(other)
        return merged
