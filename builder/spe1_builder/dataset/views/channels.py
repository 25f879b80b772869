"""Which channels a view shows."""

from __future__ import annotations

import numpy as np

from spe1_builder.dataset.spikes.cell import CellSpikes
from spe1_builder.dataset.views.view import ViewColumn


def channel_columns(n_channels: int) -> tuple[ViewColumn, ViewColumn]:
    """The columns that say which channels a row shows, and where they are."""
    return (
        ViewColumn(
            "channel_ids",
            "list<int32>",
            "",
            f"the {n_channels} good channels nearest to the peak channel, ascending",
        ),
        ViewColumn("channel_positions_um", "list<list<float32>>", "µm", "`[n][2]`: their x and y"),
    )


def nearest_channels(cell: CellSpikes, n_channels: int) -> np.ndarray:
    """The channels nearest to the peak channel, itself among them, without the bad ones.

    Of two at one distance the lower comes first. Bad channels are left out, since nothing in a
    row would tell them: a reference site in the place of a signal misleads every localizer.

    Parameters
    ----------
    cell : CellSpikes
    n_channels : int
        How many; fewer, if there are no more good ones.

    Returns
    -------
    np.ndarray
        int32 (n_channels,), ascending.
    """
    positions_um = cell.template.positions_um.astype(np.float64)
    distances_um = np.hypot(*(positions_um - positions_um[cell.metadata.peak_channel]).T)
    order = np.argsort(distances_um, kind="stable")
    is_good = ~np.isin(order, cell.metadata.bad_channel_ids)
    return np.sort(order[is_good][:n_channels]).astype(np.int32)
