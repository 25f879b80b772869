"""An Arrow stream file whose bytes may be anything."""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa

#: An Arrow stream ends with this; without it the rest of the file is lost.
_END_OF_STREAM = b"\xff\xff\xff\xff\0\0\0\0"


class Shard:
    """A mapped shard.

    Raises
    ------
    ValueError, OSError, pa.ArrowException
        The file does not begin or end as a stream does (an empty one included).
    """

    def __init__(self, path: Path):
        with path.open("rb") as file:
            # Never closed: rows of a failed read may still refer to its memory.
            self._mapping = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        if self._mapping[-len(_END_OF_STREAM) :] != _END_OF_STREAM:
            raise ValueError("the end of the stream is missing")
        self._source = pa.BufferReader(pa.py_buffer(self._mapping))
        self._reader = pa.ipc.open_stream(self._source)
        self.schema = self._reader.schema

    def batches(self) -> Iterator[pa.RecordBatch]:
        """The record batches; ValueError if the file goes on after them."""
        yield from self._reader
        if self._source.tell() != len(self._mapping):
            raise ValueError("bytes after the end of the stream")

    def forget(self) -> None:
        """Give back the memory of what has been read; it can be read again.

        Mapped pages count as this process's memory until the system wants them.
        """
        if hasattr(mmap, "MADV_DONTNEED"):
            self._mapping.madvise(mmap.MADV_DONTNEED)
