"""Single spikes to look at: the patch trace, the traces around the peak channel, who found them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from html import escape
from pathlib import Path
from string import Template
from typing import Any

import numpy as np

from spe1_builder.benchmark.sorting.cell import SortingCell, open_sorting_cell
from spe1_builder.benchmark.sorting.schema import SortingBenchmark
from spe1_builder.benchmark.sorting.schema_cells import SortedCell
from spe1_builder.constants import NPX_RATE_HZ
from spe1_builder.errors import Spe1Error
from spe1_builder.layout import RootLayout
from spe1_builder.packaged import packaged_text

#: Bounds of the page: some 120 kB a cell.
MOST_CELLS, MOST_SPIKES = 12, 24
_N_CHANNELS, _HALF_SAMPLES = 8, 75
_PATCH_POINTS = 150


@dataclass(frozen=True)
class BrowsedCell:
    """What the page shows of a cell, as plain values.

    Attributes
    ----------
    cell_id : str
    patch_units : str
    half_ms : float
        Shown before and after a spike.
    channels : list of int
        From the tip upwards.
    sorters : list of str
    spikes : list of dict
        ``time_s``; ``traces`` in uV, a list a channel; ``patch`` in its units; ``found``, a 0 or
        1 of each sorter.
    """

    cell_id: str
    patch_units: str
    half_ms: float
    channels: list[int]
    sorters: list[str]
    spikes: list[dict[str, Any]]


def browser_html(result: SortingBenchmark, root: Path) -> str:
    """The browser as a section's HTML; empty where no cell's rows are in the root."""
    cells = []
    for cell in result.scored[:MOST_CELLS]:
        browsed = _browse(cell, root, result.parameters.n_channels)
        if browsed is not None:
            cells.append(vars(browsed))
    if not cells:
        return ""
    # A "</" would end the script that holds the values.
    data = json.dumps(cells, allow_nan=False, separators=(",", ":")).replace("</", "<\\/")
    n_left = len(result.scored) - len(cells)
    note = f" {n_left} more cells are not shown." if n_left else ""
    return Template(packaged_text("benchmark/sorting/browser.html")).substitute(
        data=data, note=escape(note)
    )


def _browse(cell: SortedCell, root: Path, n_channels: int) -> BrowsedCell | None:
    try:
        opened = open_sorting_cell(RootLayout(root).cell(cell.cell_id), n_channels)
        if opened.metadata.provenance.fingerprint != cell.fingerprint:
            return None  # rebuilt since: its spikes are others
        return _browsed(cell, opened)
    except (Spe1Error, OSError):
        return None  # a result is shown wherever its cells have gone


def _browsed(cell: SortedCell, opened: SortingCell) -> BrowsedCell:
    told = [one for one in cell.sorters if one.score is not None]
    found = np.ones((len(told), len(opened.truth)), dtype=bool)
    for row, one in zip(found, told, strict=True):
        row[one.missed] = False
    channels = _near_peak(opened)
    patch, patch_s = (opened.spikes.patch_array(name) for name in ("patch_v", "t_patch_s"))
    spikes = []
    for index in choose_spikes(opened, found).tolist():
        sample = int(opened.truth[index])
        traces_uV = opened.traces.window_uV(
            channels, sample - _HALF_SAMPLES, sample + _HALF_SAMPLES
        )
        edges_s = (np.array([-_HALF_SAMPLES, _HALF_SAMPLES]) + sample) / NPX_RATE_HZ
        first, last = np.searchsorted(patch_s, edges_s)
        around = patch[first:last].astype(np.float64)
        at = np.linspace(0, max(len(around) - 1, 0), min(len(around), _PATCH_POINTS))
        spikes.append(
            {
                "time_s": round(sample / NPX_RATE_HZ, 4),
                "traces": np.rint(traces_uV).astype(int).tolist(),
                "patch": [float(f"{value:.4g}") for value in around[at.astype(np.int64)]],
                "found": found[:, index].astype(int).tolist(),
            }
        )
    names = [one.sorter.replace("_", " ") for one in told]
    units = opened.metadata.patch.units
    half_ms = _HALF_SAMPLES / NPX_RATE_HZ * 1000.0
    return BrowsedCell(cell.cell_id, units, half_ms, channels.tolist(), names, spikes)


def choose_spikes(opened: SortingCell, found: np.ndarray) -> np.ndarray:
    """Spikes to show: as many that somebody missed as that all found, spread over the window.

    Parameters
    ----------
    opened : SortingCell
    found : np.ndarray
        bool (n_sorters, n_spikes).

    Returns
    -------
    np.ndarray
        int64 (n,), ascending indices.
    """
    truth = opened.truth
    is_whole = (truth >= _HALF_SAMPLES) & (truth + _HALF_SAMPLES <= opened.n_samples)
    by_all = found.all(axis=0)
    kinds = [np.flatnonzero(is_whole & ~by_all), np.flatnonzero(is_whole & by_all)]
    half = MOST_SPIKES // 2
    sizes = [max(half, MOST_SPIKES - len(other)) for other in (kinds[1], kinds[0])]
    chosen = [
        kind[np.linspace(0, len(kind) - 1, min(len(kind), size)).astype(np.int64)]
        for kind, size in zip(kinds, sizes, strict=True)
        if len(kind)
    ]
    return np.sort(np.concatenate([*chosen, np.empty(0, np.int64)]))


def _near_peak(opened: SortingCell) -> np.ndarray:
    """The sorter's channels nearest to the peak channel: int64, from the tip upwards."""
    positions_um = opened.spikes.template.positions_um
    away_um = positions_um[opened.channels] - positions_um[opened.peak_channel]
    nearest = np.argsort(np.hypot(*away_um.T), kind="stable")[:_N_CHANNELS]
    return np.sort(opened.channels[nearest])
