"""What the datasets give: one window and what is known of it."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from spe1_builder.reading.torch.cell import TrainingCell


class SpikeWindow(NamedTuple):
    """A window of `SpikeWindows`; of a batch, each field has one more axis in front.

    Attributes
    ----------
    window_uV : Tensor
        float32 (n_channels, n_samples); its own memory, which may be written to.
    label : int
        1: the patched neuron's spike lies in it; 0: background, without one.
    time_samples : Tensor
        float32 (): where the spike lies, in samples from the first of the window, with its
        fraction where the cell tells it (`CellWindows.time_source`). NaN for background.
    channel : int
        Which of the window's channels is the unit's peak channel; -1 if none is.
    channel_id : int
        The peak channel's number on the probe, 0 to 383.
    location_um : Tensor
        float32 (2,): x, y of the electrode nearest to the patched soma. It belongs to the
        cell, and stands in its background windows too.
    positions_um : Tensor
        float32 (n_channels, 2): x, y of the window's channels.
    cell : str
        Id of the cell, such as "c14".
    start : int
        The window's first sample, counted from the start of the cell's analysis window.
    spike_index : int
        Which of the cell's spikes it is, from 0, as in `spe1.spikes`; -1 for background.
    """

    window_uV: Tensor
    label: int
    time_samples: Tensor
    channel: int
    channel_id: int
    location_um: Tensor
    positions_um: Tensor
    cell: str
    start: int
    spike_index: int


class RandomWindow(NamedTuple):
    """A window of `RandomWindows`; of a batch, each field has one more axis in front.

    Attributes
    ----------
    window_uV : Tensor
        float32 (n_channels, n_samples); its own memory, which may be written to.
    label : int
        1 if the patched neuron spikes in it, else 0.
    is_spike : Tensor
        bool (n_samples,): true at the sample of each of its spikes.
    channel, channel_id : int
        As of `SpikeWindow`.
    location_um, positions_um : Tensor
        As of `SpikeWindow`.
    cell : str
        Id of the cell.
    start : int
        The window's first sample, counted from the start of the cell's analysis window.
    """

    window_uV: Tensor
    label: int
    is_spike: Tensor
    channel: int
    channel_id: int
    location_um: Tensor
    positions_um: Tensor
    cell: str
    start: int


def known_of(cell: TrainingCell) -> dict[str, Any]:
    """The fields that say of which cell a window is; its own memory, too."""
    facts = cell.facts
    return {
        "channel": facts.channel,
        "channel_id": facts.peak_channel,
        "location_um": torch.from_numpy(np.array(facts.location_um, dtype=np.float32)),
        "positions_um": torch.from_numpy(facts.positions_um.copy()),
        "cell": cell.cell_id,
    }
