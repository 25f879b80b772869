"""The mean spike of the patched neuron on every channel."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from spe1_builder.constants import (
    BAND_HZ,
    FILTER_ORDER,
    N_CHANNELS,
    NPX_RATE_HZ,
    REFERENCE_CHANNELS,
)
from spe1_builder.errors import RawDataError

MIN_SPIKES = 2
#: Spikes that the guess of the peak channel looks at, spread over the window. Fewer make it
#: wrong in weak cells whose template is flat at the top: 200 in 4 of 18 simulated ones of 5 to
#: 20 uV, all of 450 to 520 in one, where the two largest channels differed by less than 0.01 uV.
_N_GUESS_SPIKES = 2000
#: Samples on each side of such a spike for the filter to settle: 10 ms, enough for a guess.
_GUESS_MARGIN_SAMPLES = 300

#: ``read(start, stop)``, window samples; mostly to float32 (n_channels, stop - start), uV.
Read = Callable[[int, int], np.ndarray]


@dataclass(frozen=True)
class Template:
    """Raw mean over spike windows, no realignment (Zhao et al. 2026).

    Attributes
    ----------
    mean_uV : np.ndarray
        float32 (n_before + n_after, N_CHANNELS), uV.
    n_before, n_after : int
        Samples before the spike and from it on.
    n_spikes_total, n_spikes_used : int
        In the analysis window; those whose whole window lies in it.
    """

    mean_uV: np.ndarray
    n_before: int
    n_after: int
    n_spikes_total: int
    n_spikes_used: int

    def peak_channel(self, bad_channels: tuple[int, ...]) -> int:
        """Channel of the largest absolute value among the channels that are not bad."""
        peaks_uV = np.abs(self.mean_uV).max(axis=0)
        peaks_uV[list(bad_channels)] = -1.0
        return int(peaks_uV.argmax())


class SpikeSums:
    """Which spikes make the template, and their sum as it grows.

    Parameters
    ----------
    spikes : np.ndarray
        int64 (n_spikes,), ascending, samples of the analysis window.
    n_samples : int
        Length of the analysis window.
    n_before, n_after : int
        Samples.

    Raises
    ------
    RawDataError
        Fewer than two spikes have their whole window in the analysis window.
    """

    def __init__(self, spikes: np.ndarray, n_samples: int, n_before: int, n_after: int):
        self.n_before, self.n_after = n_before, n_after
        self.n_samples = n_samples
        self._n_total = len(spikes)
        self.used = spikes[(spikes >= n_before) & (spikes + n_after <= n_samples)]
        if len(self.used) < MIN_SPIKES:
            raise RawDataError(
                "Too few ground-truth spikes for a template.",
                expected=f"at least {MIN_SPIKES} with their whole window in the analysis window",
                got=f"{len(self.used)} of {len(spikes)}",
                do="lengthen the analysis window (duration_s, skip_seconds), "
                "or take the spikes from elsewhere (spike_source)",
            )
        self._total = np.zeros((N_CHANNELS, n_before + n_after))

    def sum_of(self, traces_uV: np.ndarray, first: int, read: Read) -> np.ndarray:
        """Sum over the spikes that lie in a range whose traces are at hand.

        Parameters
        ----------
        traces_uV : np.ndarray
            float32 (N_CHANNELS, n): the range from ``first`` on.
        first : int
            Sample of the analysis window.
        read : callable
            For the few spikes whose window crosses the range's edges.

        Returns
        -------
        np.ndarray
            float64 (N_CHANNELS, n_before + n_after), uV.
        """
        total = np.zeros_like(self._total)
        low, high = np.searchsorted(self.used, [first, first + traces_uV.shape[1]])
        for spike in self.used[low:high].tolist():
            start, stop = spike - self.n_before, spike + self.n_after
            if start >= first and stop <= first + traces_uV.shape[1]:
                total += traces_uV[:, start - first : stop - first]
            else:
                total += read(start, stop)
        return total

    def add(self, part: np.ndarray) -> None:
        """Add a part; parts come in the order of time, so that the bits repeat."""
        self._total += part

    def template(self) -> Template:
        """The mean, once every range has been added."""
        mean_uV = np.ascontiguousarray((self._total / len(self.used)).T.astype(np.float32))
        return Template(mean_uV, self.n_before, self.n_after, self._n_total, len(self.used))


def guess_peak_channel(read_counts: Read, sums: SpikeSums) -> int:
    """The channel that will very likely be the template's peak, from most of the spikes.

    Rows are written before the whole template is known; see `dataset.write.stream`. The
    mean of filtered spikes is the filtered mean, so the counts are averaged and filtered
    once; only the median of the mean is not quite the mean of the medians.

    Parameters
    ----------
    read_counts : callable
        ``read_counts(start, stop) -> int16 (stop - start, N_CHANNELS)``, window samples.
    sums : SpikeSums
    """
    import scipy.signal

    n_chosen = min(len(sums.used), _N_GUESS_SPIKES)
    chosen = sums.used[np.linspace(0, len(sums.used) - 1, n_chosen).astype(int)].tolist()
    before, after = sums.n_before + _GUESS_MARGIN_SAMPLES, sums.n_after + _GUESS_MARGIN_SAMPLES
    total = np.zeros((before + after, N_CHANNELS))
    for spike in chosen:
        start, stop = max(spike - before, 0), min(spike + after, sums.n_samples)
        missing = (start - (spike - before), spike + after - stop)
        total += np.pad(read_counts(start, stop), (missing, (0, 0)), mode="edge")
    sections = scipy.signal.butter(
        FILTER_ORDER, BAND_HZ, btype="bandpass", fs=NPX_RATE_HZ, output="sos"
    )
    mean = scipy.signal.sosfiltfilt(sections, total, axis=0)
    mean -= np.median(mean, axis=1, keepdims=True)
    inner = mean[_GUESS_MARGIN_SAMPLES : len(mean) - _GUESS_MARGIN_SAMPLES]
    guess = Template(inner, sums.n_before, sums.n_after, n_chosen, n_chosen)
    return guess.peak_channel(REFERENCE_CHANNELS)
