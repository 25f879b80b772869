"""Quartiles of each channel from a histogram that fills as the segments pass."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np

from spe1_builder.constants import N_CHANNELS

#: The contract's coarsest bin; quartiles are interpolated within it.
BIN_WIDTH_UV = 0.01
#: Bins on each side of zero. Quartiles of band-passed traces lie within tens of
#: uV; values beyond are counted in the outermost bins.
_HALF_BINS = 8_192
RANGE_UV = BIN_WIDTH_UV * _HALF_BINS


@dataclass(frozen=True)
class Quartiles:
    """Per channel, uV, float64 (n_channels,); NaN where a quartile is out of range."""

    median: np.ndarray
    iqr: np.ndarray
    abs_iqr: np.ndarray
    n_samples: int

    @property
    def wide_channels(self) -> list[int]:
        """Channels so large (a broken site, say) that a quartile lies beyond the histogram."""
        missing = np.isnan([self.median, self.iqr, self.abs_iqr]).any(axis=0)
        return np.flatnonzero(missing).tolist()

    def with_exact(self, read_channel: Callable[[int], np.ndarray]) -> Quartiles:
        """The same, with the wide channels computed from their traces.

        Parameters
        ----------
        read_channel : callable
            ``read_channel(channel) -> float32 (n_samples,)``, uV; overwritten.
        """
        median, iqr, abs_iqr = self.median.copy(), self.iqr.copy(), self.abs_iqr.copy()
        for channel in self.wide_channels:
            trace = read_channel(channel)
            low, median[channel], high = np.quantile(trace, [0.25, 0.5, 0.75], overwrite_input=True)
            np.abs(trace, out=trace)
            abs_low, abs_high = np.quantile(trace, [0.25, 0.75], overwrite_input=True)
            iqr[channel], abs_iqr[channel] = high - low, abs_high - abs_low
        return Quartiles(median, iqr, abs_iqr, self.n_samples)


class ChannelHistogram:
    """Counts of every channel's values; histograms of parts add up exactly."""

    def __init__(self) -> None:
        self._counts = np.zeros((N_CHANNELS, 2 * _HALF_BINS), dtype=np.uint32)
        self.n_samples = 0

    def add(self, traces_uV: np.ndarray) -> None:
        """Count the values of ``traces_uV``: float32 (N_CHANNELS, n_samples)."""
        _fill_kernel()(traces_uV, self._counts, 1.0 / BIN_WIDTH_UV, _HALF_BINS)
        self.n_samples += traces_uV.shape[1]

    def merge(self, other: ChannelHistogram) -> None:
        """Add the counts of another part."""
        self._counts += other._counts
        self.n_samples += other.n_samples

    def quartiles(self) -> Quartiles:
        """Median, IQR and IQR of the absolute value, interpolated within a bin."""
        low, median, high = self._at((0.25, 0.5, 0.75), self._counts, -RANGE_UV)
        # |x| of a bin below zero falls into the mirrored bin above.
        folded = self._counts[:, _HALF_BINS:] + self._counts[:, _HALF_BINS - 1 :: -1]
        abs_low, abs_high = self._at((0.25, 0.75), folded, 0.0)
        return Quartiles(median, high - low, abs_high - abs_low, self.n_samples)

    def _at(
        self, fractions: tuple[float, ...], counts: np.ndarray, first_edge_uV: float
    ) -> list[np.ndarray]:
        results = [np.empty(N_CHANNELS) for _ in fractions]
        last = counts.shape[1] - 1
        for channel in range(N_CHANNELS):
            upto = np.cumsum(counts[channel], dtype=np.int64)
            for fraction, result in zip(fractions, results, strict=True):
                rank = fraction * self.n_samples
                index = int(np.searchsorted(upto, rank, side="left"))
                before = upto[index] - counts[channel, index]
                inside = (rank - before) / max(int(counts[channel, index]), 1)
                is_open_end = index == last or (index == 0 and first_edge_uV < 0)
                value = first_edge_uV + BIN_WIDTH_UV * (index + inside)
                result[channel] = np.nan if is_open_end else value
        return results


@cache
def _fill_kernel():
    from spe1_builder.signal.quartiles.kernel import fill

    return fill
