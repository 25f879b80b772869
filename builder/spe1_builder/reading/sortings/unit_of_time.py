"""What the times of a sorting are counted in: stated, or seen."""

from __future__ import annotations

import numpy as np

from spe1_builder.constants import NPX_RATE_HZ
from spe1_builder.dataset.metadata import AnalysisWindow
from spe1_builder.errors import SortingError
from spe1_builder.reading.sortings.found import FoundTrains, TimeUnit
from spe1_builder.reading.sortings.plausible import SLACK_SAMPLES, too_fast

SAMPLES_PER: dict[TimeUnit, float] = {
    "samples": 1.0,
    "s": NPX_RATE_HZ,
    "ms": NPX_RATE_HZ / 1000,
}
#: Beyond any recording, in any unit.
_LARGEST = 1e13
#: Of the window, that times in ms cover; less are seconds of a longer recording.
_LEAST_SHARE = 0.01
#: A clock may be off by 100 ppm; it is the same stream of samples then.
_RATE_TOLERANCE = 1e-3


def settle_unit(found: FoundTrains, stated: TimeUnit | None, window: AnalysisWindow) -> TimeUnit:
    """What the times are counted in.

    Raises
    ------
    SortingError
        They are no times; or samples at another rate than the recording's.
    """
    for unit_id, times in zip(found.unit_ids, found.times, strict=True):
        _require_times(times, f"{found.source}: unit {unit_id}")
    unit = stated or found.unit or _seen(found, window)
    rate_hz = found.rate_hz
    if unit == "samples" and rate_hz is not None:
        is_same = np.isfinite(rate_hz) and abs(rate_hz / NPX_RATE_HZ - 1) <= _RATE_TOLERANCE
        if not is_same:
            raise SortingError(
                "The sorting counts samples at another rate than the recording has.",
                where=found.source,
                expected=f"{NPX_RATE_HZ:g} Hz",
                got=f"{rate_hz:g} Hz",
                do="give the sorting of this recording; if it was resampled, export its spikes "
                "in seconds",
            )
    return unit


def as_samples(times: np.ndarray, unit: TimeUnit) -> np.ndarray:
    """Times as the nearest samples at 30 kHz: int64 (n_spikes,)."""
    if unit == "samples" and times.dtype.kind in "iu":
        return times.astype(np.int64)
    return np.rint(times.astype(np.float64) * SAMPLES_PER[unit]).astype(np.int64)


def _require_times(times: np.ndarray, where: str) -> None:
    is_numbers = times.ndim == 1 and times.dtype.kind in "iuf"
    if not is_numbers or (len(times) and not bool(np.all(np.abs(times.astype(float)) < _LARGEST))):
        bad = times[~(np.abs(times.astype(float)) < _LARGEST)][:3].tolist() if is_numbers else ""
        raise SortingError(
            "The spikes of a unit are no list of times.",
            where=where,
            expected="numbers (n_spikes,), each less than a recording is long",
            got=f"{times.dtype} {times.shape} {bad}",
            do="export the sorting again; spikes that are not known are left out",
        )


def _seen(found: FoundTrains, window: AnalysisWindow) -> TimeUnit:
    """Whole numbers are samples; others are s or ms, by how far they reach and how dense they are.

    MATLAB writes samples as floats: whole numbers that reach too far for seconds.
    """
    parts = [times for times in found.times if len(times)]
    if not parts or all(times.dtype.kind in "iu" for times in parts):
        return "samples"
    end = window.start_sample + window.n_samples + SLACK_SAMPLES
    last = max(float(times.max()) for times in parts)
    is_whole = all(bool(np.all(times == np.rint(times))) for times in parts)
    candidates: tuple[TimeUnit, ...] = ("s", "samples", "ms") if is_whole else ("s", "ms")
    possible = [
        unit
        for unit in candidates
        if not too_fast([as_samples(times, unit) for times in found.times])
    ]
    least = {"s": 0.0, "samples": 0.0, "ms": _LEAST_SHARE * window.n_samples}
    for unit in possible:
        if least[unit] <= last * SAMPLES_PER[unit] < end:
            return unit
    # None ends with this recording: the whole raw one may be longer than the window.
    return possible[0] if possible else candidates[0]
