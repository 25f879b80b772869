"""The recording that a sorter's process is given: a flat file, and what it has been through."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from spe1_builder.constants import N_CHANNELS, NPX_RATE_HZ
from spe1_builder.dataset.metadata import AnalysisWindow, ConversionMetadata
from spe1_builder.disk.space import require_space
from spe1_builder.errors import OptionError

if TYPE_CHECKING:
    from spikeinterface.core import BaseRecording

#: Read and written at once: 15 MB a second of all channels, in float32.
_PIECE_SAMPLES = 30_000

_BUILT = "of the built cell: band-passed 300 to 3000 Hz, global median subtracted, float32 uV"
_RAW = "raw counts, int16; the sorter preprocesses them itself"
_SHIFTED = "raw counts, int16, with the converters' delays; the sorter preprocesses them itself"


@dataclass(frozen=True)
class Feed:
    """A recording on the disk.

    Attributes
    ----------
    traces : Path
    dtype : str
    first_sample, n_samples : int
        Of the analysis window in the file.
    positions_um : np.ndarray
        (n_channels, 2).
    gain_uV : float
    shifts : tuple of float, optional
        When each channel is sampled, where the sorter is to correct it.
    preprocessing : str
        What it has been through, for the record.
    """

    traces: Path
    dtype: str
    first_sample: int
    n_samples: int
    positions_um: np.ndarray
    gain_uV: float
    shifts: tuple[float, ...] | None
    preprocessing: str

    @property
    def is_filtered(self) -> bool:
        return self.dtype == "float32"


def make_feed(
    metadata: ConversionMetadata,
    folder: Path,
    channels: Sequence[int],
    raw_dir: Path | None,
    scratch: Path,
) -> Feed:
    """Write the channels of a cell's analysis window for a sorter.

    Parameters
    ----------
    metadata : ConversionMetadata
    folder : Path
        Of the built cell.
    channels : sequence of int
        Ascending.
    raw_dir : Path, optional
        The raw archive, for a sorter that preprocesses itself.
    scratch : Path
        Where the file is written. All channels of a raw file are taken from where they are.

    Raises
    ------
    OptionError
        These are no channels.
    SpaceError
        The disk has too little room for the file.
    """
    chosen = _require_channels(channels)
    window = metadata.analysis_window
    if raw_dir is None:
        from spe1_builder.reading.spikeinterface.opening import open_recording

        built = open_recording(folder)
        path = _copied(built, 0, window.n_samples, chosen, "float32", scratch)
        return _feed(built, chosen, path, "float32", 0, window, 1.0, None, _BUILT)
    from spe1_builder.reading.spikeinterface.opening import open_raw

    raw = open_raw(metadata.cell_id, raw_dir)
    gain_uV = float(raw.get_channel_gains()[0])
    all_shifts = raw.get_property("inter_sample_shift")
    shifts = None if all_shifts is None else tuple(float(all_shifts[i]) for i in chosen)
    preprocessing = _RAW if shifts is None else _SHIFTED
    if len(chosen) == N_CHANNELS:
        path, first = Path(raw._kwargs["file_paths"][0]), window.start_sample
    else:
        stop = window.start_sample + window.n_samples
        path, first = _copied(raw, window.start_sample, stop, chosen, "int16", scratch), 0
    return _feed(raw, chosen, path, "int16", first, window, gain_uV, shifts, preprocessing)


def _feed(
    recording: BaseRecording,
    chosen: np.ndarray,
    path: Path,
    dtype: str,
    first: int,
    window: AnalysisWindow,
    gain_uV: float,
    shifts: tuple[float, ...] | None,
    preprocessing: str,
) -> Feed:
    positions_um = np.asarray(recording.get_channel_locations())[chosen]
    return Feed(path, dtype, first, window.n_samples, positions_um, gain_uV, shifts, preprocessing)


def _copied(
    recording: BaseRecording, start: int, stop: int, chosen: np.ndarray, dtype: str, scratch: Path
) -> Path:
    """Samples [start, stop) of the channels as a flat file, a second at a time."""
    n_bytes = (stop - start) * len(chosen) * np.dtype(dtype).itemsize
    require_space(scratch, n_bytes, "the sorter's recording", do="free some, or set TMPDIR")
    path = scratch / "traces.bin"
    ids = recording.channel_ids[chosen]
    with path.open("wb") as file:
        for first in range(start, stop, _PIECE_SAMPLES):
            last = min(first + _PIECE_SAMPLES, stop)
            traces = recording.get_traces(start_frame=first, end_frame=last, channel_ids=ids)
            file.write(np.ascontiguousarray(traces, dtype=dtype).data)
    return path


def _require_channels(channels: Any) -> np.ndarray:
    chosen = np.asarray(channels)
    is_list = chosen.ndim == 1 and chosen.dtype.kind in "iu" and len(chosen) > 0
    is_right = is_list and chosen.min() >= 0 and chosen.max() < N_CHANNELS
    if not is_right or bool((np.diff(chosen) <= 0).any()):
        raise OptionError(
            "These are no channels of the probe.",
            where="channels",
            expected=f"whole numbers of 0 to {N_CHANNELS - 1}, ascending, at {NPX_RATE_HZ:g} Hz",
            got=f"{channels!r:.200}",
            do="name each once, in order",
        )
    return chosen
