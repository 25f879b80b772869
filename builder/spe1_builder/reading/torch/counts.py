"""What a dataset of windows holds of each cell."""

from __future__ import annotations

from dataclasses import dataclass

from spe1_builder.reading.torch.cell import TimeSource


@dataclass(frozen=True)
class CellWindows:
    """One cell's part of `SpikeWindows`.

    Attributes
    ----------
    cell_id : str
    n_spikes, n_background : int
        Windows of either kind.
    n_left_out : int
        Spikes of the split that have no window, because it would reach beyond the split.
    peak_channel : int
        On the probe, 0 to 383.
    location_um : tuple of float
        x, y of the electrode nearest to the soma.
    channel_ids : tuple of int
        The windows' channels, on the probe.
    time_source : str
        What ``time_samples`` is taken from: "patch_time_s", the patch electrode's own
        clock, to a fraction of a sample; or "sample", the whole sample, in cells that were
        built before the former was kept.
    """

    cell_id: str
    n_spikes: int
    n_background: int
    n_left_out: int
    peak_channel: int
    location_um: tuple[float, float]
    channel_ids: tuple[int, ...]
    time_source: TimeSource
