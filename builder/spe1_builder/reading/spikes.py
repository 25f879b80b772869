"""The ground-truth spikes of built cells as a table, from their small files."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from spe1_builder.cells import expand_cells
from spe1_builder.constants import NPX_RATE_HZ
from spe1_builder.dataset.findings import Report
from spe1_builder.dataset.metadata import ConversionMetadata, read_model
from spe1_builder.dataset.sidecars.npz import read_arrays
from spe1_builder.dataset.sidecars.patch import ARRAYS
from spe1_builder.errors import OptionError, OutputError
from spe1_builder.layout import METADATA_NAME, PATCH_NAME, RootLayout
from spe1_builder.paths import local_path
from spe1_builder.reading.arrays import cell_folder
from spe1_builder.reading.catalogue import require_root

if TYPE_CHECKING:
    import pyarrow as pa

_TIMES = "spike_times_s"
#: Spikes are whole samples but for rounding.
_SAMPLE_TOLERANCE = 1e-6


@dataclass(frozen=True, eq=False)
class CellSpikes:
    """What the columns of one cell are made from.

    Attributes
    ----------
    metadata : ConversionMetadata
    times_s : np.ndarray
        float64 (n_spikes,), from the start of the analysis window, as in ``patch.npz``.
    """

    metadata: ConversionMetadata
    times_s: np.ndarray

    @cached_property
    def samples(self) -> np.ndarray:
        """int64 (n_spikes,), samples of the analysis window."""
        return np.rint(self.times_s * NPX_RATE_HZ).astype(np.int64)

    @property
    def segment_samples(self) -> int:
        return round(self.metadata.segment_duration_s * NPX_RATE_HZ)

    @property
    def is_train(self) -> np.ndarray:
        """bool (n_spikes,)."""
        return np.asarray(self.samples < self.metadata.splits["train"].samples)

    @property
    def segments(self) -> np.ndarray:
        """int64 (n_spikes,): segments of the window that the spikes lie in."""
        return np.asarray(self.samples // self.segment_samples)

    @property
    def rows(self) -> np.ndarray:
        """int64 (n_spikes,): the same, counted in each split from 0."""
        n_train = self.metadata.splits["train"].rows
        return np.where(self.is_train, self.segments, self.segments - n_train)

    @property
    def times_in_row_ms(self) -> np.ndarray:
        """float64 (n_spikes,): what stands in ``ctt``."""
        in_row = self.samples - self.segments * self.segment_samples
        return np.asarray(in_row / (NPX_RATE_HZ / 1000.0))


@dataclass(frozen=True)
class SpikeColumn:
    """A column of the table.

    Attributes
    ----------
    name : str
    kind : str
        Its Arrow type.
    values : callable
        Of a cell's spikes: (n_spikes,).
    """

    name: str
    kind: str
    values: Callable[[CellSpikes], Any]


COLUMNS = (
    SpikeColumn("cell_id", "string", lambda cell: [cell.metadata.cell_id] * len(cell.times_s)),
    SpikeColumn("split", "string", lambda cell: np.where(cell.is_train, "train", "test").tolist()),
    SpikeColumn("row", "int64", lambda cell: cell.rows),
    SpikeColumn("time_s", "float64", lambda cell: cell.times_s),
    SpikeColumn("sample", "int64", lambda cell: cell.samples),
    SpikeColumn("time_in_row_ms", "float64", lambda cell: cell.times_in_row_ms),
)


def spikes(root: str | Path = "spe1", cells: str | Iterable[str] | None = None) -> pa.Table:
    """The ground-truth spikes of built cells, in float64, without decoding a row.

    ``ctt`` in the rows holds the same times; ``with_format("numpy")`` and ``"torch"`` turn it
    into float32, which is too coarse.

    Parameters
    ----------
    root : str or Path
        Dataset root.
    cells : str or iterable of str, optional
        Ids of cells or names of sets; default: all that are built there.

    Returns
    -------
    pyarrow.Table
        One row a spike, cell after cell, in the order of time: ``cell_id``; ``split``
        ("train" or "test"); ``row``, its index in the split; ``time_s`` from the start of the
        analysis window; ``sample`` at 30 kHz, likewise; ``time_in_row_ms`` from the start of
        the row, as in ``ctt``. ``.to_pandas()`` makes a data frame.

    Raises
    ------
    MissingFileError
        The root, or a cell that was named, is not there.
    UnknownCellError
        SPE-1 has no such cell.
    OptionError
        The root is no path of this machine, or ``cells`` names none.
    OutputError
        A cell's ``patch.npz`` or metadata is damaged.

    Examples
    --------
    >>> import spe1
    >>> table = spe1.spikes("spe1", "c14")
    >>> table.column_names
    ['cell_id', 'split', 'row', 'time_s', 'sample', 'time_in_row_ms']
    >>> one = table.slice(0, 1).to_pylist()[0]
    >>> one["split"], round(one["time_s"] * 30_000) == one["sample"]
    ('train', True)
    """
    import pyarrow as pa

    folder = require_root(local_path(root, "root"))
    names = RootLayout(folder).built_cells() if cells is None else cell_names(cells)
    read = [read_cell_spikes(cell_folder(name, folder)) for name in names]
    schema = pa.schema([(column.name, column.kind) for column in COLUMNS])
    tables = [
        pa.table({column.name: column.values(cell) for column in COLUMNS}, schema=schema)
        for cell in read
    ]
    return pa.concat_tables(tables) if tables else schema.empty_table()


def cell_names(cells: Any) -> list[str]:
    """Ids of the cells that one name or several mean; exceptions as `spikes`."""
    try:
        names = [cells] if isinstance(cells, str) else list(cells)
    except TypeError:  # not only what lacks __iter__: an array of no dimension has it
        names = [cells]
    if not all(isinstance(name, str) for name in names):
        raise OptionError(
            "Cells are named by their ids.",
            where="cells",
            expected="'c14', or ['c14', 'c15'], or the name of a set",
            got=f"{cells!r:.200}",
            do="leave cells out for all that are built",
        )
    return expand_cells(names)


def read_cell_spikes(folder: Path) -> CellSpikes:
    """The spikes of one cell.

    Raises
    ------
    MissingFileError, OutputError
        Its ``patch.npz`` or metadata is missing or damaged.
    """
    metadata = read_model(folder / METADATA_NAME, ConversionMetadata)
    report, path = Report(), folder / PATCH_NAME
    # Only this array is read; that there are others is no fault here.
    times_s = read_arrays(path, {_TIMES: ARRAYS[_TIMES]}, report.at(PATCH_NAME)).get(_TIMES)
    if times_s is None:
        raise _damaged(path, "; ".join(finding.what for finding in report.findings()))
    samples = times_s * NPX_RATE_HZ
    inside = (samples > -0.5) & (samples < metadata.analysis_window.n_samples)
    if not (inside & (np.abs(samples - np.rint(samples)) <= _SAMPLE_TOLERANCE)).all():
        raise _damaged(path, "spike times that are no samples of the analysis window")
    if len(times_s) != metadata.n_spikes_total or (np.diff(times_s) <= 0).any():
        raise _damaged(path, f"{len(times_s)} spikes, or not in the order of time")
    if not metadata.segment_duration_s * NPX_RATE_HZ >= 1:
        raise _damaged(folder / METADATA_NAME, "a segment of no samples")
    return CellSpikes(metadata, times_s)


def _damaged(path: Path, got: str) -> OutputError:
    return OutputError(
        f"{path.name} does not hold the spikes of its cell.",
        where=path,
        got=got,
        do="see what is wrong: spe1 verify; then build the cell again (spe1 build --force)",
    )
