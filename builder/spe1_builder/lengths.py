"""How long the two streams of a recording are, by what Data Summary says of it.

The patch trace was saved in periods of equal length, and both streams start and end together.
So the length in minutes and the patch rate give both lengths of all 43 cells, whole to 1e-7 of a
sample: a recording that is one sample short is told without any description of it.

Source: [MS18] Marques-Smith et al. 2018, doi:10.1101/370080, ``Data Summary.xlsx``.
"""

from __future__ import annotations

from dataclasses import dataclass

from spe1_builder.constants import N_CHANNELS, NPX_RATE_HZ

#: A period of the patch trace.
_PERIOD_MIN = 2.25
_PERIOD_SAMPLES = 6_753_510

#: int16 of every channel, and float64.
NPX_SAMPLE_BYTES = N_CHANNELS * 2
PATCH_SAMPLE_BYTES = 8


@dataclass(frozen=True)
class StreamLengths:
    """Samples of the two streams.

    Attributes
    ----------
    n_npx, n_patch : int
    """

    n_npx: int
    n_patch: int

    @property
    def npx_bytes(self) -> int:
        """Of ``cXX_npx_raw.bin``."""
        return self.n_npx * NPX_SAMPLE_BYTES

    @property
    def patch_bytes(self) -> int:
        """Of ``cXX_patch_ch1.bin``."""
        return self.n_patch * PATCH_SAMPLE_BYTES


def stream_lengths(recording_length_min: float, patch_rate_hz: float) -> StreamLengths:
    """Lengths of both streams.

    Parameters
    ----------
    recording_length_min, patch_rate_hz : float
        Of Data Summary.

    Examples
    --------
    >>> stream_lengths(18.0, 50023.9112590845).n_patch
    54028080
    """
    n_patch = round(recording_length_min * _PERIOD_SAMPLES / _PERIOD_MIN)
    return StreamLengths(round(n_patch * NPX_RATE_HZ / patch_rate_hz), n_patch)


def recording_length_min(n_patch: int) -> float:
    """The length that Data Summary gives a recording of so many patch samples."""
    return n_patch * _PERIOD_MIN / _PERIOD_SAMPLES
