"""The 43 cells as a table."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from spe1_builder.cells import catalogue
from spe1_builder.errors import MissingFileError
from spe1_builder.layout import METADATA_NAME, RootLayout
from spe1_builder.paths import local_path
from spe1_builder.reading.arrays import is_there

if TYPE_CHECKING:
    import pyarrow as pa


def cells(root: str | Path | None = None) -> pa.Table:
    """The catalogue of the release: one row a cell, in its order.

    Parameters
    ----------
    root : str or Path, optional
        Dataset root; tells which cells are built there. ``~`` is the home folder.

    Returns
    -------
    pyarrow.Table
        ``cell_id``; ``patch_type``, ``clamp`` ("vc" or "ic"), ``patch_units``; ``cell_type``
        ("PC" or "IN"); ``sets`` that hold it; ``recording_length_min``; ``n_patch_spikes`` of
        the whole recording; ``gt_channel``, the electrode nearest to the soma (0-based), and
        ``highest_channel``, that of the largest mean spike; ``distance_um`` from soma to
        electrode, ``depth_um`` below the pia; ``peak_to_peak_uV`` of the mean spike;
        ``patch_rate_hz`` on the Neuropixels clock; ``is_built``, null without a root.
        ``.to_pandas()`` makes a data frame.

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
    """
    import pyarrow as pa

    built = None
    if root is not None:
        built = set(RootLayout(require_root(local_path(root, "root"))).built_cells())
    rows = [
        {
            "cell_id": cell.cell_id,
            "patch_type": cell.patch_type.release_name,
            "clamp": cell.patch_type.clamp,
            "patch_units": cell.patch_type.units,
            "cell_type": cell.cell_type,
            "sets": list(cell.sets),
            "recording_length_min": cell.recording_length_min,
            "n_patch_spikes": cell.n_patch_spikes,
            "gt_channel": cell.chan_predicted,
            "highest_channel": cell.chan_highest,
            "distance_um": cell.distance_um,
            "depth_um": cell.depth_um,
            "peak_to_peak_uV": cell.jta_peak_to_peak_uV,
            "patch_rate_hz": cell.patch_rate_hz,
            "is_built": None if built is None else cell.cell_id in built,
        }
        for cell in catalogue().values()
    ]
    number, whole, text = pa.float64(), pa.int64(), pa.string()
    schema = pa.schema(
        {
            "cell_id": text,
            "patch_type": text,
            "clamp": text,
            "patch_units": text,
            "cell_type": text,
            "sets": pa.list_(text),
            "recording_length_min": number,
            "n_patch_spikes": whole,
            "gt_channel": whole,
            "highest_channel": whole,
            "distance_um": number,
            "depth_um": number,
            "peak_to_peak_uV": number,
            "patch_rate_hz": number,
            "is_built": pa.bool_(),
        }
    )
    return pa.Table.from_pylist(rows, schema=schema)


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
