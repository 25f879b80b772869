"""The view ``cells``: a row for each built cell, with its picture."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from spe1_builder.cells import get_cell
from spe1_builder.constants import NPX_RATE_HZ
from spe1_builder.dataset.metadata import ConversionMetadata
from spe1_builder.dataset.spikes.arrow import column, contents, lists, texts
from spe1_builder.dataset.spikes.cell import CellSpikes
from spe1_builder.dataset.views.view import IMAGE, View, ViewColumn
from spe1_builder.disk.bounded import read_bounded
from spe1_builder.errors import OutputError
from spe1_builder.layout import QUICKLOOK_NAME

#: The picture has 100 to 200 kB; a row beyond 2 MB is too much for the Hub's viewer.
_MOST_PICTURE_BYTES = 1_900_000

_COLUMNS = (
    ViewColumn("cell_id", "string", "", "name of the cell, and of the config that has its traces"),
    ViewColumn("origin", "string", "", "`recorded`, `semi-real` or `simulated`"),
    ViewColumn("patch_type", "string", "", "as the release calls it: `Juxta, VC`, `WC, IC`, ..."),
    ViewColumn("patch_kind", "string", "", "as `patch.npz` calls it: `juxta` or `wc-ic`"),
    ViewColumn("clamp", "string", "", "`vc` (voltage clamp) or `ic` (current clamp)"),
    ViewColumn("patch_units", "string", "", "of the patch trace: `pA` or `mV`"),
    ViewColumn("n_spikes", "int64", "", "ground-truth spikes of the analysis window"),
    ViewColumn("n_train_rows", "int64", "", "segments of the split train"),
    ViewColumn("n_test_rows", "int64", "", "segments of the split test"),
    ViewColumn("duration_s", "float64", "s", "length of the analysis window"),
    ViewColumn("gt_channel", "int32", "", "electrode nearest to the patched soma, the target"),
    ViewColumn("gt_x_um", "float64", "µm", "its place across the probe"),
    ViewColumn("gt_y_um", "float64", "µm", "its place along the probe"),
    ViewColumn("distance_um", "float64", "µm", "from soma to that electrode, by the release"),
    ViewColumn("depth_um", "float64", "µm", "of the soma below the pia, by the release"),
    ViewColumn("bad_channel_ids", "list<int32>", "", "detected bad channels and reference sites"),
    ViewColumn("peak_channel", "int32", "", "of the template, among the others"),
    ViewColumn("template_peak_to_peak_uV", "float64", "µV", "of the template on the peak channel"),
    ViewColumn("n_warnings", "int64", "", "what was measured and speaks against the cell"),
    ViewColumn("data_version", "string", "", "of the data's meaning, as the metadata has it"),
    ViewColumn("fingerprint", "string", "", "of what the cell was built from"),
    ViewColumn("quicklook", IMAGE, "", "the picture `patch_quicklook.png`"),
)


def _n_rows(metadata: ConversionMetadata, split: str) -> int:
    return 1


def _arrays(cell: CellSpikes, split: str) -> Iterator[dict[str, pa.Array]]:
    metadata = cell.metadata
    known, patch = get_cell(metadata.cell_id), metadata.patch
    x_um, y_um, _ = metadata.unit_locations_um["0"]
    peak_uV = cell.template.mean_uV[:, metadata.peak_channel].astype(np.float64)
    values: dict[str, str | int | float] = {
        "cell_id": metadata.cell_id,
        "origin": metadata.provenance.kind,
        "patch_type": patch.release_type,
        "patch_kind": patch.type,
        "clamp": patch.clamp,
        "patch_units": patch.units,
        "n_spikes": metadata.n_spikes_total,
        "n_train_rows": metadata.splits["train"].rows,
        "n_test_rows": metadata.splits["test"].rows,
        "duration_s": metadata.analysis_window.n_samples / NPX_RATE_HZ,
        "gt_channel": metadata.gt_electrode_chan_idx,
        "gt_x_um": x_um,
        "gt_y_um": y_um,
        "distance_um": known.distance_um,
        "depth_um": known.depth_um,
        "peak_channel": metadata.peak_channel,
        "template_peak_to_peak_uV": float(np.ptp(peak_uV)),
        "n_warnings": len(metadata.warnings),
        "data_version": metadata.provenance.data_version,
        "fingerprint": metadata.provenance.fingerprint,
    }
    kinds = {column.name: column.kind for column in _COLUMNS}
    arrays = {
        name: texts([value]) if isinstance(value, str) else column(np.array([value], kinds[name]))
        for name, value in values.items()
    }
    arrays["bad_channel_ids"] = lists(np.array([metadata.bad_channel_ids], np.int32))
    arrays["quicklook"] = _picture(cell)
    yield arrays


def _picture(cell: CellSpikes) -> pa.Array:
    content = read_bounded(
        cell.folder / QUICKLOOK_NAME,
        _MOST_PICTURE_BYTES,
        "The picture of the cell",
        error=OutputError,
        do="build the cell again (spe1 build --force)",
    )
    name = f"{cell.metadata.cell_id}_{QUICKLOOK_NAME}"
    return pa.StructArray.from_arrays([contents([content]), texts([name])], ["bytes", "path"])


CELLS = View(
    name="cells",
    holds="one row for each built cell: how it was patched, its counts, the ground-truth "
    "electrode, its template's size, and its picture",
    version=1,
    splits=("train",),
    columns=_COLUMNS,
    n_rows=_n_rows,
    arrays=_arrays,
)
