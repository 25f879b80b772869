"""The spikes of one cell: where and when they are, on both clocks."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from spe1_builder.constants import NPX_RATE_HZ
from spe1_builder.dataset.findings import Report
from spe1_builder.dataset.metadata import ConversionMetadata, read_model
from spe1_builder.dataset.sidecars.npz import NPZ_ERRORS, Openable, map_array, read_arrays
from spe1_builder.dataset.sidecars.patch import ADDED, ARRAYS, has_patch_indices
from spe1_builder.dataset.sidecars.templates import ARRAYS as TEMPLATE_ARRAYS
from spe1_builder.dataset.spikes.traces import MappedTraces
from spe1_builder.errors import OutputError
from spe1_builder.layout import METADATA_NAME, PATCH_NAME, TEMPLATES_NAME

_TIMES, _INDICES = "spike_times_s", "spike_patch_indices"
_TEMPLATE, _POSITIONS = "templates", "probe_positions"
#: Spikes are whole samples but for rounding.
_SAMPLE_TOLERANCE = 1e-6
#: Spikes that follow each other faster are of one burst. Those of cortical cells come some
#: 3 to 8 ms apart, each smaller than the one before, which is why a sorter should know them;
#: tonic firing has few intervals as short.
BURST_INTERVAL_S = 0.010


def samples_of(times_s: np.ndarray) -> np.ndarray:
    """Spike times from the start of the analysis window as its samples: int64 (n_spikes,)."""
    return np.rint(times_s * NPX_RATE_HZ).astype(np.int64)


@dataclass(frozen=True, eq=False)
class CellTemplate:
    """What ``templates.npz`` has of a cell.

    Attributes
    ----------
    mean_uV : np.ndarray
        float32 (n_template_samples, n_channels): the mean spike.
    positions_um : np.ndarray
        float32 (n_channels, 2): the sites of the probe.
    """

    mean_uV: np.ndarray
    positions_um: np.ndarray


@dataclass(frozen=True, eq=False)
class CellSpikes:
    """What is known of the spikes of a cell.

    Attributes
    ----------
    folder : Path
        The cell's folder.
    metadata : ConversionMetadata
    times_s : np.ndarray
        float64 (n_spikes,), from the start of the analysis window, as in ``patch.npz``.
    patch_indices : np.ndarray or None
        int64 (n_spikes,), samples of the patch trace; None before data 1.2.0.
    """

    folder: Path
    metadata: ConversionMetadata
    times_s: np.ndarray
    patch_indices: np.ndarray | None

    @cached_property
    def samples(self) -> np.ndarray:
        """int64 (n_spikes,), samples of the analysis window."""
        return samples_of(self.times_s)

    @property
    def segment_samples(self) -> int:
        return round(self.metadata.segment_duration_s * NPX_RATE_HZ)

    @property
    def is_train(self) -> np.ndarray:
        """bool (n_spikes,)."""
        return np.asarray(self.samples < self.metadata.splits["train"].samples)

    @property
    def segments(self) -> np.ndarray:
        """int64 (n_spikes,): segments of the window that the spikes lie in."""
        return np.asarray(self.samples // self.segment_samples)

    @property
    def rows(self) -> np.ndarray:
        """int64 (n_spikes,): the same, counted in each split from 0."""
        n_train = self.metadata.splits["train"].rows
        return np.where(self.is_train, self.segments, self.segments - n_train)

    @property
    def times_in_row_ms(self) -> np.ndarray:
        """float64 (n_spikes,): what stands in ``ctt``."""
        in_row = self.samples - self.segments * self.segment_samples
        return np.asarray(in_row / (NPX_RATE_HZ / 1000.0))

    @cached_property
    def intervals_s(self) -> np.ndarray:
        """float64 (n_spikes,): to the spike before; NaN for the first of the window."""
        # Of whole samples, so that intervals of one length are one number.
        steps = np.diff(self.samples) / NPX_RATE_HZ
        return np.concatenate([[np.nan], steps])[: len(self.samples)]

    @property
    def burst_indices(self) -> np.ndarray:
        """int64 (n_spikes,): place in the burst, 0 for its first spike and for a lone one."""
        order = np.arange(len(self.samples))
        goes_on = self.intervals_s < BURST_INTERVAL_S  # False for NaN
        return order - np.maximum.accumulate(np.where(goes_on, 0, order))

    @cached_property
    def traces(self) -> MappedTraces:
        """The rows; OutputError if they are damaged."""
        return MappedTraces(self.folder, self.metadata)

    def patch_array(self, name: str) -> np.ndarray:
        """One of the long arrays of ``patch.npz``, mapped; OutputError if it is damaged."""
        path = self.folder / PATCH_NAME
        try:
            return map_array(path, name, *ARRAYS[name])
        except NPZ_ERRORS as error:
            raise _damaged(path, f"{name}: {error}") from error

    @property
    def patch_times_s(self) -> np.ndarray | None:
        """float64 (n_spikes,): the spikes' own patch samples on the NPX clock, not rounded.

        From the start of the analysis window; None before data 1.2.0.
        """
        if self.patch_indices is None:
            return None
        times_s = self.patch_array("t_patch_s")
        _require_inside(self.patch_indices, len(times_s), self.folder)
        return times_s[self.patch_indices]

    @cached_property
    def amplitudes_uV(self) -> np.ndarray:
        """float32 (n_spikes,): the peak channel where the mean spike has its peak, signed.

        NaN where that lies outside the analysis window.
        """
        metadata = self.metadata
        mean_uV = self.template.mean_uV[:, metadata.peak_channel]
        shift = int(np.abs(mean_uV).argmax()) - metadata.template_metadata.nbefore
        at = self.samples + shift
        is_inside = (at >= 0) & (at < metadata.analysis_window.n_samples)
        values_uV = np.full(len(at), np.nan, np.float32)
        values_uV[is_inside] = self.traces.values_uV(metadata.peak_channel, at[is_inside])
        return values_uV

    @cached_property
    def template(self) -> CellTemplate:
        """The mean spike and the probe; OutputError if the file is damaged."""
        path, report = self.folder / TEMPLATES_NAME, Report()
        wanted = {name: TEMPLATE_ARRAYS[name] for name in (_TEMPLATE, _POSITIONS)}
        arrays = read_arrays(path, wanted, report.at(path.name))
        if arrays.keys() != wanted.keys() or not arrays[_TEMPLATE].shape[1]:
            raise _damaged(path, "; ".join(finding.what for finding in report.findings()))
        return CellTemplate(arrays[_TEMPLATE][0], arrays[_POSITIONS])


def read_cell_spikes(folder: Path) -> CellSpikes:
    """The spikes of the cell in a folder.

    Raises
    ------
    MissingFileError
        No such cell.
    OutputError
        ``patch.npz`` or the metadata is damaged.
    """
    metadata = read_model(folder / METADATA_NAME, ConversionMetadata)
    times_s, indices = read_spike_times(folder / PATCH_NAME, metadata)
    if not metadata.segment_duration_s * NPX_RATE_HZ >= 1:
        raise _damaged(folder / METADATA_NAME, "a segment of no samples")
    return CellSpikes(folder, metadata, times_s, indices)


def read_spike_times(
    path: Openable, metadata: ConversionMetadata
) -> tuple[np.ndarray, np.ndarray | None]:
    """Times and patch samples of the spikes, as `CellSpikes` has them.

    Parameters
    ----------
    path : Openable
        ``patch.npz`` of the cell.
    metadata : ConversionMetadata

    Raises
    ------
    OutputError
        It is damaged.
    """
    report = Report()
    wanted = {_TIMES: ARRAYS[_TIMES]}
    if has_patch_indices(metadata):
        wanted[_INDICES] = ADDED[_INDICES]
    # Only these arrays are read; that there are others is no fault here.
    arrays = read_arrays(path, wanted, report.at(PATCH_NAME))
    if arrays.keys() != wanted.keys():
        raise _damaged(path, "; ".join(finding.what for finding in report.findings()))
    times_s, indices = arrays[_TIMES], arrays.get(_INDICES)
    samples = times_s * NPX_RATE_HZ
    inside = (samples > -0.5) & (samples < metadata.analysis_window.n_samples)
    if not (inside & (np.abs(samples - np.rint(samples)) <= _SAMPLE_TOLERANCE)).all():
        raise _damaged(path, "spike times that are no samples of the analysis window")
    if len(times_s) != metadata.n_spikes_total or (np.diff(times_s) <= 0).any():
        raise _damaged(path, f"{len(times_s)} spikes, or not in the order of time")
    if indices is not None and len(indices) != len(times_s):
        raise _damaged(path, f"{len(indices)} patch samples of {len(times_s)} spikes")
    return times_s, indices


def _require_inside(indices: np.ndarray, n_samples: int, folder: Path) -> None:
    if ((indices < 0) | (indices >= n_samples)).any():
        raise _damaged(folder / PATCH_NAME, "spikes outside the patch trace")


def _damaged(path: Openable, got: str) -> OutputError:
    return OutputError(
        f"{path.name} does not hold the spikes of its cell.",
        where=str(path),
        got=got,
        do="see what is wrong: spe1 verify; then build the cell again (spe1 build --force)",
    )
