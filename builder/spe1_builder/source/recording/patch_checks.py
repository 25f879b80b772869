"""What the patch trace says of the ground truth: agreement, shift, the sign of the spikes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spe1_builder.cells import PatchType
from spe1_builder.errors import PatchTraceError, SpikeIndexError
from spe1_builder.progress import Progress
from spe1_builder.source.recording.detection import (
    Agreement,
    compare_spike_trains,
    detect_both_ways,
    median_lag_ms,
)
from spe1_builder.source.recording.patch import GroundTruth, read_spike_samples
from spe1_builder.source.recording.raw import RawCell

#: Events that tell the sign; more would not change it.
_MAX_EVENTS = 200
#: Trace on each side of an event for its baseline, and within which its peaks lie.
_AROUND_MS, _PEAK_MS = 5.0, 1.0
#: Peaks of both signs this close are one event: a spike, and what the high-pass makes of it.
_EVENT_MS = 2.0


@dataclass(frozen=True)
class PatchFindings:
    """The ground truth held to the patch trace, over the whole recording.

    Attributes
    ----------
    agreement : Agreement or None
        The release's spikes (reference) against detection (test); None where there are
        not both.
    lag_ms : float or None
        By how much detection is later than the release's spikes.
    opposite_ratio : float or None
        See `opposite_ratio`.
    """

    agreement: Agreement | None
    lag_ms: float | None
    opposite_ratio: float | None


def hold_to_patch(
    raw: RawCell,
    patch_type: PatchType,
    chosen: GroundTruth,
    progress: Progress | None = None,
) -> PatchFindings:
    """Compare the ground truth with the patch trace.

    Parameters
    ----------
    raw : RawCell
    patch_type : PatchType
    chosen : GroundTruth
    progress : Progress, optional
        Told of the patch samples that detection has passed.
    """
    polarity = patch_type.polarity
    released = detected = None
    events = chosen.patch_samples
    if chosen.source == "detect":
        detected, opposite = chosen.patch_samples, chosen.opposite_samples
        if opposite is not None:
            events = np.union1d(detected, opposite)
        if raw.spikes_path is not None:
            try:
                released = read_spike_samples(raw)
            except SpikeIndexError:
                released = None  # unusable, which is why they were not chosen
    else:
        released = chosen.patch_samples
        try:
            both = detect_both_ways(raw, progress)
            detected, events = both[polarity], np.union1d(both[-1], both[+1])
        except PatchTraceError:
            detected = None  # a trace without noise has no threshold
    agreement = lag_ms = None
    if released is not None and detected is not None:
        released_s, detected_s = (train / raw.patch_rate_hz for train in (released, detected))
        agreement = compare_spike_trains(released_s, detected_s)
        lag_ms = median_lag_ms(released_s, detected_s)
    return PatchFindings(agreement, lag_ms, opposite_ratio(raw, polarity, events))


def opposite_ratio(raw: RawCell, polarity: int, events: np.ndarray) -> float | None:
    """How large spikes of the trace are against their polarity, by how large along it.

    How many peaks detection finds each way does not tell: the high-pass gives a whole-cell
    spike three peaks the other way. Their size in the trace itself does.

    Parameters
    ----------
    raw : RawCell
    polarity : int
        -1 or +1.
    events : np.ndarray
        int64 (n,), ascending: patch samples of peaks of either sign.

    Returns
    -------
    float or None
        Median over the events. Above 1 the larger peak is the wrong way round. None
        without any.
    """
    around, reach, apart = (
        round(span_ms * raw.patch_rate_hz / 1000.0) for span_ms in (_AROUND_MS, _PEAK_MS, _EVENT_MS)
    )
    firsts = events[np.diff(events, prepend=-apart - 1) > apart] if len(events) else events
    inside = firsts[(firsts >= around) & (firsts + around < raw.n_patch)]
    if not len(inside):
        return None
    chosen = inside[np.linspace(0, len(inside) - 1, min(len(inside), _MAX_EVENTS)).astype(int)]
    pieces = np.stack([raw.read_patch(at - around, at + around + 1) for at in chosen.tolist()])
    pieces = polarity * (pieces - np.median(pieces, axis=1, keepdims=True))
    # The first peak of an event may be a lobe before the spike.
    near = pieces[:, around - reach : around + apart + reach + 1]
    along, against = near.max(axis=1).clip(min=0.0), (-near).max(axis=1).clip(min=0.0)
    return float(np.median(against / np.maximum(along, 1e-9 * (along + against) + 1e-300)))
