"""What a view is: a table with some rows of every built cell, made and described in one place."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

import pyarrow as pa

from spe1_builder.dataset.metadata import ConversionMetadata
from spe1_builder.dataset.spikes.cell import CellSpikes
from spe1_builder.errors import OutputError

#: A picture as ``datasets`` keeps it: the whole file, and its name.
IMAGE = "image"
IMAGE_TYPE = pa.struct([("bytes", pa.binary()), ("path", pa.string())])

#: What reading a damaged cell, or calculating with nonsense in it, ends in.
_DAMAGE = (ValueError, LookupError, TypeError, ArithmeticError, pa.lib.ArrowException)


@dataclass(frozen=True)
class ViewColumn:
    """A column of a view.

    Attributes
    ----------
    name : str
    kind : str
        Its Arrow type, such as ``float32`` or ``list<int32>``; or `IMAGE`.
    unit : str
        Empty where there is none.
    meaning : str
        As the documentation says; Markdown.
    """

    name: str
    kind: str
    unit: str
    meaning: str

    @property
    def arrow_type(self) -> pa.DataType:
        return _arrow_type(self.kind)

    @property
    def shown_kind(self) -> str:
        """The type in a table of Markdown."""
        return "Image" if self.kind == IMAGE else f"`{self.kind}`"


def _arrow_type(kind: str) -> pa.DataType:
    if kind == IMAGE:
        return IMAGE_TYPE
    if kind.startswith("list<"):
        return pa.list_(_arrow_type(kind.removeprefix("list<").removesuffix(">")))
    return pa.type_for_alias(kind)


@dataclass(frozen=True, eq=False)
class View:
    """One kind of view.

    Attributes
    ----------
    name : str
        Of its config and its folder.
    holds : str
        What is in it, as the card says; Markdown.
    version : int
        Goes up when other rows are made of the same cell.
    splits : tuple of str
    columns : tuple of ViewColumn
    n_rows : callable
        ``n_rows(metadata, split)``: rows of a cell.
    arrays : callable
        ``arrays(cell, split)``: those rows, some at a time, as Arrow arrays by column. The same
        cell gives the same.
    """

    name: str
    holds: str
    version: int
    splits: tuple[str, ...]
    columns: tuple[ViewColumn, ...]
    n_rows: Callable[[ConversionMetadata, str], int]
    arrays: Callable[[CellSpikes, str], Iterator[dict[str, pa.Array]]]

    @cached_property
    def schema(self) -> pa.Schema:
        return pa.schema([(column.name, column.arrow_type) for column in self.columns])

    def batches(self, cell: CellSpikes, split: str) -> Iterator[pa.RecordBatch]:
        """The rows of a cell.

        Raises
        ------
        OutputError
            The cell is damaged.
        """
        n_rows = 0
        parts = self.arrays(cell, split)
        while True:
            try:
                arrays = next(parts, None)
            except _DAMAGE as error:
                raise self._damaged(cell, f"{type(error).__name__}: {error}") from error
            if arrays is None:
                break
            batch = pa.RecordBatch.from_arrays(
                [arrays[column.name] for column in self.columns], schema=self.schema
            )
            n_rows += batch.num_rows
            yield batch
        if n_rows != self.n_rows(cell.metadata, split):
            got = f"{n_rows} rows of {split}, {self.n_rows(cell.metadata, split)} in the metadata"
            raise self._damaged(cell, got)

    def _damaged(self, cell: CellSpikes, got: str) -> OutputError:
        return OutputError(
            f"{cell.metadata.cell_id} cannot be shown in the view {self.name}.",
            where=cell.folder,
            got=got,
            do="see what is wrong: spe1 verify; then build the cell again (spe1 build --force)",
        )
