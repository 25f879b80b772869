"""``templates.npz``: the mean spike on every channel."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from spe1_builder.constants import N_CHANNELS, NPX_RATE_HZ
from spe1_builder.dataset.findings import Place
from spe1_builder.dataset.metadata import ConversionMetadata
from spe1_builder.dataset.sidecars.facts import CellFacts
from spe1_builder.dataset.sidecars.npz import Arrays, read_arrays
from spe1_builder.dataset.sidecars.sidecar import CheckedCell, RowTotals, Sidecar
from spe1_builder.layout import METADATA_NAME, TEMPLATES_NAME
from spe1_builder.signal.template import MIN_SPIKES, Template

ARRAYS: Arrays = {
    "templates": ("float32", (1, None, N_CHANNELS)),
    "sampling_frequency": ("float64", ()),
    "probe_positions": ("float32", (N_CHANNELS, 2)),
    "nbefore": ("int64", ()),
    "nafter": ("int64", ()),
}
#: The template is stored in float32 and was averaged over other ranges.
TOLERANCE_UV = 1e-3


def write_templates(path: Path, facts: CellFacts) -> None:
    """Write the contract's five arrays, no pickles."""
    template = facts.template
    np.savez(
        path,
        templates=template.mean_uV[np.newaxis],
        sampling_frequency=NPX_RATE_HZ,
        probe_positions=facts.plan.positions_um,
        nbefore=template.n_before,
        nafter=template.n_after,
    )


def check_templates(path: Path, cell: CheckedCell) -> dict[str, np.ndarray]:
    """Hold the arrays to the metadata and the channel map; returns those that are usable."""
    found = cell.at(TEMPLATES_NAME)
    arrays = read_arrays(path, ARRAYS, found)
    _check_with_metadata(arrays, cell.metadata, found)
    stored_um = arrays.get("probe_positions")
    if cell.positions_um is None or stored_um is None:
        return arrays
    if not np.array_equal(stored_um, cell.positions_um):
        n_off = int((stored_um != cell.positions_um).any(axis=1).sum())
        found.add("probe_positions are not chanMap.mat's", got=f"{n_off} differ")
    return arrays


def _check_with_metadata(
    arrays: Mapping[str, np.ndarray], metadata: ConversionMetadata, found: Place
) -> None:
    """``templates.npz`` with the metadata: the window, the peak channel, the target."""
    template = metadata.template_metadata
    for name, expected in (
        ("sampling_frequency", NPX_RATE_HZ),
        ("nbefore", template.nbefore),
        ("nafter", template.nafter),
    ):
        if name in arrays:
            found.equal(name, expected, arrays[name].item())
    if template.n_spikes_used < MIN_SPIKES:
        found.add("spikes of the template", expected="2 or more", got=template.n_spikes_used)
    if "probe_positions" in arrays:
        x_um, y_um = arrays["probe_positions"][metadata.gt_electrode_chan_idx].tolist()
        target, got = [x_um, y_um, 0.0], metadata.unit_locations_um["0"]
        found.equal("position of gt_electrode_chan_idx, unit_locations_um", target, got)
    if "templates" not in arrays:
        return
    mean_uV = arrays["templates"][0]
    found.equal("samples", template.nbefore + template.nafter, len(mean_uV))
    if not np.isfinite(mean_uV).all():
        found.add("values of templates", expected="finite", got="NaN or infinity")
    elif mean_uV.size:
        template_uV = Template(mean_uV, 0, len(mean_uV), 0, 0)
        bad = tuple(channel for channel in metadata.bad_channel_ids if channel < N_CHANNELS)
        peak = template_uV.peak_channel(bad)
        found.equal("unit_peak_channel", peak, metadata.peak_channel)


def check_against_rows(
    arrays: Mapping[str, np.ndarray], cell: CheckedCell, rows: RowTotals
) -> None:
    """The template against the mean over the rows' spikes."""
    used = cell.metadata.n_spikes_used_for_templates
    n_used, mean_uV = rows.n_template_spikes, rows.template_uV
    cell.at(METADATA_NAME).equal("spikes used for the template", n_used, used)
    stored_uV = arrays.get("templates")
    if stored_uV is None or stored_uV.shape[1:] != mean_uV.shape or not n_used:
        return
    off_uV = np.abs(stored_uV[0] - mean_uV)
    if not off_uV.max() <= TOLERANCE_UV:
        channel = int(off_uV.max(axis=0).argmax())
        cell.at(TEMPLATES_NAME).add(
            "template against the mean over the rows' spikes",
            expected=f"within {TOLERANCE_UV} uV",
            got=f"{off_uV.max():.3g} uV off on channel {channel}, {n_used} spikes",
        )


TEMPLATES = Sidecar(
    name=TEMPLATES_NAME,
    holds="`templates` float32 [1, n, 384] uV: mean over all spikes; `probe_positions` float32 "
    "[384, 2] um; `nbefore`, `nafter`, `sampling_frequency`",
    write=write_templates,
    check=check_templates,
    check_rows=check_against_rows,
)
