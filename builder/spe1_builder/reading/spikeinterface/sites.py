"""Probe and channel properties of a recording."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from spe1_builder.constants import N_CHANNELS, REFERENCE_CHANNELS
from spe1_builder.probe import make_probe

if TYPE_CHECKING:
    from spikeinterface.core import BaseRecording

#: Channels that one converter of the probe serves in turn, and turns in a sample: the
#: thirteenth is of the LFP band. [probeinterface's table of Neuropixels 1.0, by which
#: SpikeInterface and IBL read the release's probe, Phase 3A, too]
_CHANNELS_PER_ADC = 12
_TURNS_PER_SAMPLE = 13
REFERENCE_LABEL = "reference"


def inter_sample_shifts() -> np.ndarray:
    """When each channel is sampled, as a share of the sample: float64 (N_CHANNELS,).

    Even channels of 24 neighbours share one converter, odd ones another.
    """
    channel = np.arange(N_CHANNELS)
    turn = channel % (2 * _CHANNELS_PER_ADC) // 2
    return turn / _TURNS_PER_SAMPLE


def attach_probe(recording: BaseRecording, positions_um: np.ndarray) -> None:
    """The probe, in place in every version of SpikeInterface."""
    import warnings

    with warnings.catch_warnings():
        # 0.105 is always in place and deprecates the word that 0.102 needs.
        warnings.filterwarnings("ignore", message=".*in_place", category=Warning)
        recording.set_probe(make_probe(positions_um), in_place=True)


def mark_channels(recording: BaseRecording, detected: Mapping[str, str] | None) -> None:
    """Say which channels are the reference sites, and which were found bad.

    Parameters
    ----------
    recording : BaseRecording
        Of all channels.
    detected : mapping of str to str, or None
        Labels ("dead", "noise", "out") by channel; None where nobody has looked.
    """
    labels = np.full(N_CHANNELS, "good" if detected is not None else "unknown", dtype="<U9")
    for channel, label in (detected or {}).items():
        labels[int(channel)] = label
    is_reference = np.zeros(N_CHANNELS, dtype=bool)
    is_reference[list(REFERENCE_CHANNELS)] = True
    labels[is_reference] = REFERENCE_LABEL
    recording.set_property("is_reference", is_reference)
    recording.set_property("quality", labels)
    if detected is not None:
        recording.set_property("is_bad", labels != "good")
