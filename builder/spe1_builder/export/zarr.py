"""SpikeInterface's own zarr folders: the recording, and the patched neuron beside it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from spe1_builder.export.check import require_same_spikes, require_same_traces
from spe1_builder.export.signal import PIECE_SAMPLES, Signal, digest_of, piece_bounds
from spe1_builder.export.source import CellSource
from spe1_builder.progress import Progress, stage
from spe1_builder.reading.spikeinterface.opening import open_ground_truth

if TYPE_CHECKING:
    from spikeinterface.core import BaseRecording

RECORDING_NAME = "recording.zarr"
SORTING_NAME = "ground_truth.zarr"


def write_zarr(folder: Path, source: CellSource, signal: Signal, progress: Progress) -> str:
    """Write both; returns the traces' hash, read back."""
    from spikeinterface.core import NumpySorting, load

    from spe1_builder.reading.spikeinterface.ground_truth import UNIT_ID

    recording = folder / RECORDING_NAME
    with stage(progress, "write", 1, "folders"):
        _as_stored(signal).save(
            format="zarr",
            folder=recording,
            n_jobs=1,
            chunk_size=PIECE_SAMPLES,
            progress_bar=False,
            verbose=False,
        )
    written = digest_of(signal.pieces(progress, "check"))
    digest = digest_of(_stored_pieces(load(recording)))
    require_same_traces(recording, written, digest)
    sorting = folder / SORTING_NAME
    # By itself: a sorting that has a recording warns that it is saved without.
    truth = NumpySorting.from_sorting(open_ground_truth(source.folder), with_metadata=True)
    truth.save(format="zarr", folder=sorting, verbose=False)
    read = load(sorting).get_unit_spike_train(UNIT_ID)
    require_same_spikes(sorting, source.spikes.samples, read)
    return digest


def _as_stored(signal: Signal) -> BaseRecording:
    """The recording in the signal's data type, by SpikeInterface's own steps."""
    if signal.dtype == "float32":
        return signal.recording
    from spikeinterface.preprocessing import astype, scale

    scaled = scale(signal.recording, gain=1 / signal.uV_per_bit, offset=0.0, dtype="float32")
    counts: BaseRecording = astype(scaled, "int16", round=True)
    counts.set_channel_gains(signal.uV_per_bit)
    counts.set_channel_offsets(0.0)
    return counts


def _stored_pieces(recording: BaseRecording) -> Iterator[np.ndarray]:
    for start, stop in piece_bounds(recording.get_num_samples()):
        yield recording.get_traces(start_frame=start, end_frame=stop)
