"""Bad channels by the method of the International Brain Laboratory.

The method is ``detect_bad_channels(method="coherence+psd")`` of SpikeInterface
0.105, after "Spike sorting pipeline for the International Brain Laboratory" (IBL
et al. 2022). Here it works along the contiguous axis of the traces, compiled
and without the GIL, and gives the same label to every channel of every chunk
(but for values within rounding of a threshold).
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from spe1_builder.constants import NPX_RATE_HZ, REFERENCE_CHANNELS
from spe1_builder.errors import RawDataError
from spe1_builder.progress import Progress, Silent, stage
from spe1_builder.signal.bad_channels.options import DEFAULT_OPTIONS, DetectionOptions

#: Names of the codes 0 to 3 of a chunk, SpikeInterface's.
LABELS = ("good", "dead", "noise", "out")
GOOD, DEAD, NOISE, OUT = range(len(LABELS))

#: ``read_uV(start, stop) -> float32 (n_channels, stop - start)``, uV.
ReadUV = Callable[[int, int], np.ndarray]


@dataclass(frozen=True)
class BadChannels:
    """What is known about the channels of a recording.

    Attributes
    ----------
    labels : tuple of str
        One of `LABELS` for each channel, as detected.
    detected : tuple of int
        Channels whose label is not "good"; 0-based, ascending.
    reference : tuple of int
        Channels wired to the reference on this probe; 0-based, ascending.
    """

    labels: tuple[str, ...]
    detected: tuple[int, ...]
    reference: tuple[int, ...]

    @property
    def all(self) -> tuple[int, ...]:
        """Channels that are detected or reference, or both; 0-based, ascending."""
        return tuple(sorted({*self.detected, *self.reference}))


def chunk_length(n_samples: int, options: DetectionOptions, rate_hz: float = NPX_RATE_HZ) -> int:
    """Samples of a chunk: as configured, or all but one of a recording shorter than that."""
    length = int(options.chunk_duration_s * rate_hz)
    # All but one is SpikeInterface's choice, which the starts depend on.
    length = n_samples - 1 if length > n_samples else length
    if length < 1:
        raise RawDataError(
            "The recording is too short to detect bad channels in.",
            expected="at least 2 samples, and chunk_duration_s of at least one",
            got=f"{n_samples} samples, chunks of {options.chunk_duration_s} s",
            do="lengthen the analysis window",
        )
    return length


def chunk_starts(
    n_samples: int, options: DetectionOptions = DEFAULT_OPTIONS, rate_hz: float = NPX_RATE_HZ
) -> np.ndarray:
    """First samples of the random chunks, those of SpikeInterface for the same seed.

    Parameters
    ----------
    n_samples : int
        Length of the recording.
    options : DetectionOptions
    rate_hz : float
        Sampling rate.

    Returns
    -------
    np.ndarray
        int64 (n_chunks,), ascending; chunks may overlap.
    """
    last = n_samples - chunk_length(n_samples, options, rate_hz)
    rng = np.random.default_rng(options.seed)
    return np.sort(rng.integers(low=0, high=last, size=options.n_chunks, endpoint=True))


def depth_order(positions_um: np.ndarray) -> np.ndarray:
    """Channels from the tip upward, by y and within a row by x: int (n_channels,).

    Neighbours and the top are meant in this order; it swaps the two of each row of SPE-1's probe.
    """
    return np.lexsort((positions_um[:, 0], positions_um[:, 1]))


def detect_bad_channels(
    read_uV: ReadUV,
    n_samples: int,
    positions_um: np.ndarray,
    options: DetectionOptions = DEFAULT_OPTIONS,
    *,
    n_threads: int = 1,
    rate_hz: float = NPX_RATE_HZ,
    progress: Progress | None = None,
) -> BadChannels:
    """Label every channel: the commonest label of its random chunks, in ties the first.

    Parameters
    ----------
    read_uV : callable
        ``read_uV(start, stop) -> float32 (n_channels, stop - start)``, uV,
        band-passed, without the median reference (which leaves no similarity to
        judge by). Called from ``n_threads`` threads at once.
    n_samples : int
        Length of the recording.
    positions_um : np.ndarray
        (n_channels, 2), um (x, y).
    options : DetectionOptions
    n_threads : int
        The labels do not depend on it.
    rate_hz : float
        Sampling rate.
    progress : Progress, optional
        Told of every chunk.

    Raises
    ------
    RawDataError
        The recording is too short, not finite, or without a common signal.
    """
    starts = chunk_starts(n_samples, options, rate_hz)
    length = chunk_length(n_samples, options, rate_hz)
    order = depth_order(np.asarray(positions_um))
    codes = np.full((len(starts), len(order)), GOOD, dtype=np.int8)
    n_judged = 0

    def label(start: int) -> np.ndarray | None:
        traces_uV = read_uV(start, start + length)
        return label_chunk(traces_uV, order, options, rate_hz, where=f"samples from {start} on")

    progress = progress or Silent()
    with (
        stage(progress, "bad channels", len(starts), "chunks"),
        ThreadPoolExecutor(n_threads) as pool,
    ):
        try:
            for i, chunk_codes in enumerate(pool.map(label, starts.tolist())):
                # A dropout is no evidence against a channel: it votes "good", as in SpikeInterface.
                if chunk_codes is not None:
                    codes[i] = chunk_codes
                    n_judged += 1
                progress.advance(1)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    if n_judged == 0:
        raise RawDataError(
            "The median over channels is constant: no common signal to compare channels with.",
            expected="band-passed traces that are not referenced to their median",
            got=f"a median without any variation in all {len(starts)} chunks",
            do="check that most channels carry signal in the analysis window",
        )
    # argmax takes the first of equal counts, which is the smallest code, as in scipy's mode.
    n_votes = np.stack([(codes == code).sum(axis=0) for code in range(len(LABELS))])
    winners = n_votes.argmax(axis=0)
    return BadChannels(
        labels=tuple(LABELS[code] for code in winners),
        detected=tuple(np.flatnonzero(winners != GOOD).tolist()),
        reference=tuple(c for c in REFERENCE_CHANNELS if c < len(winners)),
    )


def label_chunk(
    traces_uV: np.ndarray,
    order: np.ndarray,
    options: DetectionOptions = DEFAULT_OPTIONS,
    rate_hz: float = NPX_RATE_HZ,
    *,
    where: str | None = None,
) -> np.ndarray | None:
    """Code of every channel from one chunk.

    Parameters
    ----------
    traces_uV : np.ndarray
        float32 (n_channels, n_samples), uV.
    order : np.ndarray
        From `depth_order`.
    options : DetectionOptions
    rate_hz : float
    where : str, optional
        The chunk's place, for errors.

    Returns
    -------
    np.ndarray or None
        int8 (n_channels,), indices into `LABELS`, in channel order; None where no
        common signal is there to judge by.

    Raises
    ------
    RawDataError
        Another number of channels than in ``order``; too short, or not finite.
    """
    from spe1_builder.signal.bad_channels.kernels import similarity_to_median
    from spe1_builder.signal.bad_channels.spectrum import is_loud, plan_spectrum

    traces_uV = np.ascontiguousarray(traces_uV, dtype=np.float32)
    if len(traces_uV) != len(order):
        raise RawDataError(
            "The traces and the positions differ in their number of channels.",
            where=where,
            expected=len(order),
            got=len(traces_uV),
            do="pass the positions of the channels that are read",
        )
    similarity = similarity_to_median(traces_uV, where)
    if similarity is None:
        return None
    window_samples = int(options.welch_window_ms * rate_hz / 1000)
    spectrum = plan_spectrum(traces_uV.shape[1], rate_hz, window_samples, options.nyquist_threshold)
    loud = is_loud(traces_uV, spectrum, options.psd_hf_threshold_uV2_per_hz)
    codes = np.empty(len(order), dtype=np.int8)
    codes[order] = _classify(similarity[order], loud[order], options)
    return codes


def _classify(similarity: np.ndarray, loud: np.ndarray, options: DetectionOptions) -> np.ndarray:
    """Codes of the channels in order of depth; outside goes before noisy, noisy before dead."""
    from spe1_builder.signal.bad_channels.kernels import depth_trend

    codes = np.full(len(similarity), GOOD, dtype=np.int8)
    trend = depth_trend(similarity, options.n_neighbors)
    excess = similarity - trend
    codes[excess < options.dead_channel_threshold] = DEAD
    codes[loud | (excess > options.noisy_channel_threshold)] = NOISE
    # Outside are the unbroken runs of dissimilar channels that reach an end of the probe.
    inside = np.flatnonzero(trend >= options.outside_channel_threshold + 1)
    if options.outside_location in ("top", "both"):
        codes[inside[-1] + 1 if inside.size else 0 :] = OUT
    if options.outside_location in ("bottom", "both"):
        codes[: inside[0] if inside.size else len(codes)] = OUT
    return codes
