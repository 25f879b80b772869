"""The patched neuron as a SpikeInterface sorting of one unit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from spikeinterface.core import BaseSorting, BaseSortingSegment

from spe1_builder.cells import Cell, get_cell
from spe1_builder.constants import NPX_RATE_HZ
from spe1_builder.dataset.metadata import ConversionMetadata
from spe1_builder.dataset.spikes.cell import read_cell_spikes
from spe1_builder.reading.spikeinterface.cell_recording import Spe1Recording
from spe1_builder.reading.spikeinterface.lean import LeanExtractor
from spe1_builder.reading.spikeinterface.place import Segments, read_metadata

#: As in the rows (``cit``) and the metadata.
UNIT_ID = 0


class Spe1GroundTruth(LeanExtractor, BaseSorting):
    """Use `spe1_builder.reading.spikeinterface.opening.open_ground_truth`.

    Parameters as those of `Spe1Recording`, which is registered with it.
    """

    def __init__(
        self,
        folder_path: str,
        split: str | None = None,
        segments: Segments = "one",
        fingerprint: str | None = None,
    ):
        folder = Path(folder_path)
        metadata = read_metadata(folder, fingerprint)
        recording = Spe1Recording(folder_path, split, segments, metadata.provenance.fingerprint)
        super().__init__(sampling_frequency=NPX_RATE_HZ, unit_ids=[UNIT_ID])
        samples = read_cell_spikes(folder).samples
        fill_sorting(self, samples, recording.spans, metadata)
        self.register_recording(recording)
        self._made(
            folder_path=str(folder.absolute()),
            split=split,
            segments=segments,
            fingerprint=metadata.provenance.fingerprint,
        )


def fill_sorting(
    sorting: BaseSorting,
    samples: np.ndarray,
    spans: list[tuple[int, int]],
    metadata: ConversionMetadata,
) -> None:
    """Segments, properties and annotations of a cell's sorting.

    Parameters
    ----------
    sorting : BaseSorting
        Of the one unit, still empty.
    samples : np.ndarray
        int64 (n_spikes,), samples of the analysis window.
    spans : list of tuple of int
        First and last sample of each segment, as in the recording.
    metadata : ConversionMetadata
    """
    for first, last in spans:
        inside = samples[(samples >= first) & (samples < last)]
        sorting.add_sorting_segment(OneUnitSegment(inside - first))
    set_unit_facts(
        sorting,
        get_cell(metadata.cell_id),
        location_um=metadata.unit_locations_um[str(UNIT_ID)],
        peak_channel=metadata.peak_channel,
    )
    sorting.annotate(
        cell_id=metadata.cell_id,
        simulated=metadata.provenance.simulated,
        origin=metadata.provenance.kind,
        spike_source=metadata.source_metadata.spike_source,
        fingerprint=metadata.provenance.fingerprint,
    )


class OneUnitSegment(BaseSortingSegment):
    """Spikes of the one unit, samples of its segment: int64 (n_spikes,), ascending."""

    def __init__(self, samples: np.ndarray):
        super().__init__()
        self._samples = samples

    def get_unit_spike_train(
        self, unit_id: Any, start_frame: int | None = None, end_frame: int | None = None
    ) -> np.ndarray:
        first = 0 if start_frame is None else np.searchsorted(self._samples, start_frame)
        last = None if end_frame is None else np.searchsorted(self._samples, end_frame)
        train: np.ndarray = self._samples[first:last]
        return train


def set_unit_facts(
    sorting: BaseSorting, cell: Cell, location_um: list[float], peak_channel: int | None
) -> None:
    """Properties of the unit: where it is, and how it was patched.

    Parameters
    ----------
    sorting : BaseSorting
        Of the one unit.
    cell : Cell
    location_um : list of float
        (x, y, z) of the electrode nearest to the soma.
    peak_channel : int, optional
        Of the template's largest value, where there is a template.
    """
    facts = {
        "gt_location": np.array([location_um], dtype=np.float64),
        "gt_channel": [cell.chan_predicted],
        "patch_type": [cell.patch_type.release_name],
        "clamp": [cell.patch_type.clamp],
        "cell_type": [cell.cell_type],
        "distance_um": [cell.distance_um],
        "depth_um": [cell.depth_um],
    }
    if peak_channel is not None:
        facts["peak_channel"] = [peak_channel]
    for name, values in facts.items():
        sorting.set_property(name, values)
