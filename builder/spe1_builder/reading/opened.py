"""A built cell opened by ``datasets``, which keeps its own files out of the cell's folder."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from spe1_builder.errors import OutputError
from spe1_builder.layout import LOADER_FILES, SPLITS, STATE_NAME

if TYPE_CHECKING:
    from datasets import DatasetDict

#: Folder in the datasets cache. Not ``spe1``: there `load_dataset` looks for prepared rows.
_LINKS_NAME = "spe1-opened"
_TRIES = 5


def shard_names(folder: Path, split: str) -> list[str]:
    """The shards of a split in their order, as its ``state.json`` lists them.

    Raises
    ------
    OSError, ValueError, LookupError, TypeError
        The file is damaged.
    """
    state = json.loads((folder / split / STATE_NAME).read_bytes())
    names = [file["filename"] for file in state["_data_files"]]
    for name in names:
        if name != Path(name).name or name in ("", ".", ".."):
            raise ValueError(f"{name!r} is not the name of a shard")
    return names


def build_stamp(folder: Path, splits: tuple[str, ...] = SPLITS) -> str:
    """What differs between two builds of a cell: a hash of its ``state.json``.

    Raises
    ------
    OSError
        A split is missing.
    """
    states = [(folder / split / STATE_NAME).read_bytes() for split in splits]
    return hashlib.blake2b(b"\0".join(states), digest_size=8).hexdigest()


def open_cell(folder: Path) -> DatasetDict:
    """Open a cell by links in the datasets cache.

    ``datasets`` writes the results of ``map``, ``filter``, ``shuffle`` and ``sort`` beside the
    files that a dataset was opened from. Opened in the cell's folder, they would lie among the
    shards, and nothing would work where that folder cannot be written.

    Parameters
    ----------
    folder : Path
        The cell's folder.

    Raises
    ------
    OSError, ValueError, LookupError, TypeError, pyarrow.ArrowException
        A file of the cell is damaged.
    OutputError
        The cell is replaced again and again while it is being opened.
    """
    from datasets import DatasetDict, load_from_disk

    from spe1_builder.reading.segment_dataset import as_segments

    # A build puts a new cell in place between any two of the files that are opened here.
    for _ in range(_TRIES):
        stamp = build_stamp(folder)
        opened = load_from_disk(str(_linked(folder, stamp)), keep_in_memory=False)
        if build_stamp(folder) == stamp:
            return DatasetDict({name: as_segments(split) for name, split in opened.items()})
    raise OutputError(
        "The cell is being replaced while it is read.", where=folder, do="try again in a moment"
    )


def _linked(folder: Path, stamp: str) -> Path:
    """A folder that is the cell to ``datasets``, where it may write; the cell's own if none is."""
    import datasets
    from datasets.fingerprint import get_temporary_cache_files_directory

    source = folder.resolve()
    place = hashlib.blake2b(os.fsencode(source), digest_size=8).hexdigest()
    for parent in (
        lambda: Path(datasets.config.HF_DATASETS_CACHE),
        lambda: Path(get_temporary_cache_files_directory()),
    ):
        try:
            links = parent().absolute() / _LINKS_NAME / folder.name / f"{place}-{stamp}"
            _link_cell(source, links)
        except OSError:
            continue
        return links
    return source


def _link_cell(source: Path, links: Path) -> None:
    """Link the shards and what loads them; links that are there and right stay."""
    names = [*LOADER_FILES]
    for split in SPLITS:
        (links / split).mkdir(parents=True, exist_ok=True)
        names += [f"{split}/{name}" for name in shard_names(source, split)]
    for name in names:
        link, target = links / name, source / name
        if link.is_symlink() and link.readlink() == target:
            continue
        # Another process may be at it too: one rename, whichever comes last.
        with tempfile.TemporaryDirectory(dir=links) as scratch:
            new = Path(scratch) / "link"
            new.symlink_to(target)
            new.replace(link)
