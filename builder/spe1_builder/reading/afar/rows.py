"""Rows of a cell that lies elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from spe1_builder.constants import N_CHANNELS, NPX_RATE_HZ
from spe1_builder.dataset.metadata import ConversionMetadata
from spe1_builder.dataset.verify.files import listed_shards
from spe1_builder.errors import OutputError
from spe1_builder.layout import SPLITS
from spe1_builder.reading.afar.blocks import FarFile
from spe1_builder.reading.afar.cell import FarCell, open_far_cell
from spe1_builder.reading.afar.heads import RowPlace, read_head


class FarRow:
    """The traces of one row: as an array (N_CHANNELS, n_samples), of which parts are fetched.

    Parameters
    ----------
    rows : FarRows
    index : int
    n_samples : int
    """

    def __init__(self, rows: FarRows, index: int, n_samples: int):
        self._rows, self._index = rows, index
        self.shape = (N_CHANNELS, n_samples)

    def __getitem__(self, key: tuple[Any, slice]) -> np.ndarray:
        """``row[channels, start:stop]``: float32 (n_channels, stop - start), uV, a copy."""
        channels, samples = key
        chosen = np.arange(N_CHANNELS)[channels]
        start, stop, _ = samples.indices(self.shape[1])
        n_samples = max(0, stop - start)
        if not n_samples or not len(chosen):
            return np.empty((len(chosen), n_samples), np.float32)
        file, place = self._rows.place(self._index)
        each, where = np.unique(chosen, return_inverse=True)
        starts = place.offset + 4 * (each.astype(np.int64) * place.n_samples + start)
        values_uV = file.read_many(starts, 4 * n_samples).view("<f4")
        if np.array_equal(each, chosen):
            return values_uV
        return np.asarray(values_uV[where])


class FarRows:
    """Rows in a cell's shards elsewhere. Pickles as the address, of one commit on the Hub.

    Which rows there are, the metadata tell; where one lies, is looked up when it is first read,
    and its ``sample_id`` has to be the one that is looked for.

    Parameters
    ----------
    url : str
        Of the cell's folder.
    splits : tuple of str
    fingerprint : str, optional
        Of the build that it must be; default: the one that is there.
    """

    def __init__(self, url: str, splits: tuple[str, ...] = SPLITS, fingerprint: str | None = None):
        self._url, self._splits, self._fingerprint = url, splits, fingerprint
        self._places: dict[int, tuple[FarFile, RowPlace]] = {}

    @cached_property
    def cell(self) -> FarCell:
        """The cell, opened."""
        cell = open_far_cell(self._url, self._fingerprint)
        self._url, self._fingerprint = cell.url, cell.metadata.provenance.fingerprint
        return cell

    @cached_property
    def _spans(self) -> list[_Span]:
        return [
            span for split in self._splits for span in _spans(self.cell.metadata, split, self.where)
        ]

    @cached_property
    def firsts(self) -> np.ndarray:
        """int64 (n_rows,): their first samples, ascending."""
        return np.array([span.first for span in self._spans], dtype=np.int64)

    @property
    def where(self) -> str:
        """The address of the cell, or of the split if it is of one."""
        return f"{self._url}/{self._splits[0]}" if len(self._splits) == 1 else self._url

    def traces_uV(self, index: int) -> FarRow:
        return FarRow(self, index, self._spans[index].n_samples)

    def place(self, index: int) -> tuple[FarFile, RowPlace]:
        """Where a row lies; OutputError if it is not there."""
        if index not in self._places:
            self._places[index] = self._find(self._spans[index])
        return self._places[index]

    @cached_property
    def _shards(self) -> dict[str, list[_Shard]]:
        files = {record.path: record for record in self.cell.metadata.files}
        return {
            split: [_Shard(self.cell.file(name)) for name in listed_shards(files, split)]
            for split in self._splits
        }

    def _find(self, span: _Span) -> tuple[FarFile, RowPlace]:
        shards = self._shards[span.split]
        # Shards are as long as their rows together: the guess is right but for odd files.
        ends = np.cumsum([shard.file.size for shard in shards])
        at = int(np.searchsorted(ends, span.middle * ends[-1])) if shards else 0
        step = 0
        while 0 <= at < len(shards):
            found = shards[at].find(span.first)
            if isinstance(found, RowPlace):
                if found.n_samples != span.n_samples:
                    break
                return shards[at].file, found
            if found == -step:
                break  # between two shards that are neighbours
            step = found
            at += step
        raise OutputError(
            "The rows are not those that the metadata tell of.",
            where=self.where,
            expected=f"a row of {span.n_samples} samples with sample_id {span.first:010d}",
            do="see what is wrong where it was built: spe1 verify; then upload it again",
        )

    def __reduce__(self) -> tuple[Any, ...]:
        return FarRows, (self._url, self._splits, self._fingerprint)


@dataclass(frozen=True)
class _Span:
    """Which samples a row holds, and where in its split its middle is, 0 to 1."""

    split: str
    first: int
    n_samples: int
    middle: float


def _spans(metadata: ConversionMetadata, split: str, where: str) -> list[_Span]:
    step = round(metadata.segment_duration_s * NPX_RATE_HZ)
    facts = {name: metadata.splits[name] for name in ("train", "test")}
    begin = facts["train"].samples if split == "test" else 0
    n_rows, n_samples = facts[split].rows, facts[split].samples
    if step < 1 or n_rows < 1 or not (n_rows - 1) * step < n_samples <= n_rows * step:
        raise OutputError(
            "The metadata contradict themselves.",
            where=where,
            got=f"{n_samples} samples in {n_rows} rows of {step} in {split}",
            do="see what is wrong where it was built: spe1 verify; then upload it again",
        )
    spans = []
    for first in range(0, n_samples, step):
        length = min(step, n_samples - first)
        spans.append(_Span(split, begin + first, length, (first + length / 2) / n_samples))
    return spans


class _Shard:
    """A shard, as far as its batches have been looked up."""

    def __init__(self, file: FarFile):
        self.file = file
        self._rows: list[RowPlace] = []
        self._end: int | None = 0

    def find(self, first: int) -> RowPlace | int:
        """The row of a first sample; else where to look: -1 before, 1 behind this shard."""
        while True:
            for row in self._rows:
                if row.first == first:
                    return row
            if self._rows and first < self._rows[-1].first:
                return -1 if first < self._rows[0].first else 0
            if self._end is None:
                return 1
            head = read_head(self.file, self._end)
            if head is not None:
                self._rows += head.rows
            self._end = None if head is None else head.end
