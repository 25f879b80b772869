"""Ranges of a file elsewhere through blocks that are kept, the latest of them, in memory."""

from __future__ import annotations

import io
import os
import threading
from collections import OrderedDict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from spe1_builder.reading.afar.store import Store

BLOCK_BYTES = 32_768
#: Of all cells that are read from elsewhere, in this process.
CACHE_BYTES = 64_000_000
#: Blocks that are fetched too if that makes one request of two.
_GAP_BLOCKS = 2
#: Of one request; what is longer is asked for in parts, some of them at once.
_REQUEST_BLOCKS = 256
_REQUESTS_AT_ONCE = 8


class BlockCache:
    """The latest blocks, whosever; threads may share it.

    Parameters
    ----------
    capacity_bytes : int
    """

    def __init__(self, capacity_bytes: int):
        self.capacity_bytes = capacity_bytes
        self._blocks: OrderedDict[tuple[str, int], bytes] = OrderedDict()
        self.n_bytes = 0
        self._lock = threading.Lock()

    def get(self, key: str, index: int) -> bytes | None:
        with self._lock:
            block = self._blocks.get((key, index))
            if block is not None:
                self._blocks.move_to_end((key, index))
            return block

    def put(self, key: str, index: int, block: bytes) -> None:
        with self._lock:
            self.n_bytes += len(block) - len(self._blocks.pop((key, index), b""))
            self._blocks[key, index] = block
            while self.n_bytes > self.capacity_bytes:
                self.n_bytes -= len(self._blocks.popitem(last=False)[1])

    def forget_lock(self) -> None:
        """In a forked process: whoever held it is not here."""
        self._lock = threading.Lock()


CACHE = BlockCache(CACHE_BYTES)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=CACHE.forget_lock)


@dataclass(frozen=True)
class FarFile:
    """A file elsewhere whose size is known.

    Attributes
    ----------
    store : Store
    name : str
        In the store's folder.
    size : int
    key : str
        What its blocks are kept under.
    """

    store: Store
    name: str
    size: int
    key: str

    @property
    def where(self) -> str:
        return f"{self.store.url}/{self.name}"

    def __str__(self) -> str:
        return self.where

    def open(self, mode: str = "rb") -> io.BufferedIOBase:
        """As a path's, for reading."""
        assert mode == "rb"
        return io.BufferedReader(_Stream(self), BLOCK_BYTES)

    def read(self, start: int, stop: int) -> bytes:
        """Bytes [start, stop), which the file must have; exceptions as of `Store.fetch`."""
        return self.read_many(np.array([start], np.int64), stop - start).tobytes()

    def read_many(self, starts: np.ndarray, length: int) -> np.ndarray:
        """Several ranges of one length; exceptions as of `Store.fetch`.

        Parameters
        ----------
        starts : np.ndarray
            int64 (n_ranges,), ascending, each once.
        length : int

        Returns
        -------
        np.ndarray
            uint8 (n_ranges, length).
        """
        out = np.empty((len(starts), length), np.uint8)
        if not out.size:
            return out
        n_wanted, missing = 0, []
        for index in _block_indices(starts, length):
            n_wanted += 1
            block = CACHE.get(self.key, index)
            if block is None:
                missing.append(index)
            else:
                _scatter(out, starts, index * BLOCK_BYTES, block)
        # What does not fit would only drive out what is there, and itself.
        is_kept = n_wanted * BLOCK_BYTES <= CACHE.capacity_bytes

        def bring(run: tuple[int, int]) -> None:
            begin, end = run[0] * BLOCK_BYTES, min(run[1] * BLOCK_BYTES, self.size)
            content = self.store.fetch(self.name, begin, end, self.size)
            _scatter(out, starts, begin, content)
            if is_kept:
                for at in range(begin, end, BLOCK_BYTES):
                    block = content[at - begin : at - begin + BLOCK_BYTES]
                    CACHE.put(self.key, at // BLOCK_BYTES, block)

        runs = list(_runs(missing))
        if len(runs) == 1:
            bring(runs[0])
        elif runs:
            with ThreadPoolExecutor(min(len(runs), _REQUESTS_AT_ONCE)) as pool:
                waiting = [pool.submit(bring, run) for run in runs]
                try:
                    for future in waiting:
                        future.result()
                finally:
                    pool.shutdown(wait=True, cancel_futures=True)
        return out


def _block_indices(starts: np.ndarray, length: int) -> Iterator[int]:
    """Blocks that hold the ranges, ascending, each once."""
    last = -1
    for start in starts.tolist():
        for index in range(
            max(last + 1, start // BLOCK_BYTES), -(-(start + length) // BLOCK_BYTES)
        ):
            yield index
            last = index


def _runs(blocks: list[int]) -> Iterator[tuple[int, int]]:
    """Ascending blocks as requests: first and last + 1 of each."""
    first = last = -1
    for block in blocks:
        is_near = first >= 0 and block - last <= _GAP_BLOCKS + 1
        if is_near and block - first < _REQUEST_BLOCKS:
            last = block
            continue
        if first >= 0:
            yield first, last + 1
        first = last = block
    if first >= 0:
        yield first, last + 1


def _scatter(out: np.ndarray, starts: np.ndarray, begin: int, content: bytes) -> None:
    """Put the bytes of a file from ``begin`` on where the ranges want them."""
    values, end, length = np.frombuffer(content, np.uint8), begin + len(content), out.shape[1]
    low = int(np.searchsorted(starts, begin - length, side="right"))
    high = int(np.searchsorted(starts, end, side="left"))
    for i in range(low, high):
        start = int(starts[i])
        a, b = max(start, begin), min(start + length, end)
        out[i, a - start : b - start] = values[a - begin : b - begin]


class _Stream(io.RawIOBase):
    """A file elsewhere, as what reads archives wants it."""

    def __init__(self, file: FarFile):
        self._file, self._at = file, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._file.size}[whence]
        if base + offset < 0:
            raise ValueError("a place before the file")
        self._at = base + offset
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer: object) -> int:
        view = memoryview(buffer).cast("B")  # type: ignore[arg-type]
        stop = min(self._at + len(view), self._file.size)
        n_bytes = max(0, stop - self._at)
        view[:n_bytes] = self._file.read(self._at, self._at + n_bytes)
        self._at += n_bytes
        return n_bytes
