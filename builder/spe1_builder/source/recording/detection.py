"""Action potentials in a patch trace, by threshold, in bounded memory.

The rule of Garcia 2020 that Zhao et al. 2026 took over: high-pass at 200 Hz,
threshold at 12 median absolute deviations, 1 ms refractory. It runs over the
whole trace in pieces; the result equals that of the trace held at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from spe1_builder.constants import (
    AGREEMENT_MS,
    MAD_TO_SD,
    PATCH_HIGHPASS_HZ,
    PATCH_HIGHPASS_ORDER,
    PATCH_REFRACTORY_MS,
    PATCH_THRESHOLD_MADS,
)
from spe1_builder.errors import PatchTraceError
from spe1_builder.progress import Progress
from spe1_builder.source.recording.raw import RawCell

#: Trace read on each side of a piece before filtering. The slowest pole of the
#: high-pass decays by e^-78 in that time.
MARGIN_S = 0.2
#: Median absolute deviation, as a share of the largest value, below which there is no
#: noise but only the filter's ringing: one step of a 16-bit converter is 1.5e-5.
LEAST_NOISE = 1e-7
#: Farthest partner that `median_lag_ms` looks for.
MAX_LAG_MS = 50.0


@dataclass(frozen=True)
class Agreement:
    """How far two spike trains agree.

    Attributes
    ----------
    n_reference, n_test, n_matched : int
    recall : float or None
        Share of the reference spikes that the test train has; None without any.
    precision : float or None
        Share of the test spikes that the reference has; None without any.
    median_offset_ms : float or None
        Test minus reference over the matched spikes; None without any.
    """

    n_reference: int
    n_test: int
    n_matched: int
    recall: float | None
    precision: float | None
    median_offset_ms: float | None


def detect_spikes(raw: RawCell, polarity: int, progress: Progress | None = None) -> np.ndarray:
    """Patch samples of the action potentials' peaks.

    Parameters
    ----------
    raw : RawCell
    polarity : int
        -1 looks for negative peaks (voltage clamp), +1 for positive ones.
    progress : Progress, optional
        Told of the samples of every pass; there are five.

    Returns
    -------
    np.ndarray
        int64 (n_spikes,), ascending.

    Raises
    ------
    PatchTraceError
        Most of the trace is constant, so that any bump would be a spike.

    References
    ----------
    Garcia 2020, "12 MAD" rule; order-5 Butterworth, forward and backward.
    """
    return detect_both_ways(raw, progress)[polarity]


def detect_both_ways(raw: RawCell, progress: Progress | None = None) -> dict[int, np.ndarray]:
    """Peaks of both signs, as `detect_spikes` finds each, in the same passes.

    Returns
    -------
    dict of int to np.ndarray
        Of polarity -1 and +1.
    """
    import scipy.signal

    def pieces() -> Iterator[np.ndarray]:
        return (values for _, values in _highpassed(raw, progress))

    center = exact_median(pieces)
    largest = 0.0

    def deviations() -> Iterator[np.ndarray]:
        nonlocal largest
        for values in pieces():
            deviation = np.abs(values - center)
            largest = max(largest, float(deviation.max()))
            yield deviation

    mad = MAD_TO_SD * exact_median(deviations)
    if mad <= LEAST_NOISE * largest:
        raise PatchTraceError(
            f"Most of the patch trace of {raw.cell_id} is constant: nothing to set a threshold by.",
            where=raw.patch_path,
            expected="noise, as every amplifier has",
            got=f"a median absolute deviation of {mad:.2g}, with values up to {largest:.2g}",
            do="take the spikes from wc_spike_samples.npy (spike_source='file'), if it has one",
        )
    found: dict[int, list[tuple[np.ndarray, np.ndarray]]] = {-1: [], +1: []}
    last = np.empty(0)
    for start, values in _highpassed(raw, progress):
        # Two samples of the piece before, so that a peak on the seam is seen once.
        joined = np.concatenate([last, values])
        for polarity, pieces_found in found.items():
            height = PATCH_THRESHOLD_MADS * mad + polarity * center
            peaks, properties = scipy.signal.find_peaks(polarity * joined, height=height)
            pieces_found.append((peaks + start - len(last), properties["peak_heights"]))
        last = joined[-2:]
    distance = int(raw.patch_rate_hz * PATCH_REFRACTORY_MS / 1000.0)
    return {polarity: _kept(pieces_found, distance) for polarity, pieces_found in found.items()}


def _kept(pieces: list[tuple[np.ndarray, np.ndarray]], distance: int) -> np.ndarray:
    """Samples of the peaks that remain, int64, of (samples, heights) found in each piece."""
    # The seam's overlap cannot give a peak twice: a peak needs a neighbour on each side.
    samples = np.concatenate([piece[0] for piece in pieces]).astype(np.int64)
    heights = np.concatenate([piece[1] for piece in pieces])
    return samples[keep_highest(samples, heights, distance)]


def _highpassed(raw: RawCell, progress: Progress | None = None) -> Iterator[tuple[int, np.ndarray]]:
    """(start, high-passed values) of consecutive pieces that cover the trace."""
    import scipy.signal

    sos = scipy.signal.butter(
        PATCH_HIGHPASS_ORDER,
        PATCH_HIGHPASS_HZ,
        btype="highpass",
        fs=raw.patch_rate_hz,
        output="sos",
    )
    margin = int(MARGIN_S * raw.patch_rate_hz)
    for start, stop in raw.patch_ranges():
        first, last = max(start - margin, 0), min(stop + margin, raw.n_patch)
        filtered = scipy.signal.sosfiltfilt(sos, raw.read_patch(first, last))
        if progress is not None:
            progress.advance(stop - start)
        yield start, filtered[start - first : stop - first]


def exact_median(pieces: Callable[[], Iterable[np.ndarray]]) -> float:
    """Median of values that come in pieces, without holding them all.

    Two passes: a histogram of the values' leading 16 bits (sign, exponent and
    4 bits of mantissa, which sort as the values do), then the few values that
    share the middle bin, sorted.

    Parameters
    ----------
    pieces : callable
        Gives the pieces, float64 (n,), finite; called twice.

    Returns
    -------
    float
        As ``np.median`` of all the values.
    """
    counts = np.zeros(1 << 16, dtype=np.int64)
    for values in pieces():
        counts += np.bincount(_leading_bits(values), minlength=len(counts))
    upto = np.cumsum(counts)
    n = int(upto[-1])
    lower, upper = (n - 1) // 2, n // 2
    first_bin, last_bin = np.searchsorted(upto, [lower, upper], side="right")
    middle = []
    for values in pieces():
        bins = _leading_bits(values)
        middle.append(values[(bins >= first_bin) & (bins <= last_bin)])
    before = int(upto[first_bin] - counts[first_bin])
    ordered = np.sort(np.concatenate(middle))
    return float((ordered[lower - before] + ordered[upper - before]) / 2)


def _leading_bits(values: np.ndarray) -> np.ndarray:
    """The leading 16 bits of each float64 as integers in the order of the values."""
    bits = np.ascontiguousarray(values).view(np.int64)
    ordered = np.where(bits < 0, ~bits, bits | np.int64(-(2**63))).view(np.uint64)
    return (ordered >> np.uint64(48)).astype(np.int64)


def keep_highest(samples: np.ndarray, heights: np.ndarray, distance: int) -> np.ndarray:
    """Mask of the peaks that remain when neighbours closer than ``distance`` give way.

    The rule of ``scipy.signal.find_peaks(distance=...)``: from the highest peak
    down, each one removes what is closer than ``distance`` samples.

    Parameters
    ----------
    samples : np.ndarray
        int64 (n,), ascending.
    heights : np.ndarray
        float64 (n,).
    distance : int
        Samples; peaks at least this far apart both stay.

    Returns
    -------
    np.ndarray
        bool (n,).
    """
    keep = np.ones(len(samples), dtype=bool)
    for i in np.argsort(heights)[::-1]:
        if keep[i]:
            first, last = np.searchsorted(
                samples, [samples[i] - distance + 1, samples[i] + distance]
            )
            keep[first:i] = False
            keep[i + 1 : last] = False
    return keep


def compare_spike_trains(reference_s: np.ndarray, test_s: np.ndarray) -> Agreement:
    """Agreement of two spike trains: each other's nearest, within 0.5 ms.

    Parameters
    ----------
    reference_s, test_s : np.ndarray
        float64, ascending, seconds.
    """
    n_reference, n_test = len(reference_s), len(test_s)
    offsets_ms = np.empty(0)
    if n_reference and n_test:
        offsets_ms = _mutual_offsets_s(reference_s, test_s) * 1000.0
        offsets_ms = offsets_ms[np.abs(offsets_ms) <= AGREEMENT_MS]
    n_matched = len(offsets_ms)
    return Agreement(
        n_reference=n_reference,
        n_test=n_test,
        n_matched=n_matched,
        recall=n_matched / n_reference if n_reference else None,
        precision=n_matched / n_test if n_test else None,
        median_offset_ms=float(np.median(offsets_ms)) if n_matched else None,
    )


def median_lag_ms(reference_s: np.ndarray, test_s: np.ndarray) -> float | None:
    """By how much one train is later than the other, where they are the same but for that.

    Over each other's nearest within `MAX_LAG_MS`, far beyond what counts as agreement.

    Parameters
    ----------
    reference_s, test_s : np.ndarray
        float64, ascending, seconds.

    Returns
    -------
    float or None
        Test minus reference; None if less than half of the reference has such a partner.
    """
    if not len(reference_s) or not len(test_s):
        return None
    offsets_ms = _mutual_offsets_s(reference_s, test_s) * 1000.0
    offsets_ms = offsets_ms[np.abs(offsets_ms) <= MAX_LAG_MS]
    return float(np.median(offsets_ms)) if 2 * len(offsets_ms) >= len(reference_s) else None


def _mutual_offsets_s(reference_s: np.ndarray, test_s: np.ndarray) -> np.ndarray:
    """Test minus reference of the spikes that are each other's nearest; neither is empty."""
    to_test = _nearest(reference_s, test_s)
    to_reference = _nearest(test_s, reference_s)
    mutual = to_reference[to_test] == np.arange(len(reference_s))
    offsets_s: np.ndarray = (test_s[to_test] - reference_s)[mutual]
    return offsets_s


def _nearest(times: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Index of the nearest of ``others`` (ascending) for each of ``times``."""
    after = np.searchsorted(others, times).clip(1, len(others) - 1) if len(others) > 1 else None
    if after is None:
        return np.zeros(len(times), dtype=np.int64)
    return after - (times - others[after - 1] <= others[after] - times)
