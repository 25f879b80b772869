"""MD5 of what has arrived, against what the archive publishes."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import BinaryIO

from spe1_builder.errors import ChecksumError
from spe1_builder.progress import Progress, Silent, stage
from spe1_builder.source.archive.server.listing import ListedFile

_CHUNK_BYTES = 1 << 20


class HashingReader:
    """A file that hashes what is read of it, from its first byte on.

    Attributes
    ----------
    n_bytes : int
        Read so far.
    """

    def __init__(self, file: BinaryIO, progress: Progress | None = None):
        self._file, self._progress = file, progress or Silent()
        # Not for security: it is the sum that the archive publishes.
        self._md5 = hashlib.md5(usedforsecurity=False)
        self.n_bytes = 0

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(size)
        self._md5.update(data)
        self.n_bytes += len(data)
        self._progress.advance(len(data))
        return data

    def finish(self) -> str:
        """Read to the end; the MD5 of the whole file, in lower-case hexadecimal."""
        while self.read(_CHUNK_BYTES):
            pass
        return self._md5.hexdigest()


def check_sum(path: Path, file: ListedFile, progress: Progress | None = None) -> None:
    """Compare a file's size, and its MD5 where that is published, with the archive's list.

    Raises
    ------
    ChecksumError
    """
    progress = progress or Silent()
    if file.md5 is None:
        compare(path, file, None, path.stat().st_size)
        return
    with path.open("rb") as source, stage(progress, f"check {file.name}", file.size, "B"):
        reader = HashingReader(source, progress)
        compare(path, file, reader.finish(), reader.n_bytes)


def compare(path: Path, file: ListedFile, md5: str | None, n_bytes: int) -> None:
    """Hold the size and the MD5 of a whole file to the archive's list.

    Raises
    ------
    ChecksumError
    """
    if n_bytes == file.size and (file.md5 is None or md5 == file.md5):
        return
    raise ChecksumError(
        f"{file.name} is not the file that the archive lists.",
        where=path,
        expected=f"{file.size} bytes" + (f", MD5 {file.md5}" if file.md5 else ""),
        got=f"{n_bytes} bytes" + (f", MD5 {md5}" if file.md5 else ""),
        do="run the same command again; if it stays so, the archive's copy or its list is damaged: "
        "tell CRCNS, or take another copy (--from)",
    )
