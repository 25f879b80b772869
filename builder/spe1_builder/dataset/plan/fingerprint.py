"""Which data a cell was built from: hashes of the raw files, and the fingerprint."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from spe1_builder.constants import DATA_VERSION
from spe1_builder.disk.atomic import write_text
from spe1_builder.disk.bounded import read_bounded
from spe1_builder.errors import Spe1Error
from spe1_builder.progress import Progress, Silent, stage

#: Stays in the L2 cache between reading and hashing.
_CHUNK_BYTES = 1_000_000
#: More than the hashes of a cell's few files ever take.
_CACHE_BYTES = 1_000_000


@dataclass(frozen=True)
class RawFile:
    """One input file: its role, name, size in bytes and content hash."""

    role: str
    name: str
    size: int
    sha256: str


class HashCache:
    """Content hashes that are known as long as a file's size, times and inode stay.

    Parameters
    ----------
    path : Path
        JSON file of the cache; lost, damaged or edited, it only costs time.
    is_trusted : bool
        False hashes every file anew.
    """

    def __init__(self, path: Path, *, is_trusted: bool = True):
        self._path = path
        self._known: dict[str, Any] = _read_cache(path) if is_trusted else {}

    def lookup(self, path: Path) -> str | None:
        """The hash of a file that has not changed since it was hashed, else None."""
        entry = self._known.get(_key(path))
        if not isinstance(entry, dict) or entry.get("stat") != file_state(path):
            return None
        return entry.get("sha256")

    def hash(self, path: Path, progress: Progress) -> str:
        """The hash of a file, reading it only if it is not known."""
        known = self.lookup(path)
        if known is not None:
            progress.advance(path.stat().st_size)
            return known
        state, digest = file_state(path), hashlib.sha256()
        chunk = memoryview(bytearray(_CHUNK_BYTES))
        with path.open("rb", buffering=0) as file:
            while n_bytes := file.readinto(chunk):
                digest.update(chunk[:n_bytes])
                progress.advance(n_bytes)
        self._known[_key(path)] = {"stat": state, "sha256": digest.hexdigest()}
        return digest.hexdigest()

    def forget_others(self, paths: Iterable[Path]) -> None:
        """Forget every file but these."""
        keys = {_key(path) for path in paths}
        self._known = {key: entry for key, entry in self._known.items() if key in keys}

    def save(self) -> None:
        """Keep the cache for the next run."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        known = json.dumps(self._known, indent=1)
        write_text(self._path, json.dumps({"known": known, "seal": _seal(known)}))


def _key(path: Path) -> str:
    """A file's place, told to nobody: what lies in a root may be published."""
    return hashlib.sha256(os.fsencode(path.resolve())).hexdigest()


def _seal(known: str) -> str:
    """What finds a changed digit; nothing that keeps anybody from making another."""
    return hashlib.sha256(known.encode()).hexdigest()


def _read_cache(path: Path) -> dict[str, Any]:
    try:
        document = json.loads(read_bounded(path, _CACHE_BYTES, "The record of known hashes"))
        if document["seal"] != _seal(document["known"]):
            return {}
        known = json.loads(document["known"])
    except (Spe1Error, OSError, ValueError, TypeError, LookupError, RecursionError):
        return {}
    return known if isinstance(known, dict) else {}


def file_state(path: Path) -> list[int]:
    """Size, times and inode of a file: whoever writes to it changes one of them.

    The time of the last change of the inode cannot be set back, as that of the content can.
    """
    stat = path.stat()
    return [stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino]


def hash_files(
    files: Mapping[str, Path], cache: HashCache, progress: Progress | None = None
) -> list[RawFile]:
    """Hash the raw files of a cell.

    Parameters
    ----------
    files : mapping of role to Path
    cache : HashCache

    Returns
    -------
    list of RawFile
        By role.
    """
    progress = progress or Silent()
    n_bytes = sum(path.stat().st_size for path in files.values())
    with stage(progress, "hash raw files", n_bytes, "B"):
        return [
            RawFile(role, path.name, path.stat().st_size, cache.hash(path, progress))
            for role, path in sorted(files.items())
        ]


def fingerprint(
    cell_id: str,
    files: Sequence[RawFile],
    facts: Mapping[str, Any],
    options: Mapping[str, Any],
    *,
    data_version: str = DATA_VERSION,
) -> str:
    """sha256 over everything that decides what a build writes.

    Parameters
    ----------
    cell_id : str
    files : sequence of RawFile
        By content: a file's name and place do not matter.
    facts : mapping
        What the build takes from the summary.
    options : mapping
        Every build option.
    data_version : str
    """
    identity = {
        "cell_id": cell_id,
        "data_version": data_version,
        "files": {file.role: [file.size, file.sha256] for file in files},
        "facts": dict(facts),
        "options": dict(options),
    }
    text = json.dumps(identity, sort_keys=True, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def facts_of(chan_predicted: int, chan_highest: int | None, release_type: str) -> dict[str, Any]:
    """What a build takes from the summary, as the fingerprint has it."""
    return {
        "chan_predicted": chan_predicted,
        "chan_highest": chan_highest,
        "patch_type": release_type,
    }


def as_records(files: list[RawFile]) -> list[dict[str, Any]]:
    """The raw files as JSON values, for the metadata."""
    return [asdict(file) for file in files]
