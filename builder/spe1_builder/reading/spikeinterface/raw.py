"""The release's own files of a cell as SpikeInterface objects."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from spikeinterface.core import BinaryRecordingExtractor, NumpySorting

from spe1_builder.cells import get_cell
from spe1_builder.constants import GAIN_UV_PER_BIT, N_CHANNELS, NPX_RATE_HZ
from spe1_builder.layout import RawLayout
from spe1_builder.probe import nominal_positions_um, read_positions_um
from spe1_builder.reading.spikeinterface.ground_truth import UNIT_ID, set_unit_facts
from spe1_builder.reading.spikeinterface.sites import (
    attach_probe,
    inter_sample_shifts,
    mark_channels,
)
from spe1_builder.source.recording.patch import find_ground_truth
from spe1_builder.source.recording.raw import RawCell, open_raw_cell
from spe1_builder.source.simulation.truth import origin_of

if TYPE_CHECKING:
    from spikeinterface.core import BaseRecording, BaseSorting

_KNOWN_SHIFT = "Neuropixels 1.0 (Phase 3A): 12 channels a converter, 13 turns a sample"
_NO_SHIFT = "none: the simulator samples all channels at once"


def raw_recording(cell_id: str, raw_dir: Path) -> BaseRecording:
    """As `spe1_builder.reading.spikeinterface.opening.open_raw`."""
    return _recording(open_raw_cell(raw_dir, cell_id), raw_dir)


def raw_ground_truth(cell_id: str, raw_dir: Path) -> BaseSorting:
    """Every spike of the recording, on the samples of the raw file."""
    raw = open_raw_cell(raw_dir, cell_id)
    cell = get_cell(cell_id)
    ground_truth = find_ground_truth(raw, cell.patch_type)
    sorting = NumpySorting.from_unit_dict({UNIT_ID: ground_truth.npx_samples}, NPX_RATE_HZ)
    x_um, y_um = _positions_um(raw_dir)[cell.chan_predicted].tolist()
    set_unit_facts(sorting, cell, [x_um, y_um, 0.0], peak_channel=None)
    origin = origin_of(raw_dir, cell_id, raw.files)
    sorting.annotate(
        cell_id=cell_id,
        simulated=origin != "recorded",
        origin=origin,
        spike_source=ground_truth.source,
    )
    sorting.register_recording(_recording(raw, raw_dir))
    return sorting


def _positions_um(raw_dir: Path) -> np.ndarray:
    """The release's map; a copy of single cells may lack it, and the formula is equal."""
    path = RawLayout(raw_dir).chan_map
    return read_positions_um(path) if path.exists() else nominal_positions_um()


def _recording(raw: RawCell, raw_dir: Path) -> BaseRecording:
    origin = origin_of(raw_dir, raw.cell_id, raw.files)
    is_recorded = origin == "recorded"
    recording = BinaryRecordingExtractor(
        file_paths=[raw.npx_path],
        sampling_frequency=NPX_RATE_HZ,
        num_channels=N_CHANNELS,
        dtype="int16",
        t_starts=[0.0],
        time_axis=0,
        gain_to_uV=GAIN_UV_PER_BIT,
        offset_to_uV=0.0,
        is_filtered=False,
    )
    attach_probe(recording, _positions_um(raw_dir))
    mark_channels(recording, None)
    if is_recorded:
        recording.set_property("inter_sample_shift", inter_sample_shifts())
    recording.annotate(
        cell_id=raw.cell_id,
        simulated=not is_recorded,
        origin=origin,
        inter_sample_shift=_KNOWN_SHIFT if is_recorded else _NO_SHIFT,
    )
    return recording
