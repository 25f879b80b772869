"""The columns that a table of spikes has."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from spe1_builder.dataset.spikes.arrow import column, texts
from spe1_builder.dataset.spikes.cell import CellSpikes


@dataclass(frozen=True)
class SpikeColumn:
    """A column of the table.

    Attributes
    ----------
    name : str
    kind : str
        Its Arrow type.
    values : callable
        Of a cell's spikes: (n_spikes,). NaN is a null in it.
    """

    name: str
    kind: str
    values: Callable[[CellSpikes], Any]


def _patch_times_s(cell: CellSpikes) -> np.ndarray:
    times_s = cell.patch_times_s
    return np.full(len(cell.samples), np.nan) if times_s is None else times_s


COLUMNS = (
    SpikeColumn("cell_id", "string", lambda cell: [cell.metadata.cell_id] * len(cell.times_s)),
    SpikeColumn("split", "string", lambda cell: np.where(cell.is_train, "train", "test").tolist()),
    SpikeColumn("row", "int64", lambda cell: cell.rows),
    SpikeColumn("time_s", "float64", lambda cell: cell.times_s),
    SpikeColumn("sample", "int64", lambda cell: cell.samples),
    SpikeColumn("time_in_row_ms", "float64", lambda cell: cell.times_in_row_ms),
    SpikeColumn("spike_index", "int64", lambda cell: np.arange(len(cell.samples))),
    SpikeColumn("patch_time_s", "float64", _patch_times_s),
    SpikeColumn("amplitude_uV", "float32", lambda cell: cell.amplitudes_uV),
    SpikeColumn("isi_s", "float64", lambda cell: cell.intervals_s),
    SpikeColumn("burst_index", "int64", lambda cell: cell.burst_indices),
)

SCHEMA = pa.schema([(column.name, column.kind) for column in COLUMNS])


def spike_values(cell: CellSpikes) -> list[Any]:
    """The values of each column, for one cell.

    Raises
    ------
    OutputError
        A file of the cell is damaged.
    """
    return [column.values(cell) for column in COLUMNS]


def spike_table(cells: Sequence[list[Any]]) -> pa.Table:
    """Cells, one after the other, as one table; each column is one piece of memory."""
    if not cells:
        return SCHEMA.empty_table()
    columns = []
    for wanted, parts in zip(COLUMNS, zip(*cells, strict=True), strict=True):
        if wanted.kind == "string":
            columns.append(texts([text for part in parts for text in part]))
            continue
        values = np.concatenate(parts).astype(wanted.kind, copy=False)
        columns.append(column(values, ~np.isnan(values) if values.dtype.kind == "f" else None))
    return pa.Table.from_arrays(columns, schema=SCHEMA)
