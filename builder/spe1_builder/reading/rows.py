"""Rows in the order of their samples, in a cell's shards or in datasets that are given."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from spe1_builder.errors import MissingFileError, OptionError, OutputError
from spe1_builder.layout import DATASET_DICT_NAME, DATASET_INFO_NAME, SPLITS, RootLayout
from spe1_builder.paths import local_path
from spe1_builder.reading.afar.address import is_far, parse_address
from spe1_builder.reading.afar.rows import FarRow, FarRows
from spe1_builder.reading.arrays import damaged, is_there, require_columns, segment_uV
from spe1_builder.reading.decode import decode_first, decode_traces_uV
from spe1_builder.reading.identity import data_files, home, require_one_recording
from spe1_builder.reading.opened import build_stamp, shard_names

if TYPE_CHECKING:
    import pyarrow as pa
    from datasets import Dataset, DatasetDict


class Rows(Protocol):
    """Rows of one recording."""

    @property
    def firsts(self) -> np.ndarray:
        """int64 (n_rows,): their first samples, ascending."""

    @property
    def where(self) -> str:
        """What they are of, for people."""

    def traces_uV(self, index: int) -> np.ndarray | FarRow:
        """Of one row: float32 (N_CHANNELS, n_samples), uV; read-only.

        Of a cell elsewhere only ``[channels, start:stop]`` can be taken of it.
        """


class ShardRows:
    """Rows in a cell's own shards. Pickles as the path, and opens where it is first needed.

    Parameters
    ----------
    folder : Path
        The cell's folder.
    splits : tuple of str
    span : tuple of int, optional
        Rows that begin in [first, last]; default: all.
    stamp : str, optional
        Of the build that it must be; default: the one that is there.
    """

    def __init__(
        self,
        folder: Path,
        splits: tuple[str, ...] = SPLITS,
        span: tuple[int, int] | None = None,
        stamp: str | None = None,
    ):
        self._folder, self._splits, self._span, self._stamp = folder, splits, span, stamp

    @cached_property
    def _opened(self) -> tuple[np.ndarray, list[pa.Array]]:
        """First samples, and the rows of ``cp``."""
        import pyarrow as pa

        from spe1_builder.dataset.rows.shards import read_batches

        rows: list[tuple[int, pa.Array]] = []
        folder = self._folder
        try:
            before = build_stamp(folder, self._splits)
            for split in self._splits:
                for name in shard_names(folder, split):
                    for batch in read_batches(folder / split / name):
                        ids = decode_first(batch["sample_id"].to_pylist())
                        rows += [(first, batch["cp"].slice(i, 1)) for i, first in enumerate(ids)]
            after = build_stamp(folder, self._splits)
        except (OSError, ValueError, LookupError, TypeError, pa.lib.ArrowException) as error:
            raise damaged(folder, error) from error
        if not before == after == (self._stamp or after):
            raise OutputError(
                "The cell has been built anew since it was opened.",
                where=folder,
                do="open it again: windows of two builds do not belong together",
            )
        self._stamp = after
        if self._span is not None:
            rows = [row for row in rows if self._span[0] <= row[0] <= self._span[1]]
        rows.sort(key=lambda row: row[0])
        return np.array([first for first, _ in rows], dtype=np.int64), [cp for _, cp in rows]

    @property
    def firsts(self) -> np.ndarray:
        return self._opened[0]

    @property
    def where(self) -> str:
        """The cell's folder, or the split's if it is of one."""
        one = len(self._splits) == 1
        return str(self._folder / self._splits[0] if one else self._folder)

    def traces_uV(self, index: int) -> np.ndarray:
        return decode_traces_uV(self._opened[1][index])

    def __reduce__(self) -> tuple[Any, ...]:
        return ShardRows, (self._folder, self._splits, self._span, self._stamp)


class DatasetRows:
    """Rows of datasets. Pickles as they do: as paths, where they have files."""

    def __init__(self, splits: Sequence[Dataset]):
        self._splits = tuple(splits)

    @cached_property
    def _opened(self) -> tuple[np.ndarray, list[tuple[Dataset, int]]]:
        rows: list[tuple[int, Dataset, int]] = []
        for split in self._splits:
            ids = split.select_columns("sample_id").with_format("arrow")[:]["sample_id"]
            rows += [(first, split, i) for i, first in enumerate(decode_first(ids.to_pylist()))]
        rows.sort(key=lambda row: row[0])
        firsts = np.array([first for first, _, _ in rows], dtype=np.int64)
        return firsts, [(split, i) for _, split, i in rows]

    @property
    def firsts(self) -> np.ndarray:
        return self._opened[0]

    @property
    def where(self) -> str:
        """The folder of their files."""
        homes = sorted({str(home(path)) for split in self._splits for path in data_files(split)})
        return ", ".join(homes) or "memory"

    def traces_uV(self, index: int) -> np.ndarray:
        return segment_uV(*self._opened[1][index])

    def __reduce__(self) -> tuple[Any, ...]:
        return DatasetRows, (self._splits,)


def open_rows(source: str | Path | DatasetDict | Dataset) -> Rows:
    """The rows of a cell, or of one of its splits; a string may be an address, too.

    Raises
    ------
    OptionError
        It is something else, or rows of several recordings.
    MissingFileError
        There is no built cell at that path.
    OutputError
        A file of the cell is damaged.
    LoginError, ServerError, MissingPackageError
        The cell is elsewhere, and cannot be read.
    """
    if is_far(source):
        address = parse_address(source)
        return FarRows(address.url, (address.split,) if address.split else SPLITS)
    if isinstance(source, str | Path):
        return _rows_of_path(local_path(source, "source"))
    from datasets import Dataset

    splits = list(source.values()) if isinstance(source, dict) else [source]
    for split in splits:
        if not isinstance(split, Dataset):
            raise OptionError(
                "These are not the rows of a cell.",
                where="source",
                expected="a cell's folder, what spe1.load gives, or a split of that",
                got=type(split).__name__,
                do="pass 'spe1/c14', or load it without streaming=True",
            )
        require_columns(split, "sample_id", "cp")
    splits = [split for split in splits if len(split)]
    require_one_recording(splits)
    rows = DatasetRows(splits)
    return _as_shards(splits, rows) or rows


def _rows_of_path(path: Path) -> ShardRows:
    folder = Path(os.path.realpath(path))
    if is_there(folder / DATASET_DICT_NAME):
        return ShardRows(folder)
    if folder.name in SPLITS and is_there(folder.parent / DATASET_DICT_NAME):
        return ShardRows(folder.parent, (folder.name,))
    cells = RootLayout(folder).built_cells()
    raise MissingFileError(
        "There is no built cell here.",
        where=path,
        expected="the folder of one cell, such as spe1/c14",
        got=f"a root with {', '.join(cells)}" if cells else None,
        do=f"name the cell: {path / cells[0]}"
        if cells
        else "'spe1 cells ROOT' lists what is built; spe1 build builds",
    )


def _as_shards(splits: Sequence[Dataset], rows: DatasetRows) -> ShardRows | None:
    """The same rows as a path, if they are a cell's own, as they lie in its folder."""
    if not splits or not all(data_files(split) for split in splits):
        return None  # some are in memory
    files = [path.resolve() for split in splits for path in data_files(split)]
    folder = home(files[0])
    found = tuple(split for split in SPLITS if any(folder / split in f.parents for f in files))
    try:
        shards = {folder / split / name for split in found for name in shard_names(folder, split)}
        infos = [json.loads((folder / split / DATASET_INFO_NAME).read_bytes()) for split in found]
        told = {info["description"] for info in infos}
        if not shards.issuperset(files) or told != {split.info.description for split in splits}:
            return None
        same = ShardRows(folder, found, (int(rows.firsts[0]), int(rows.firsts[-1])))
        if not np.array_equal(same.firsts, rows.firsts):
            return None
    except (OSError, ValueError, LookupError, TypeError):
        return None  # its files have gone since it was opened
    # Another column may have been put in the place of the shards'.
    here_uV, given_uV = same.traces_uV(0)[:, :30], rows.traces_uV(0)[:, :30]
    return same if np.array_equal(here_uV, given_uV) else None
