"""The files of a cell as bytes: listed, present, of the recorded size and hash."""

from __future__ import annotations

import errno
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from spe1_builder.dataset.findings import Report, listing
from spe1_builder.dataset.metadata import ConversionMetadata, OutputFileMetadata
from spe1_builder.dataset.sidecars import cell_files
from spe1_builder.disk.direct import hash_file
from spe1_builder.layout import METADATA_NAME, SHARD_GLOB, SPLITS, shard_mark, shard_name

#: ``datasets`` writes these beside the shards; they are no part of the cell.
_CACHE_GLOB = "cache-*.arrow"


@dataclass(frozen=True)
class Damage:
    """How the bytes of a file differ from what was recorded when it was written."""

    fact: str
    expected: object = None
    got: object = None


def check_listing(
    folder: Path, metadata: ConversionMetadata, report: Report
) -> dict[str, OutputFileMetadata]:
    """Hold the metadata's list of files to what the contract wants and what is there.

    Returns
    -------
    dict of str to OutputFileMetadata
        The listed files by path; whether they are whole, `find_damage` tells.
    """
    name = folder.name
    listed = {record.path: record for record in metadata.files}
    report.equal(
        f"{name}/{METADATA_NAME}", "files listed, each once", len(listed), len(metadata.files)
    )
    for path in [path for path in listed if not _is_inside(path)]:
        report.add(f"{name}/{METADATA_NAME}", "a listed file is not in the cell's folder", got=path)
        del listed[path]
    for path in cell_files():
        if path not in listed:
            report.add(f"{name}/{METADATA_NAME}", "file that the metadata does not list", got=path)
    for split in SPLITS:
        shards = listed_shards(listed, split)
        mark = shard_mark(metadata.provenance.fingerprint)
        wanted = [f"{split}/{shard_name(i, len(shards), mark)}" for i in range(len(shards))]
        if shards != wanted or not shards:
            report.add(
                f"{name}/{METADATA_NAME}",
                f"shards of {split}",
                expected=f"data-{mark}-00000-of-000NN.arrow, complete",
                got=listing(shards),
            )
    for file in sorted(folder.rglob("*")):
        relative = file.relative_to(folder).as_posix()
        is_known = relative in listed or relative == METADATA_NAME or file.match(_CACHE_GLOB)
        if not is_known and not file.is_dir():
            report.add(f"{name}/{relative}", "a file that the metadata does not list")
    return listed


def listed_shards(listed: dict[str, OutputFileMetadata], split: str) -> list[str]:
    """The shards of a split, as the metadata lists them, in order."""
    return sorted(
        path
        for path in listed
        if path.startswith(f"{split}/") and PurePosixPath(path).match(SHARD_GLOB)
    )


def _is_inside(path: str) -> bool:
    pure = PurePosixPath(path)
    return not pure.is_absolute() and ".." not in pure.parts and "\0" not in path and path != ""


def find_damage(folder: Path, record: OutputFileMetadata) -> Damage | None:
    """Compare a file's size and hash with the record; the hash only if the size is right.

    A file that the disk cannot read is damage too.
    """
    path = folder / record.path
    try:
        if not path.is_file():
            return Damage("the file is missing")
        size = path.stat().st_size
        if size != record.size:
            return Damage("size in bytes (its content was not looked at)", record.size, size)
        digest = hash_file(path)
    except OSError as error:
        if error.errno == errno.ENOMEM:
            raise
        return Damage("the file cannot be read", got=error)
    if digest != record.xxh3_128:
        return Damage("xxh3_128 (its content was not looked at)", record.xxh3_128, digest)
    return None


def damages_ahead(
    folder: Path, records: Sequence[OutputFileMetadata]
) -> Iterator[tuple[OutputFileMetadata, Damage | None]]:
    """`find_damage` of each file, the next one in a thread while the caller works on this one.

    One file ahead and no more, so that its bytes are still in memory when the
    caller comes to them.
    """
    with ThreadPoolExecutor(1) as pool:
        ahead = [pool.submit(find_damage, folder, record) for record in records[:1]]
        for i, record in enumerate(records):
            damage = ahead.pop().result()
            if i + 1 < len(records):
                ahead.append(pool.submit(find_damage, folder, records[i + 1]))
            yield record, damage
