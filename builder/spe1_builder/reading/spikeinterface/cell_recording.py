"""The preprocessed traces of a built cell as a SpikeInterface recording."""

from __future__ import annotations

from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
from spikeinterface.core import BaseRecording, BaseRecordingSegment

from spe1_builder.constants import N_CHANNELS, NPX_RATE_HZ, PREPROCESSING
from spe1_builder.dataset.metadata import ConversionMetadata
from spe1_builder.dataset.sidecars.npz import Openable
from spe1_builder.disk.pages import release_pages
from spe1_builder.errors import OutputError
from spe1_builder.layout import SPLITS, TEMPLATES_NAME
from spe1_builder.reading.afar.rows import FarRow
from spe1_builder.reading.rows import Rows, ShardRows
from spe1_builder.reading.sidecars import read_positions_um
from spe1_builder.reading.spikeinterface.lean import LeanExtractor
from spe1_builder.reading.spikeinterface.place import Segments, read_metadata, require_segments
from spe1_builder.reading.spikeinterface.sites import attach_probe, mark_channels

#: Rows whose pages one segment keeps in memory, 138 MB each at 3 s. Pages of files: the
#: system takes them back when it needs them, but what measures a process counts them.
_ROWS_KEPT = 8
#: Why a recording has no ``inter_sample_shift``.
_NO_SHIFT = (
    "not set: the median over channels was subtracted sample by sample; to correct the "
    "converters' delays first, start from spe1.open_raw"
)


class Spe1Recording(LeanExtractor, BaseRecording):
    """Use `spe1_builder.reading.spikeinterface.opening.open_recording`.

    Parameters
    ----------
    folder_path : str
        The cell's folder.
    split : str, optional
    segments : {"one", "rows", "train_test"}
    fingerprint : str, optional
        Of the build that it must be.
    """

    def __init__(
        self,
        folder_path: str,
        split: str | None = None,
        segments: Segments = "one",
        fingerprint: str | None = None,
    ):
        require_segments(segments, is_split=split is not None)
        folder = Path(folder_path)
        metadata = read_metadata(folder, fingerprint)
        super().__init__(
            sampling_frequency=NPX_RATE_HZ, channel_ids=np.arange(N_CHANNELS), dtype="float32"
        )
        splits = (split,) if split else SPLITS
        rows = CellRows(ShardRows(folder, splits), splits, metadata)
        #: First and last sample of each segment, from the start of the analysis window.
        self.spans = rows.spans(segments)
        fill_recording(self, rows, self.spans, metadata, folder / TEMPLATES_NAME)
        self._made(
            folder_path=str(folder.absolute()),
            split=split,
            segments=segments,
            fingerprint=metadata.provenance.fingerprint,
        )


def fill_recording(
    recording: BaseRecording,
    rows: CellRows,
    spans: list[tuple[int, int]],
    metadata: ConversionMetadata,
    templates: Openable,
) -> None:
    """Segments, probe, properties and annotations of a cell's recording.

    Parameters
    ----------
    recording : BaseRecording
        Of all channels, still empty.
    rows : CellRows
    spans : list of tuple of int
        First and last sample of each segment, from the start of the analysis window.
    metadata : ConversionMetadata
    templates : Openable
        The cell's ``templates.npz``.
    """
    for first, last in spans:
        recording.add_recording_segment(Spe1RecordingSegment(rows, first, last))
    recording.set_channel_gains(1.0)
    recording.set_channel_offsets(0.0)
    attach_probe(recording, read_positions_um(templates))
    mark_channels(recording, metadata.detected_bad_channels)
    recording.annotate(is_filtered=True, **_annotations(metadata))


def _annotations(metadata: ConversionMetadata) -> dict[str, Any]:
    """What a recording tells of itself; values that JSON has."""
    return {
        "cell_id": metadata.cell_id,
        "dataset": metadata.source_metadata.dataset,
        "simulated": metadata.provenance.simulated,
        "origin": metadata.provenance.kind,
        "units": metadata.units,
        "preprocessing": PREPROCESSING,
        "patch_type": metadata.patch.release_type,
        "gt_channel": metadata.gt_electrode_chan_idx,
        "peak_channel": metadata.peak_channel,
        "window_start_s": metadata.analysis_window.start_sample / NPX_RATE_HZ,
        "warnings": [warning.message for warning in metadata.warnings],
        "inter_sample_shift": _NO_SHIFT,
        "data_version": metadata.provenance.data_version,
        "fingerprint": metadata.provenance.fingerprint,
    }


class CellRows:
    """The rows of a cell in order, of which the pages of the latest stay in memory.

    Parameters
    ----------
    rows : Rows
        Of the splits, on this machine or elsewhere.
    splits : tuple of str
    metadata : ConversionMetadata
    """

    def __init__(self, rows: Rows, splits: tuple[str, ...], metadata: ConversionMetadata):
        self._rows = rows
        self.window_start = metadata.analysis_window.start_sample
        n_train = metadata.splits["train"].samples
        n_all = metadata.analysis_window.n_samples
        begins = {"train": (0, n_train), "test": (n_train, n_all)}
        self._split_spans = [begins[split] for split in splits]
        self.firsts = self._rows.firsts
        lengths = [self._rows.traces_uV(i).shape[1] for i in range(len(self.firsts))]
        self.lasts = self.firsts + lengths
        spans = np.array([self._split_spans[0][0], self._split_spans[-1][1]])
        meets = np.array_equal(self.firsts[1:], self.lasts[:-1])
        if not (meets and spans.tolist() == [self.firsts[0], self.lasts[-1]]):
            raise OutputError(
                "The rows are not those that the metadata tells of.",
                where=rows.where,
                expected=f"samples [{spans[0]}, {spans[1]}) without a gap",
                got=f"[{self.firsts[0]}, {self.lasts[-1]})",
                do="see what is wrong: spe1 verify; then build the cell again",
            )
        self._kept: OrderedDict[int, np.ndarray | FarRow] = OrderedDict()

    def spans(self, segments: Segments) -> list[tuple[int, int]]:
        """First and last sample of each segment, counted from the start of the window."""
        if segments == "rows":
            return list(zip(self.firsts.tolist(), self.lasts.tolist(), strict=True))
        if segments == "train_test":
            return self._split_spans
        return [(int(self.firsts[0]), int(self.lasts[-1]))]

    def _row_uV(self, index: int) -> np.ndarray | FarRow:
        """float32 (N_CHANNELS, n_samples), a view of the file if that is here."""
        traces_uV = self._kept.pop(index, None)
        if traces_uV is None:
            traces_uV = self._rows.traces_uV(index)
        self._kept[index] = traces_uV
        while len(self._kept) > _ROWS_KEPT:
            oldest = self._kept.popitem(last=False)[1]
            if isinstance(oldest, np.ndarray):
                release_pages(oldest)
        return traces_uV

    def read_uV(self, start: int, stop: int, channels: Any) -> np.ndarray:
        """Samples [start, stop) from the start of the window: float32 (n_samples, n_channels).

        A view of the file where they lie in one row and ``channels`` is a slice.
        """
        low = int(np.searchsorted(self.firsts, start, side="right")) - 1
        high = int(np.searchsorted(self.firsts, stop, side="left"))
        if high - low <= 1:
            first = int(self.firsts[low])
            traces_uV: np.ndarray = self._row_uV(low)[channels, start - first : stop - first]
            return traces_uV.T
        n_channels = len(np.arange(N_CHANNELS)[channels])
        # Channel by channel, as in the file: each piece is one copy in a row.
        joined_uV = np.empty((n_channels, stop - start), dtype=np.float32)
        for index in range(low, high):
            first, last = max(start, int(self.firsts[index])), min(stop, int(self.lasts[index]))
            offset = int(self.firsts[index])
            piece_uV = self._row_uV(index)[channels, first - offset : last - offset]
            joined_uV[:, first - start : last - start] = piece_uV
        return joined_uV.T


class Spe1RecordingSegment(BaseRecordingSegment):
    """Samples [first, last) of a cell, counted from the start of its analysis window."""

    def __init__(self, rows: CellRows, first: int, last: int):
        # On the clock of the raw recording, so that both can be shown beside each other.
        t_start = (rows.window_start + first) / NPX_RATE_HZ
        super().__init__(sampling_frequency=NPX_RATE_HZ, t_start=t_start)
        self._rows, self._first, self._last = rows, first, last

    def get_num_samples(self) -> int:
        return self._last - self._first

    def get_traces(
        self,
        start_frame: int | None = None,
        end_frame: int | None = None,
        channel_indices: Any = None,
    ) -> np.ndarray:
        n_samples = self.get_num_samples()
        start = 0 if start_frame is None else max(0, int(start_frame))
        stop = n_samples if end_frame is None else min(n_samples, int(end_frame))
        channels = slice(None) if channel_indices is None else channel_indices
        if stop <= start:
            return np.empty((0, len(np.arange(N_CHANNELS)[channels])), dtype=np.float32)
        return self._rows.read_uV(self._first + start, self._first + stop, channels)
