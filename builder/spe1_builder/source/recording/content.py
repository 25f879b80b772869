"""Whether a Neuropixels recording looks like one: a few looks spread over the file.

Size and length say nothing of what the bytes are. A file that is channel-major, in the
other byte order, or in another unit has the right length, builds, and gives nonsense.

The recordings are 10-bit counts, of which a constant offset of each channel was
subtracted, band-passed at acquisition. What the checks saw, on good files and bad ones
("real" is 10 ms of all channels and 1 s of one channel of c26):

===================  ========================  ==========================  =========
statistic            good                      bad                         limit
===================  ========================  ==========================  =========
largest count        203; real 129             32,768 byte-swapped         1,023
gaps between counts  0; real 0 to .02          .55 to .57 times the gain,  .25
                                               .50 times two
at a channel's ends  below .001                .05 to .6, and 3 to 1,000   .005, and
                                               times the next, clipped     2.5 x
lag of one channel   -.005 to .005; real       .32 to .96; real .11        .04
                     -.005
constant channels    0                         284 of 384 not recorded     38
===================  ========================  ==========================  =========

The lag of one channel needs noise that channels share: a channel-major file without any
(a simulated one with ``common_noise_uV=0`` and ``local_noise_uV=0``) is not told.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from spe1_builder.constants import GAIN_UV_PER_BIT, N_CHANNELS
from spe1_builder.errors import RawDataError
from spe1_builder.source.recording.raw import RawCell, read_exactly

#: Pieces that are looked at, and their length: half a second in all, 12 MB.
N_PIECES, PIECE_SAMPLES = 16, 1000
#: A 10-bit count less an offset that is one too.
MAX_COUNT = 1023
#: Channels that may hold one value throughout: a tenth. Reference sites may be quiet,
#: and single sites are broken; bad-channel detection finds those.
MAX_CONSTANT_CHANNELS = N_CHANNELS // 10
#: Samples of a channel below which shares of single counts mean nothing.
_LEAST_SAMPLES = 4000
#: A count is common, so that its neighbours must occur too, if it occurs so often.
_COMMON = 20
#: Farthest common count on each side of a gap: a factor of up to 6 leaves gaps of up to 5.
_GAP_REACH = 6
MAX_GAPS = 0.25
#: A smooth peak stays at its highest count up to 2.4 times as long as at the next.
MAX_END_SHARE, MAX_END_RATIO = 0.005, 2.5
#: Channels that may be clipped: one that is saturated is broken, not the file.
_MAX_CLIPPED_CHANNELS = N_CHANNELS // 10
MAX_LAG_CORRELATION = 0.04
#: Rows of 384 values that are compared with what lies one recording's length further.
_LAG_ROWS = 64
_N_BINS = 2 * (MAX_COUNT + 1)


def check_content(raw: RawCell) -> None:
    """Refuse a recording whose bytes cannot be counts of this probe, in time-major order.

    Takes 0.1 to 0.2 s, whatever the length.

    Raises
    ------
    RawDataError
        Parts without data, constant channels, byte order, a range beyond 10 bits, counts
        multiplied by the gain, clipped, channel-major.
    """
    counts = np.zeros((N_CHANNELS, _N_BINS), np.int64)
    n_values = n_beyond = n_beyond_swapped = largest = 0
    for start, piece in _pieces(raw):
        if len(piece) == PIECE_SAMPLES and (piece == piece[0]).all():
            raise _bad(
                raw,
                "A part of the recording holds no data",
                "noise on every channel",
                f"constant values on every channel from sample {start} on",
                "the download or the copy has a hole: fetch the file again",
            )
        size = np.abs(piece.astype(np.int32))
        n_values += piece.size
        if size.max() > MAX_COUNT:
            swapped = np.abs(piece.byteswap().astype(np.int32))
            n_beyond += int((size > MAX_COUNT).sum())
            n_beyond_swapped += int((swapped > MAX_COUNT).sum())
        largest = max(largest, int(size.max()))
        bins = np.clip(piece, -MAX_COUNT - 1, MAX_COUNT).astype(np.int32) + (MAX_COUNT + 1)
        bins += np.arange(N_CHANNELS, dtype=np.int32) * _N_BINS
        counts += np.bincount(bins.ravel(), minlength=counts.size).reshape(counts.shape)
    if n_beyond and n_beyond_swapped < n_beyond / 10:
        raise _bad(
            raw,
            "The recording's bytes are in the wrong order",
            "int16, the low byte first",
            f"counts up to {largest}; with the bytes of each exchanged "
            f"{n_beyond_swapped} of {n_values} are beyond {MAX_COUNT}, otherwise {n_beyond}",
            "fetch the file again, or exchange them (numpy: byteswap)",
        )
    _check_steps(raw, counts)
    if n_beyond:
        raise _bad(
            raw,
            "The recording holds values that 10 bits cannot",
            f"counts within {MAX_COUNT}",
            f"up to {largest}; {n_beyond} of {n_values} values beyond",
            f"it is no int16 file of counts ({GAIN_UV_PER_BIT} uV each): fetch it again",
        )
    _check_constant(raw, counts)
    _check_clipped(raw, counts)
    _check_order(raw)


def _pieces(raw: RawCell) -> Iterator[tuple[int, np.ndarray]]:
    """(first sample, int16 (n, N_CHANNELS)) of pieces that do not overlap."""
    n_pieces = min(N_PIECES, -(-raw.n_npx // PIECE_SAMPLES))
    last = max(raw.n_npx - PIECE_SAMPLES, 0)
    for start in np.linspace(0, last, n_pieces).astype(int).tolist():
        yield start, raw.read_counts(start, min(start + PIECE_SAMPLES, raw.n_npx))


def _check_steps(raw: RawCell, counts: np.ndarray) -> None:
    """Multiplied counts leave out values between those that are common."""
    is_common = counts >= _COMMON
    below, above = np.zeros_like(is_common), np.zeros_like(is_common)
    for step in range(1, _GAP_REACH + 1):
        below[:, step:] |= is_common[:, :-step]
        above[:, :-step] |= is_common[:, step:]
    n_gaps = int(((counts == 0) & below & above).sum())
    share = n_gaps / max(n_gaps + int(is_common.sum()), 1)
    if share > MAX_GAPS:
        raise _bad(
            raw,
            "The recording's counts have been multiplied, by the gain or another number",
            "counts as the probe gives them, every whole number between the common ones",
            f"{100 * share:.0f} % of the whole numbers in between never occur",
            f"use the file of the release: the build multiplies by {GAIN_UV_PER_BIT} itself",
        )


def _check_constant(raw: RawCell, counts: np.ndarray) -> None:
    n_constant = int(((counts > 0).sum(axis=1) == 1).sum())
    if raw.n_npx >= PIECE_SAMPLES and n_constant > MAX_CONSTANT_CHANNELS:
        raise _bad(
            raw,
            "Many channels of the recording are constant",
            f"at most {MAX_CONSTANT_CHANNELS} of {N_CHANNELS}",
            n_constant,
            "they were not recorded, or the file is damaged: fetch it again",
        )


def _check_clipped(raw: RawCell, counts: np.ndarray) -> None:
    """A clipped channel has far more of its extreme count than of the one beside it."""
    n_samples = counts.sum(axis=1)
    if n_samples[0] < _LEAST_SAMPLES:
        return
    channel = np.arange(N_CHANNELS)
    low = (counts > 0).argmax(axis=1)
    high = _N_BINS - 1 - (counts[:, ::-1] > 0).argmax(axis=1)
    is_clipped = np.zeros(N_CHANNELS, bool)
    for end, beside in ((low, low + 1), (high, high - 1)):
        at_end, next_to_it = counts[channel, end], counts[channel, beside.clip(0, _N_BINS - 1)]
        is_clipped |= (at_end > MAX_END_SHARE * n_samples) & (at_end > MAX_END_RATIO * next_to_it)
    # A channel of two or three counts, a quiet one, has no tails to tell by.
    is_clipped &= (counts > 0).sum(axis=1) >= 8
    if is_clipped.sum() > _MAX_CLIPPED_CHANNELS:
        first = int(is_clipped.argmax())
        ends = [int(end[first]) - MAX_COUNT - 1 for end in (low, high)]
        raise _bad(
            raw,
            "The recording is clipped",
            f"at most {_MAX_CLIPPED_CHANNELS} channels that often stand at their largest value",
            f"{int(is_clipped.sum())} channels; channel {first} ends at {ends[0]} and {ends[1]}",
            "use the file of the release: the range of a copy was cut",
        )


def _check_order(raw: RawCell) -> None:
    """In a channel-major file, what lies one recording further is the next channel, now.

    Both stretches are differences of neighbours in the file, less the mean of each of
    the 384 places, so that neither slow potentials nor offsets of channels count.
    """
    n_values = _LAG_ROWS * N_CHANNELS
    last = raw.n_npx * (N_CHANNELS - 1) - n_values - 1
    if last < 0:
        return
    correlations = []
    for first in np.linspace(0, last, N_PIECES).astype(int).tolist():
        here, there = (_differences(raw, first + shift, n_values) for shift in (0, raw.n_npx))
        size = float(np.sqrt((here**2).sum() * (there**2).sum()))
        correlations.append(float((here * there).sum()) / size if size else 0.0)
    correlation = float(np.median(correlations))
    if correlation > MAX_LAG_CORRELATION:
        raise _bad(
            raw,
            "The recording is channel-major: one channel after the other",
            f"all {N_CHANNELS} channels of one sample, then the next sample",
            f"a correlation of {correlation:.2f} with what lies {raw.n_npx} values further, "
            f"where a file in the right order has less than {MAX_LAG_CORRELATION}",
            "use the file of the release, or transpose it to (samples, channels)",
        )


def _differences(raw: RawCell, first: int, n_values: int) -> np.ndarray:
    """float64 (n_values / 384, 384) of values [first, first + n_values] of the file."""
    values = np.empty(n_values + 1, "<i2")
    read_exactly(raw.npx_path, 2 * first, values)
    steps = np.diff(values.astype(np.float64)).reshape(-1, N_CHANNELS)
    return steps - steps.mean(axis=0)


def _bad(raw: RawCell, what: str, expected: object, got: object, do: str) -> RawDataError:
    return RawDataError(
        f"{what} ({raw.cell_id}).", where=raw.npx_path, expected=expected, got=got, do=do
    )
