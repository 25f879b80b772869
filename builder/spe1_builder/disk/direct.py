"""A file being written: hashed on the way, and past the page cache where the system can.

Gigabytes that nobody reads back soon cost more in the page cache than on the disk: a
copy, a page for every 4 kB, and their eviction later. Measured on one virtual machine,
0.21 s of processor a GB through the page cache, 0.8 s or more if its host has to give the
pages first, 0.03 s past it.
"""

from __future__ import annotations

import errno
import os
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

#: What direct writing aligns its memory, places and lengths to; no disk asks for more.
_BLOCK_BYTES = 4096
#: Bytes that go to the disk at a time, while the next are gathered.
_BUFFER_BYTES = 8 << 20


class HashingFile:
    """A file being written that knows its hash, so that nothing is read back for it.

    Where the file system takes writes past the page cache (``O_DIRECT``), a thread of
    the file's own writes one buffer while the next one fills; elsewhere ``write``
    writes at once. The bytes are the same. An error of the disk is raised by the
    ``write`` or ``close`` that follows it.

    The hash is XXH3 (128 bits): it finds every accidental change and costs a tenth of
    what SHA-256 does, which would be the largest part of a build.
    """

    def __init__(self, path: Path):
        import xxhash

        self.path = path
        self.n_written = 0
        self._digest = xxhash.xxh3_128()
        self._descriptor, is_direct = _open(path)
        self._writer = _DirectWriter(self._descriptor) if is_direct else None

    def write(self, data: Any) -> int:
        view = memoryview(data).cast("B")
        self._digest.update(view)
        if self._writer is not None:
            self._writer.add(np.frombuffer(view, np.uint8))
        else:
            write_all(self._descriptor, view)
        self.n_written += len(view)
        return len(view)

    def flush(self) -> None:
        pass

    @property
    def closed(self) -> bool:
        return self._descriptor < 0

    def close(self) -> None:
        """Force the bytes to the disk and close; a full disk shows here at the latest."""
        if not self.closed:
            try:
                if self._writer is not None:
                    self._writer.finish(self.n_written)
                os.fsync(self._descriptor)
            finally:
                self._close()

    def abandon(self) -> None:
        """Close without forcing anything to the disk."""
        if not self.closed:
            self._close()

    def _close(self) -> None:
        if self._writer is not None:
            self._writer.stop()
        descriptor, self._descriptor = self._descriptor, -1
        os.close(descriptor)

    @property
    def xxh3_128(self) -> str:
        """Hash of what was written, hexadecimal."""
        return self._digest.hexdigest()


def hash_file(path: Path) -> str:
    """XXH3 (128 bits) of a file's content, hexadecimal, as `HashingFile` gives it."""
    import xxhash

    digest, chunk = xxhash.xxh3_128(), bytearray(_BUFFER_BYTES)
    view = memoryview(chunk)
    # Read, not mapped: a disk that fails raises here instead of killing the process.
    with path.open("rb", buffering=0) as file:
        while n_bytes := file.readinto(chunk):
            digest.update(view[:n_bytes])
    return digest.hexdigest()


def write_all(descriptor: int, view: memoryview) -> None:
    """Write all of ``view`` where the file stands."""
    while view:
        view = view[os.write(descriptor, view) :]


def _open(path: Path) -> tuple[int, bool]:
    """A new file, past the page cache if it can be; whether it is."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    direct = getattr(os, "O_DIRECT", 0)
    if direct and not _is_in_memory(path.parent):
        try:
            return os.open(path, flags | direct, 0o666), True
        except OSError as error:
            if error.errno != errno.EINVAL:
                raise
    return os.open(path, flags, 0o666), False


def _is_in_memory(folder: Path) -> bool:
    """Whether a folder lies in memory, whose pages are the page cache: no way goes past it."""
    try:
        mounts = Path("/proc/self/mountinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return False  # not Linux
    device = folder.stat().st_dev
    name = f"{os.major(device)}:{os.minor(device)}"
    # Fields: id, parent, device, ...; after a lone hyphen, the type of the file system.
    return any(
        mount.split()[2] == name and mount.partition(" - ")[2].split()[0] in ("tmpfs", "ramfs")
        for mount in mounts
    )


def _aligned_buffer() -> np.ndarray:
    memory = np.empty(_BUFFER_BYTES + _BLOCK_BYTES, np.uint8)
    first = -memory.ctypes.data % _BLOCK_BYTES
    return memory[first : first + _BUFFER_BYTES]


class _DirectWriter:
    """Gathers bytes in two aligned buffers and writes one while the other fills."""

    def __init__(self, descriptor: int):
        self._descriptor = descriptor
        self._buffers = [_aligned_buffer() for _ in range(2)]
        self._pool = ThreadPoolExecutor(1)
        self._pending: Future[None] | None = None
        self._filled = 0

    def add(self, data: np.ndarray) -> None:
        done = 0
        while done < len(data):
            n = min(len(data) - done, _BUFFER_BYTES - self._filled)
            self._buffers[0][self._filled : self._filled + n] = data[done : done + n]
            self._filled, done = self._filled + n, done + n
            if self._filled == _BUFFER_BYTES:
                self._send(_BUFFER_BYTES)

    def _send(self, n_bytes: int) -> None:
        self._wait()
        self._pending = self._pool.submit(self._write, self._buffers[0][:n_bytes].data)
        self._buffers.reverse()
        self._filled = 0

    def _write(self, view: memoryview) -> None:
        try:
            while view:
                view = view[os.write(self._descriptor, view) :]
        except OSError as error:
            if error.errno != errno.EINVAL:
                raise
            # The file system opens files so, and then cannot write them so; or a part of the
            # buffer is written, and what is left begins between two blocks.
            self._stop_direct()
            write_all(self._descriptor, view)

    def _stop_direct(self) -> None:
        import fcntl

        flags = fcntl.fcntl(self._descriptor, fcntl.F_GETFL)
        fcntl.fcntl(self._descriptor, fcntl.F_SETFL, flags & ~os.O_DIRECT)

    def _wait(self) -> None:
        pending, self._pending = self._pending, None
        if pending is not None:
            pending.result()

    def finish(self, n_bytes: int) -> None:
        """Write the rest: whole blocks, then the file is cut to its ``n_bytes``."""
        if self._filled:
            n_blocks = -(-self._filled // _BLOCK_BYTES)
            self._buffers[0][self._filled : n_blocks * _BLOCK_BYTES] = 0
            self._send(n_blocks * _BLOCK_BYTES)
        self._wait()
        os.ftruncate(self._descriptor, n_bytes)

    def stop(self) -> None:
        """End the thread; what it is writing ends first, because the file is still open."""
        self._pool.shutdown(wait=True, cancel_futures=True)
