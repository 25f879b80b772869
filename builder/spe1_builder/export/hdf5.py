"""HDF5 files that end in an error, and not in a crash, where the disk is full."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from spe1_builder.export.packages import require_package


class FailingLater(io.RawIOBase):
    """A file for HDF5 that keeps the first error of the disk to itself until it is asked.

    After a write that failed, HDF5 cannot close its objects, and ends the process when Python
    collects them. Here no write fails: what follows the error is dropped.
    """

    def __init__(self, path: Path):
        self._file = path.open("w+b", buffering=0)
        self._error: OSError | None = None

    def raise_failed(self) -> None:
        """Raise the disk's error, if there was one."""
        if self._error is not None:
            raise self._error

    def write(self, data: Any) -> int:
        view = memoryview(data).cast("B")
        try:
            while view and self._error is None:
                view = view[self._file.write(view) :]
        except OSError as error:
            self._error = error
        return memoryview(data).nbytes

    def truncate(self, size: int | None = None) -> int:
        try:
            if self._error is None:
                return self._file.truncate(size)
        except OSError as error:
            self._error = error
        return size or 0

    def readinto(self, buffer: Any) -> int:
        return self._file.readinto(buffer) or 0

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def readable(self) -> bool:
        return True

    def writable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def close(self) -> None:
        self._file.close()
        super().close()


@contextmanager
def new_hdf5(path: Path) -> Iterator[tuple[Any, FailingLater]]:
    """A new HDF5 file, and what tells during the work whether the disk still takes it.

    Raises
    ------
    OSError
        At the end of the block: the disk did not take everything.
    """
    h5py = require_package("h5py")
    with FailingLater(path) as raw:
        with h5py.File(raw, "w") as file:
            yield file, raw
        raw.raise_failed()
