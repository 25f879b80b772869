"""Which data a cell was built from: hashes of the raw files, and the fingerprint."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from spe1_builder.constants import DATA_VERSION
from spe1_builder.disk.atomic import write_text
from spe1_builder.progress import Progress, Silent, stage

#: Stays in the L2 cache between reading and hashing.
_CHUNK_BYTES = 1_000_000


@dataclass(frozen=True)
class RawFile:
    """One input file: its role, name, size in bytes and content hash."""

    role: str
    name: str
    size: int
    sha256: str


class HashCache:
    """Content hashes that are known as long as a file's size, time and inode stay.

    Parameters
    ----------
    path : Path
        JSON file of the cache; lost or damaged, it only costs time.
    """

    def __init__(self, path: Path):
        self._path = path
        try:
            known = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            known = {}
        self._known: dict[str, Any] = known if isinstance(known, dict) else {}

    def lookup(self, path: Path) -> str | None:
        """The hash of a file that has not changed since it was hashed, else None."""
        entry = self._known.get(str(path.resolve()))
        if not isinstance(entry, dict) or entry.get("stat") != _stat(path):
            return None
        return entry.get("sha256")

    def hash(self, path: Path, progress: Progress) -> str:
        """The hash of a file, reading it only if it is not known."""
        known = self.lookup(path)
        if known is not None:
            progress.advance(path.stat().st_size)
            return known
        stat, digest = _stat(path), hashlib.sha256()
        chunk = memoryview(bytearray(_CHUNK_BYTES))
        with path.open("rb", buffering=0) as file:
            while n_bytes := file.readinto(chunk):
                digest.update(chunk[:n_bytes])
                progress.advance(n_bytes)
        self._known[str(path.resolve())] = {"stat": stat, "sha256": digest.hexdigest()}
        return digest.hexdigest()

    def save(self) -> None:
        """Keep the cache for the next run."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        write_text(self._path, json.dumps(self._known, indent=1))


def _stat(path: Path) -> list[int]:
    stat = path.stat()
    return [stat.st_size, stat.st_mtime_ns, stat.st_ino]


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
    cell_id: str, files: list[RawFile], facts: Mapping[str, Any], options: Mapping[str, Any]
) -> str:
    """sha256 over everything that decides what a build writes.

    Parameters
    ----------
    cell_id : str
    files : list of RawFile
        By content: a file's name and place do not matter.
    facts : mapping
        What the build takes from the summary.
    options : mapping
        Every build option.
    """
    identity = {
        "cell_id": cell_id,
        "data_version": DATA_VERSION,
        "files": {file.role: [file.size, file.sha256] for file in files},
        "facts": dict(facts),
        "options": dict(options),
    }
    text = json.dumps(identity, sort_keys=True, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def as_records(files: list[RawFile]) -> list[dict[str, Any]]:
    """The raw files as JSON values, for the metadata."""
    return [asdict(file) for file in files]
