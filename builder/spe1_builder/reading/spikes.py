"""The ground-truth spikes of built cells as a table."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spe1_builder.cells import expand_cells
from spe1_builder.dataset.metadata import ConversionMetadata, read_model
from spe1_builder.errors import OutputError
from spe1_builder.layout import METADATA_NAME, RootLayout
from spe1_builder.paths import local_path
from spe1_builder.reading.arrays import cell_folder
from spe1_builder.reading.catalogue import require_root

if TYPE_CHECKING:
    import pyarrow as pa

#: How often a cell is read that is replaced meanwhile.
_TRIES = 5


def spikes(root: str | Path = "spe1", cells: str | Iterable[str] | None = None) -> pa.Table:
    """The ground-truth spikes of built cells, in float64, without decoding a row.

    ``ctt`` in the rows holds the same times; ``with_format("numpy")`` and ``"torch"`` turn it
    into float32, which is too coarse. Amplitudes are read from the mapped rows, on one channel.

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
        the row, as in ``ctt``; ``spike_index``, from 0 in each cell; ``patch_time_s``, the time
        of the patch sample that the spike was found at, on the same clock as ``time_s`` but not
        rounded to 30 kHz (null for cells built before data 1.2.0); ``amplitude_uV`` on the peak
        channel, where the cell's template has its peak, with its sign (null where that lies
        outside the window); ``isi_s`` since the spike before in the cell (null for the first);
        ``burst_index``, 0 for a lone spike and the first of a burst, then 1, 2, ..., as long as
        intervals are below 10 ms. ``.to_pandas()`` makes a data frame,
        ``polars.from_arrow(spikes)`` and ``duckdb.sql("from spikes")`` take it as it is.

    Raises
    ------
    MissingFileError
        The root, or a cell that was named, is not there.
    UnknownCellError
        SPE-1 has no such cell.
    OptionError
        The root is no path of this machine, or ``cells`` names none.
    OutputError
        A cell's ``patch.npz``, template, rows or metadata are damaged.

    Examples
    --------
    >>> import spe1
    >>> table = spe1.spikes("spe1", "c14")
    >>> table.column_names[:6]
    ['cell_id', 'split', 'row', 'time_s', 'sample', 'time_in_row_ms']
    >>> table.column_names[6:]
    ['spike_index', 'patch_time_s', 'amplitude_uV', 'isi_s', 'burst_index']
    >>> one = table.slice(0, 1).to_pylist()[0]
    >>> one["split"], round(one["time_s"] * 30_000) == one["sample"]
    ('train', True)
    >>> 0 <= one["patch_time_s"] - one["time_s"] < 1 / 30_000
    True
    """
    from spe1_builder.dataset.spikes.columns import spike_table

    folder = require_root(local_path(root, "root"))
    names = RootLayout(folder).built_cells() if cells is None else expand_cells(cells)
    return spike_table([_read_cell(cell_folder(name, folder)) for name in names])


def _read_cell(folder: Path) -> list[Any]:
    """The values of one cell's columns, all of one build."""
    from spe1_builder.dataset.spikes.cell import read_cell_spikes
    from spe1_builder.dataset.spikes.columns import spike_values

    for _ in range(_TRIES):
        before = _fingerprint(folder)
        try:
            values = spike_values(read_cell_spikes(folder))
        except OutputError:
            if _fingerprint(folder) == before:
                raise
            continue
        if _fingerprint(folder) == before:
            return values
    raise OutputError(
        "The cell is being replaced while it is read.", where=folder, do="try again in a moment"
    )


def _fingerprint(folder: Path) -> str:
    return read_model(folder / METADATA_NAME, ConversionMetadata).provenance.fingerprint
