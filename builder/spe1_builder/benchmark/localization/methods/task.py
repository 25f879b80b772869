"""What is given to a localization, checked and cut to what the method looks at."""

from __future__ import annotations

import operator
from dataclasses import dataclass, replace

import numpy as np

from spe1_builder.benchmark.localization.methods.params import Feature, MethodParams
from spe1_builder.errors import OptionError


@dataclass(frozen=True)
class Locations:
    """Estimated positions of waveforms.

    Attributes
    ----------
    method : str
        One of `METHODS`.
    xy_um : np.ndarray
        float64 (n_waveforms, 2), um, in the probe's plane; NaN where nothing could be computed.
    z_um : np.ndarray
        float64 (n_waveforms,), um from the plane. NaN for the center of mass; of the grid
        convolution a weight of its artificial depths rather than a distance.
    converged : np.ndarray
        bool (n_waveforms,): an estimate is there and, of an optimizer that tells, is a minimum.
    seconds : float
        Wall time of the estimation, without imports and compilation.
    """

    method: str
    xy_um: np.ndarray
    z_um: np.ndarray
    converged: np.ndarray
    seconds: float


@dataclass(frozen=True)
class Task:
    """Waveforms to localize, all with one peak channel.

    Attributes
    ----------
    waveforms_uV : np.ndarray
        (n_waveforms, n_samples, n_channels), cut to the method's window; a view.
    positions_um : np.ndarray
        float64 (n_channels, 2).
    peak_index : int
        Of the peak channel among these channels.
    params : MethodParams
    sampling_frequency_hz : float
    n_before : int
        Index of the spike within the cut waveforms.
    """

    waveforms_uV: np.ndarray
    positions_um: np.ndarray
    peak_index: int
    params: MethodParams
    sampling_frequency_hz: float
    n_before: int

    @property
    def distances_um(self) -> np.ndarray:
        """float64 (n_channels,): of every channel from the peak channel."""
        offsets_um = self.positions_um - self.positions_um[self.peak_index]
        return np.sqrt((offsets_um**2).sum(axis=1))

    @property
    def near(self) -> np.ndarray:
        """Channels within the radius of the peak channel, ascending: int64 (n_near,)."""
        return np.flatnonzero(self.distances_um <= self.params.radius_um)

    def part(self, some: slice) -> Task:
        """The same with some of the waveforms."""
        return replace(self, waveforms_uV=self.waveforms_uV[some])

    def gather_uV(self, channels: np.ndarray) -> np.ndarray:
        """Some channels of all waveforms: float32 (n_waveforms, n_samples, len(channels))."""
        return np.ascontiguousarray(self.waveforms_uV[:, :, channels], dtype=np.float32)

    def features(self, feature: Feature) -> np.ndarray:
        """Amplitudes of the near channels: float32 (n_waveforms, n_near), uV.

        A row is all NaN where a sample is not finite or nothing but zero amplitudes are left.
        """
        waveforms_uV = self.gather_uV(self.near)
        with np.errstate(invalid="ignore", over="ignore"):
            if feature == "ptp":
                values = waveforms_uV.max(axis=1) - waveforms_uV.min(axis=1)
            else:
                values = np.linalg.norm(waveforms_uV, axis=1)
            usable = np.isfinite(values.sum(axis=1)) & (values.max(axis=1) > 0)
        values[~usable] = np.nan
        return values


def make_task(
    waveforms_uV: np.ndarray,
    positions_um: np.ndarray,
    peak_index: int,
    params: MethodParams,
    sampling_frequency_hz: float,
    n_before: int,
) -> Task:
    """Check the input of `localize` and cut the window out.

    Raises
    ------
    OptionError
        Shapes that contradict each other, a peak channel or spike outside of the waveforms,
        positions that are not finite, a window that is longer than the waveforms.
    """
    try:
        waveforms_uV = np.asarray(waveforms_uV)
        positions_um = np.asarray(positions_um, dtype=np.float64)
        peak_index, n_before = operator.index(peak_index), operator.index(n_before)
    except (TypeError, ValueError) as error:
        raise OptionError(
            "The waveforms, positions, peak_index and n_before are not numbers.",
            expected="arrays of numbers, and whole numbers",
            got=error,
            do="pass numpy arrays: (n_waveforms, n_samples, n_channels) and (n_channels, 2)",
        ) from error
    if waveforms_uV.ndim != 3 or waveforms_uV.dtype.kind not in "iuf":
        raise OptionError(
            "The waveforms do not have three dimensions.",
            expected="(n_waveforms, n_samples, n_channels)",
            got=waveforms_uV.shape,
            do="give a single template as template[np.newaxis]",
        )
    _, n_samples, n_channels = waveforms_uV.shape
    if positions_um.shape != (n_channels, 2) or not np.isfinite(positions_um).all():
        raise OptionError(
            "The positions are not a finite (x, y) for every channel of the waveforms.",
            expected=(n_channels, 2),
            got=positions_um.shape,
            do="pass the positions of the channels that the waveforms have, in their order",
        )
    for name, value, end in (
        ("peak_index", peak_index, n_channels),
        ("n_before", n_before, n_samples),
    ):
        if not 0 <= value < end:
            raise OptionError(
                f"{name} lies outside of the waveforms.",
                where=name,
                expected=f"0 to {end - 1}",
                got=value,
                do="count from 0 among the channels and samples that are passed",
            )
    if params.window_ms is not None:
        before, after = (round(ms * sampling_frequency_hz / 1000.0) for ms in params.window_ms)
        if before > n_before or after > n_samples - n_before or before + after < 1:
            raise OptionError(
                "The waveforms do not hold the window that the method looks at.",
                where="window_ms",
                expected=f"{before} samples before and {after} from the spike on",
                got=f"{n_before} before and {n_samples - n_before} from the spike on",
                do="pass longer waveforms, or another window_ms",
            )
        waveforms_uV = waveforms_uV[:, n_before - before : n_before + after]
        n_before = before
    return Task(
        waveforms_uV, positions_um, int(peak_index), params, sampling_frequency_hz, n_before
    )
