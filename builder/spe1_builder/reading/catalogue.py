"""The 43 cells as a table: the catalogue, and what of it is built."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spe1_builder.cells import Cell, catalogue
from spe1_builder.dataset.metadata import ConversionMetadata
from spe1_builder.errors import MissingFileError
from spe1_builder.layout import METADATA_NAME, RootLayout
from spe1_builder.paths import local_path
from spe1_builder.reading.arrays import is_there
from spe1_builder.reading.built import (
    BuiltCell,
    duration_s,
    rate_hz,
    read_built,
    size_bytes,
    spike_source,
)

if TYPE_CHECKING:
    import pyarrow as pa


#: The one type that has no name of Arrow's.
_STRINGS = "list<string>"


@dataclass(frozen=True)
class CatalogueRow:
    """What the columns of one row are made from.

    Attributes
    ----------
    cell : Cell
    has_root : bool
        Whether a root was looked at.
    built : BuiltCell or None
        What is there of it; None where nothing is.
    """

    cell: Cell
    has_root: bool
    built: BuiltCell | None


@dataclass(frozen=True)
class CatalogueColumn:
    """A column of the table.

    Attributes
    ----------
    name : str
    kind : str
        Its Arrow type.
    value : callable
        Of a row; None is null.
    """

    name: str
    kind: str
    value: Callable[[CatalogueRow], Any]

    @property
    def arrow_type(self) -> pa.DataType:
        """The same as Arrow's own."""
        import pyarrow as pa

        return pa.list_(pa.string()) if self.kind == _STRINGS else pa.type_for_alias(self.kind)


def _known(name: str, kind: str, value: Callable[[Cell], Any]) -> CatalogueColumn:
    """A column of what the release says."""
    return CatalogueColumn(name, kind, lambda row: value(row.cell))


def _built(name: str, kind: str, value: Callable[[ConversionMetadata], Any]) -> CatalogueColumn:
    """A column of what the build has recorded; null where there is no such record."""

    def of(row: CatalogueRow) -> Any:
        if row.built is None or row.built.metadata is None:
            return None
        return value(row.built.metadata)

    return CatalogueColumn(name, kind, of)


def _agreement(data: ConversionMetadata, name: str) -> float | None:
    found = data.ground_truth_agreement
    return None if found is None else getattr(found, name)


#: In the order of the table: the release's first, then those of what is built.
COLUMNS = (
    _known("cell_id", "string", lambda cell: cell.cell_id),
    _known("patch_type", "string", lambda cell: cell.patch_type.release_name),
    _known("clamp", "string", lambda cell: cell.patch_type.clamp),
    _known("patch_units", "string", lambda cell: cell.patch_type.units),
    _known("cell_type", "string", lambda cell: cell.cell_type),
    _known("sets", _STRINGS, lambda cell: list(cell.sets)),
    _known("recording_length_min", "float64", lambda cell: cell.recording_length_min),
    _known("n_patch_spikes", "int64", lambda cell: cell.n_patch_spikes),
    _known("gt_channel", "int64", lambda cell: cell.chan_predicted),
    _known("highest_channel", "int64", lambda cell: cell.chan_highest),
    _known("distance_um", "float64", lambda cell: cell.distance_um),
    _known("depth_um", "float64", lambda cell: cell.depth_um),
    _known("peak_to_peak_uV", "float64", lambda cell: cell.jta_peak_to_peak_uV),
    _known("patch_rate_hz", "float64", lambda cell: cell.patch_rate_hz),
    CatalogueColumn("is_built", "bool", lambda r: r.built is not None if r.has_root else None),
    CatalogueColumn("problem", "string", lambda row: row.built and row.built.problem),
    _built("is_simulated", "bool", lambda data: data.provenance.simulated),
    _built("origin", "string", lambda data: data.provenance.kind),
    _built("n_spikes", "int64", lambda data: data.n_spikes_total),
    _built("rate_hz", "float64", rate_hz),
    _built("duration_s", "float64", duration_s),
    _built("n_train_rows", "int64", lambda data: data.splits["train"].rows),
    _built("n_test_rows", "int64", lambda data: data.splits["test"].rows),
    _built("peak_channel", "int64", lambda data: data.peak_channel),
    _built("gt_x_um", "float64", lambda data: data.unit_locations_um["0"][0]),
    _built("gt_y_um", "float64", lambda data: data.unit_locations_um["0"][1]),
    _built("n_bad_channels", "int64", lambda data: len(data.bad_channel_ids)),
    CatalogueColumn(
        "template_peak_to_peak_uV",
        "float64",
        lambda row: row.built and row.built.template_peak_to_peak_uV,
    ),
    _built("spike_source", "string", spike_source),
    _built("spike_recall", "float64", lambda data: _agreement(data, "recall")),
    _built("spike_precision", "float64", lambda data: _agreement(data, "precision")),
    _built("n_warnings", "int64", lambda data: len(data.warnings)),
    _built("size_bytes", "int64", size_bytes),
    _built("data_version", "string", lambda data: data.provenance.data_version),
    _built("fingerprint", "string", lambda data: data.provenance.fingerprint),
    CatalogueColumn("folder", "string", lambda row: row.built and str(row.built.folder)),
)


def cells(root: str | Path | None = None) -> pa.Table:
    """The catalogue of the release and what of it is built: one row a cell, in its order.

    Parameters
    ----------
    root : str or Path, optional
        Dataset root; tells which cells are built there, and how. ``~`` is the home folder.

    Returns
    -------
    pyarrow.Table
        What the release says of each cell: ``cell_id``; ``patch_type``, ``clamp`` ("vc" or
        "ic"), ``patch_units``; ``cell_type`` ("PC" or "IN"); ``sets`` that hold it;
        ``recording_length_min``; ``n_patch_spikes`` of the whole recording; ``gt_channel``, the
        electrode nearest to the soma (0-based), and ``highest_channel``, that of the largest
        mean spike; ``distance_um`` from soma to electrode, ``depth_um`` below the pia;
        ``peak_to_peak_uV`` of the mean spike; ``patch_rate_hz`` on the Neuropixels clock.

        ``is_built``, null without a root, and of each built cell (null for the others):
        ``problem``, null unless something is damaged (the row stands, with nulls for what cannot
        be read); ``is_simulated``; ``origin`` ("recorded", "semi-real" or "simulated");
        ``n_spikes``, ``rate_hz`` and ``duration_s`` of the analysis window; ``n_train_rows``,
        ``n_test_rows``; ``peak_channel``, that of the template;
        ``gt_x_um``, ``gt_y_um`` of the ground-truth electrode; ``n_bad_channels``;
        ``template_peak_to_peak_uV`` on the peak channel; ``spike_source`` ("file" or "detect");
        ``spike_recall``, ``spike_precision`` of detection on the patch trace against the
        release's list; ``n_warnings``; ``size_bytes`` of its files; ``data_version``,
        ``fingerprint``, ``folder``.

        ``.to_pandas()`` makes a data frame, as does ``polars.from_arrow(cells)``; duckdb reads
        it by the variable's name, ``duckdb.sql("from cells")``.

    Raises
    ------
    OptionError
        The root is no path of this machine.
    MissingFileError
        There is no such folder.

    Examples
    --------
    >>> import spe1
    >>> table = spe1.cells("spe1")
    >>> table.num_rows, table.filter(table["is_built"])["cell_id"].to_pylist()
    (43, ['c14'])
    >>> [row] = table.filter(table["is_built"]).to_pylist()
    >>> row["n_train_rows"], row["n_test_rows"], row["is_simulated"], row["problem"]
    (4, 2, True, None)
    """
    import pyarrow as pa

    layout = None if root is None else RootLayout(require_root(local_path(root, "root")))
    schema = pa.schema([(column.name, column.arrow_type) for column in COLUMNS])
    rows = []
    for cell in catalogue().values():
        built = None if layout is None else read_built(layout, cell.cell_id)
        rows.append(_row(CatalogueRow(cell, layout is not None, built)))
    return pa.Table.from_pylist(rows, schema=schema)


def _row(row: CatalogueRow) -> dict[str, Any]:
    """The values of a row that its columns can hold."""
    import pyarrow as pa

    values, unfit = {}, []
    for column in COLUMNS:
        try:
            value = column.value(row)
            pa.scalar(value, column.arrow_type)
        except (pa.ArrowException, OverflowError, UnicodeError):
            # Metadata that were changed can hold any whole number.
            unfit.append(column.name)
            value = None
        values[column.name] = value
    if unfit:
        told = f"impossible values of {', '.join(unfit)}"
        values["problem"] = "; ".join(filter(None, [values["problem"], told]))
    return values


def require_root(root: Path) -> Path:
    """The root, if it is a folder.

    Raises
    ------
    MissingFileError, AccessError, OptionError
        It is not, or nobody can know.
    """
    if not is_there(root, Path.is_dir):
        raise MissingFileError(
            "There is no such dataset root.",
            where=root,
            do="name the folder that spe1 build wrote into (--root)",
        )
    is_there(root / METADATA_NAME)  # may its files be read?
    return root
