"""A cell that lies elsewhere as SpikeInterface's objects."""

from __future__ import annotations

import numpy as np
from spikeinterface.core import BaseRecording, BaseSorting

from spe1_builder.constants import N_CHANNELS, NPX_RATE_HZ
from spe1_builder.dataset.spikes.cell import read_spike_times, samples_of
from spe1_builder.layout import PATCH_NAME, SPLITS, TEMPLATES_NAME
from spe1_builder.reading.afar.cell import FarCell
from spe1_builder.reading.afar.rows import FarRows
from spe1_builder.reading.spikeinterface.cell_recording import CellRows, fill_recording
from spe1_builder.reading.spikeinterface.ground_truth import UNIT_ID, fill_sorting
from spe1_builder.reading.spikeinterface.lean import LeanExtractor
from spe1_builder.reading.spikeinterface.place import Segments, require_segments


class Spe1FarRecording(LeanExtractor, BaseRecording):
    """Use `spe1_builder.reading.spikeinterface.opening.open_recording`.

    Parameters
    ----------
    url : str
        Of the cell's folder.
    split : str, optional
    segments : {"one", "rows", "train_test"}
    fingerprint : str, optional
        Of the build that it must be.
    """

    def __init__(
        self,
        url: str,
        split: str | None = None,
        segments: Segments = "one",
        fingerprint: str | None = None,
    ):
        require_segments(segments, is_split=split is not None)
        splits = (split,) if split else SPLITS
        rows = FarRows(url, splits, fingerprint)
        #: The cell, of one commit on the Hub.
        self.cell: FarCell = rows.cell
        metadata = self.cell.metadata
        super().__init__(
            sampling_frequency=NPX_RATE_HZ, channel_ids=np.arange(N_CHANNELS), dtype="float32"
        )
        cell_rows = CellRows(rows, splits, metadata)
        #: First and last sample of each segment, from the start of the analysis window.
        self.spans = cell_rows.spans(segments)
        fill_recording(self, cell_rows, self.spans, metadata, self.cell.file(TEMPLATES_NAME))
        self._made(
            url=self.cell.url,
            split=split,
            segments=segments,
            fingerprint=metadata.provenance.fingerprint,
        )


class Spe1FarGroundTruth(LeanExtractor, BaseSorting):
    """Use `spe1_builder.reading.spikeinterface.opening.open_ground_truth`.

    Parameters as those of `Spe1FarRecording`, which is registered with it.
    """

    def __init__(
        self,
        url: str,
        split: str | None = None,
        segments: Segments = "one",
        fingerprint: str | None = None,
    ):
        recording = Spe1FarRecording(url, split, segments, fingerprint)
        cell, metadata = recording.cell, recording.cell.metadata
        super().__init__(sampling_frequency=NPX_RATE_HZ, unit_ids=[UNIT_ID])
        times_s, _ = read_spike_times(cell.file(PATCH_NAME), metadata)
        fill_sorting(self, samples_of(times_s), recording.spans, metadata)
        self.register_recording(recording)
        self._made(
            url=cell.url,
            split=split,
            segments=segments,
            fingerprint=metadata.provenance.fingerprint,
        )
