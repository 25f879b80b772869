"""What hf_xet uploaded into a folder (``casUrl`` is ``local://``), read back from there.

A commit names a content by its sha256 alone; the shards, which list the files of each upload, have
its Xet hash beside it.
"""

import os
import shutil
import struct
import tempfile
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.support.hub.blobs import Blobs

_STORE = "xet/xorbs"
_HEADER_BYTES = _RECORD_BYTES = 48
_HASH_BYTES = 32
_END = b"\xff" * _HASH_BYTES
_HAS_VERIFICATION = 1 << 31
_HAS_SHA256 = 1 << 30


@dataclass(frozen=True)
class _File:
    """A file as a shard has it."""

    xet_hash: str
    sha256: str
    size: int


def _as_hex(raw: bytes) -> str:
    """Hashes are stored as four words, and written as the words."""
    return "".join(f"{word:016x}" for word in struct.unpack("<4Q", raw))


def _files_of_shard(shard: bytes) -> Iterator[_File]:
    """The files of a shard that have a sha256, all records being of 48 bytes."""
    at = _HEADER_BYTES
    while (raw := shard[at : at + _HASH_BYTES]) != _END:
        flags, n_segments = struct.unpack_from("<II", shard, at + _HASH_BYTES)
        at += _RECORD_BYTES
        sizes = [
            struct.unpack_from("<I", shard, at + i * _RECORD_BYTES + _HASH_BYTES + 4)[0]
            for i in range(n_segments)
        ]
        at += n_segments * _RECORD_BYTES * (2 if flags & _HAS_VERIFICATION else 1)
        if flags & _HAS_SHA256:
            yield _File(_as_hex(raw), _as_hex(shard[at : at + _HASH_BYTES]), sum(sizes))
            at += _RECORD_BYTES


def fetch(folder: Path, wanted: Collection[str], blobs: Blobs) -> set[str]:
    """Take what was uploaded into a store.

    Parameters
    ----------
    folder : Path
        Where hf_xet uploaded to.
    wanted : collection of str
        By their sha256.
    blobs : Blobs
        Where they go to.

    Returns
    -------
    set of str
        Which of them were there.
    """
    shards = (folder / _STORE / "shards").glob("*.mdb")
    files = [file for shard in shards for file in _files_of_shard(shard.read_bytes())]
    found = {file.sha256: file for file in files if file.sha256 in wanted}
    if not found:
        return set()
    import hf_xet

    with tempfile.TemporaryDirectory(dir=folder.parent, prefix="xet-copy-") as copy:
        # Whoever uploads holds the lock of the store's index, so a copy of it is read.
        shutil.copytree(folder / _STORE, Path(copy) / _STORE, copy_function=_link_or_copy)
        session = hf_xet.XetSession()
        with session.new_file_download_group(endpoint=f"local://{copy}") as group:
            for sha256, file in found.items():
                info = hf_xet.XetFileInfo(file.xet_hash, file.size)
                group.start_download_file(info, f"{copy}/{sha256}")
        for sha256 in found:
            with (Path(copy) / sha256).open("rb") as content:
                came, _ = blobs.put(iter(lambda: content.read(1 << 20), b""))
            if came != sha256:
                raise ValueError(f"Xet's store has {came} as {sha256}")
    return set(found)


def _link_or_copy(source: str, target: str) -> None:
    (shutil.copyfile if source.endswith(".redb") else os.link)(source, target)
