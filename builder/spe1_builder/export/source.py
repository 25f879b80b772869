"""A built cell, opened for its export."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from spe1_builder import __version__
from spe1_builder.constants import CITATION, LICENSE_NAME, N_CHANNELS, NPX_RATE_HZ
from spe1_builder.dataset.metadata import ConversionMetadata
from spe1_builder.dataset.spikes.cell import CellSpikes, read_cell_spikes
from spe1_builder.errors import OptionError
from spe1_builder.export.formats import Format
from spe1_builder.export.model import Exported
from spe1_builder.export.signal import Signal
from spe1_builder.reading.spikeinterface.opening import open_recording
from spe1_builder.reading.spikeinterface.place import find_cell
from spe1_builder.reading.traces import channel_index

if TYPE_CHECKING:
    from spikeinterface.core import BaseRecording


@dataclass(frozen=True, eq=False)
class CellSource:
    """What the formats take from a cell.

    Attributes
    ----------
    folder : Path
    channels : np.ndarray
        int64 (n_channels,): those that are exported, in their order.
    recording : spikeinterface.core.BaseRecording
        float32 uV of these channels, one segment.
    spikes : CellSpikes
        Of the patched neuron.
    """

    folder: Path
    channels: np.ndarray
    recording: BaseRecording
    spikes: CellSpikes

    @property
    def metadata(self) -> ConversionMetadata:
        return self.spikes.metadata

    @property
    def window_start_s(self) -> float:
        return self.metadata.analysis_window.start_sample / NPX_RATE_HZ

    @property
    def positions_um(self) -> np.ndarray:
        """float64 (n_channels, 2), um (x, y)."""
        return np.asarray(self.recording.get_channel_locations(), dtype=np.float64)

    @property
    def is_bad(self) -> np.ndarray:
        """bool (n_channels,)."""
        return np.asarray(self.recording.get_property("is_bad"), dtype=bool)

    @property
    def template_uV(self) -> np.ndarray:
        """float32 (n_template_samples, n_channels): the mean spike."""
        return self.spikes.template.mean_uV[:, self.channels]

    @property
    def peak(self) -> int:
        """Where the neuron is largest among the exported channels that are good: an index.

        The cell's peak channel if it is among them. All bad: the largest of these.
        """
        (found,) = np.nonzero(self.channels == self.metadata.peak_channel)
        if len(found):
            return int(found[0])
        size_uV = np.abs(self.template_uV).max(axis=0)
        return int(np.where(self.is_bad & ~self.is_bad.all(), -1.0, size_uV).argmax())

    def told(self, to: Format, path: Path, signal: Signal | None, digest: str | None) -> Exported:
        """What an export of this cell says of itself."""
        metadata = self.metadata
        return Exported(
            path=path,
            cell_id=metadata.cell_id,
            to=to,
            origin=metadata.provenance.kind,
            fingerprint=metadata.provenance.fingerprint,
            data_version=metadata.provenance.data_version,
            spe1_version=__version__,
            sampling_frequency_hz=NPX_RATE_HZ,
            n_samples=metadata.analysis_window.n_samples,
            window_start_s=self.window_start_s,
            channel_ids=self.channels.tolist(),
            bad_channel_ids=self.channels[self.is_bad].tolist(),
            dtype=None if signal is None else signal.dtype,
            uV_per_bit=None if signal is None else signal.uV_per_bit,
            traces_xxh3_128=digest,
            n_spikes=len(self.spikes.samples),
            preprocessing=metadata.source_metadata.preprocessing,
            license=LICENSE_NAME,
            citation=CITATION,
        )


def open_source(cell: str | Path, root: str | Path, channels: Any) -> CellSource:
    """Open a cell for its export.

    Raises
    ------
    UnknownCellError, OptionError, MissingFileError, OutputError
        As `spe1.open_recording`; or the channels cannot be exported.
    """
    chosen = np.arange(N_CHANNELS)[channel_index(channels)]
    if not len(chosen) or len(np.unique(chosen)) != len(chosen):
        raise OptionError(
            "These channels cannot be exported.",
            where="channels",
            expected="at least one, each once",
            got=f"{chosen.tolist()!r:.200}",
            do="leave channels out for all of them",
        )
    place = find_cell(cell, root, None)
    if place.split is not None:
        raise OptionError(
            "One split is no cell.",
            where="cell",
            got=str(cell),
            do=f"export the whole cell: {place.folder}",
        )
    recording = open_recording(place.folder)
    return CellSource(
        folder=place.folder,
        channels=chosen,
        recording=recording.select_channels(recording.channel_ids[chosen]),
        spikes=read_cell_spikes(place.folder),
    )
