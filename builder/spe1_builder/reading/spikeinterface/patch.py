"""The patch trace of a built cell: arrays, and a SpikeInterface recording of one channel."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from spikeinterface.core import BaseRecording, BaseRecordingSegment

from spe1_builder.constants import NPX_RATE_HZ
from spe1_builder.layout import PATCH_NAME
from spe1_builder.reading.sidecars import read_patch
from spe1_builder.reading.spikeinterface.lean import LeanExtractor
from spe1_builder.reading.spikeinterface.place import read_metadata

#: Volts and amperes a unit of the trace.
_SI_UNITS: Mapping[str, tuple[str, float]] = {"pA": ("A", 1e-12), "mV": ("V", 1e-3)}


@dataclass(frozen=True, eq=False)
class PatchTrace:
    """What the pipette recorded in the analysis window.

    Attributes
    ----------
    cell_id : str
    trace : np.ndarray
        float32 (n_samples,), in ``units``.
    units : str
        "pA" in voltage clamp, "mV" in current clamp.
    patch_type : str
        Of the release: "Juxta, VC", "Juxta, IC" or "WC, IC".
    times_s : np.ndarray
        float64 (n_samples,), on the Neuropixels clock from the start of the analysis window,
        so that ``times_s * 30_000`` is the sample of the traces.
    rate_hz : float
        True rate on that clock, about 50,023.9 Hz.
    spike_times_s : np.ndarray
        float64 (n_spikes,), ground truth on the same clock, whole samples at 30 kHz.
    window_start_s : float
        Start of the analysis window in the raw recording.
    folder : Path
        Of the cell.
    """

    cell_id: str
    trace: np.ndarray = field(repr=False)
    units: str
    patch_type: str
    times_s: np.ndarray = field(repr=False)
    rate_hz: float
    spike_times_s: np.ndarray = field(repr=False)
    window_start_s: float
    folder: Path

    @cached_property
    def spike_samples(self) -> np.ndarray:
        """int64 (n_spikes,): samples of the Neuropixels traces from the window's start."""
        return np.rint(self.spike_times_s * NPX_RATE_HZ).astype(np.int64)

    @cached_property
    def recording(self) -> BaseRecording:
        """The trace as a SpikeInterface recording of one channel, at its own rate.

        Its times are those of the raw recording, as `open_recording`'s are. A current has no
        gain to uV; ``gain_to_physical_unit`` leads to A or V.
        """
        return Spe1PatchRecording(str(self.folder))


def patch_trace(folder: Path) -> PatchTrace:
    """As `spe1_builder.reading.spikeinterface.opening.open_patch`."""
    metadata = read_metadata(folder, None)
    arrays = read_patch(folder / PATCH_NAME)
    return PatchTrace(
        cell_id=metadata.cell_id,
        trace=arrays["patch_v"],
        units=metadata.patch.units,
        patch_type=metadata.patch.release_type,
        times_s=arrays["t_patch_s"],
        rate_hz=metadata.patch.rate_hz,
        spike_times_s=arrays["spike_times_s"],
        window_start_s=metadata.analysis_window.start_sample / NPX_RATE_HZ,
        folder=folder,
    )


class Spe1PatchRecording(LeanExtractor, BaseRecording):
    """Use `PatchTrace.recording`.

    Parameters
    ----------
    folder_path : str
        The cell's folder.
    fingerprint : str, optional
        Of the build that it must be.
    """

    def __init__(self, folder_path: str, fingerprint: str | None = None):
        folder = Path(folder_path)
        metadata = read_metadata(folder, fingerprint)
        arrays = read_patch(folder / PATCH_NAME)
        rate_hz, units = metadata.patch.rate_hz, metadata.patch.units
        super().__init__(sampling_frequency=rate_hz, channel_ids=["patch"], dtype="float32")
        times_s = arrays["t_patch_s"]
        start_s = metadata.analysis_window.start_sample / NPX_RATE_HZ + float(times_s[0])
        self.add_recording_segment(_PatchSegment(arrays["patch_v"], rate_hz, start_s))
        physical_unit, gain = _SI_UNITS[units]
        self.set_property("physical_unit", [physical_unit])
        self.set_property("gain_to_physical_unit", [gain])
        self.set_property("offset_to_physical_unit", [0.0])
        if units == "mV":
            self.set_channel_gains(1e3)
            self.set_channel_offsets(0.0)
        self.annotate(
            cell_id=metadata.cell_id,
            simulated=metadata.provenance.simulated,
            origin=metadata.provenance.kind,
            units=units,
            patch_type=metadata.patch.release_type,
            is_filtered=False,
        )
        self._made(folder_path=str(folder.absolute()), fingerprint=metadata.provenance.fingerprint)


class _PatchSegment(BaseRecordingSegment):
    def __init__(self, trace: np.ndarray, rate_hz: float, t_start_s: float):
        super().__init__(sampling_frequency=rate_hz, t_start=t_start_s)
        self._trace = trace

    def get_num_samples(self) -> int:
        return len(self._trace)

    def get_traces(
        self,
        start_frame: int | None = None,
        end_frame: int | None = None,
        channel_indices: Any = None,
    ) -> np.ndarray:
        channels = slice(None) if channel_indices is None else channel_indices
        traces: np.ndarray = self._trace[start_frame:end_frame, np.newaxis][:, channels]
        return traces
