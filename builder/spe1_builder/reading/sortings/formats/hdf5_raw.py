"""Traces in an HDF5 file, thresholded channel by channel: no sorting, but read as one.

As SpikeLab's ``load_spikedata_from_hdf5_raw_thresholded``: Butterworth band-pass of order 3 from
300 Hz to 6 kHz, forward and backward; then the first sample beyond the threshold, in standard
deviations of the channel.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import numpy as np

from spe1_builder.constants import NPX_RATE_HZ
from spe1_builder.errors import OptionError, SortingError
from spe1_builder.reading.sortings.formats.form import SortingForm
from spe1_builder.reading.sortings.found import EXPORT_AGAIN, FoundTrains
from spe1_builder.reading.sortings.hdf5_file import opened, require

_ORDER, _BAND_HZ = 3, (300.0, 6000.0)
#: Of one channel; all are never held at once.
_MOST_CHANNEL_SAMPLES = 250_000_000


def read(
    path: Path,
    *,
    dataset: str = "raw",
    threshold_sd: float = 5.0,
    direction: Literal["both", "up", "down"] = "both",
    is_filtered: bool = False,
    rate_hz: float = NPX_RATE_HZ,
) -> FoundTrains:
    """Crossings of each channel as a unit.

    Parameters
    ----------
    path : Path
    dataset : str
        Of the traces, (n_channels, n_samples).
    threshold_sd : float
        In standard deviations of the channel.
    direction : {"both", "up", "down"}
    is_filtered : bool
        Do not filter again.
    rate_hz : float
        Of the traces.
    """
    if not threshold_sd > 0 or direction not in ("both", "up", "down") or not rate_hz > 0:
        raise OptionError(
            "Traces are thresholded at a number of standard deviations, up, down or both.",
            where=path,
            expected="threshold_sd above 0; direction 'both', 'up' or 'down'; rate_hz above 0",
            got=f"{threshold_sd}, {direction!r}, {rate_hz}",
            do="change it",
        )
    with opened(path) as file:
        traces = require(file, dataset, path)
        is_traces = traces.ndim == 2 and traces.dtype.kind in "iuf"
        if not is_traces or traces.shape[1] > _MOST_CHANNEL_SAMPLES:
            raise SortingError(
                f"{dataset} are no traces.",
                where=path,
                expected="numbers (n_channels, n_samples)",
                got=f"{traces.dtype} {traces.shape}",
                do=EXPORT_AGAIN,
            )
        trains = [
            _crossings(
                np.asarray(traces[channel], dtype=np.float64)
                if is_filtered
                else _filtered(np.asarray(traces[channel], dtype=np.float64), rate_hz),
                threshold_sd,
                direction,
            )
            for channel in range(traces.shape[0])
        ]
    notes = {
        "form": "HDF5, traces thresholded",
        "threshold_sd": threshold_sd,
        "direction": direction,
        "is_filtered": is_filtered,
    }
    unit_ids = tuple(map(str, range(len(trains))))
    return FoundTrains(
        unit_ids, tuple(trains), str(path), unit="samples", rate_hz=rate_hz, notes=notes
    )


def _filtered(trace: np.ndarray, rate_hz: float) -> np.ndarray:
    from scipy.signal import butter, sosfiltfilt

    sos = butter(_ORDER, _BAND_HZ, btype="bandpass", fs=rate_hz, output="sos")
    filtered: np.ndarray = sosfiltfilt(sos, trace)
    return filtered


def _crossings(trace: np.ndarray, threshold_sd: float, direction: str) -> np.ndarray:
    """Samples at which the trace goes beyond the threshold: int64 (n,)."""
    threshold = threshold_sd * np.std(trace)
    up, down = trace > threshold, trace < -threshold
    beyond = {"both": up | down, "up": up, "down": down}[direction]
    return np.flatnonzero(beyond[1:] & ~beyond[:-1]).astype(np.int64) + 1


def is_known(source: Any) -> bool:
    return False  # traces are thresholded only when that is asked for


FORM = SortingForm("hdf5_raw", "traces in HDF5, thresholded channel by channel", is_known, read)
