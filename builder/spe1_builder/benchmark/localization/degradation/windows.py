"""Spike windows of a recording in which electrodes have died, exact and cheap.

The plain way replaces the counts of the dead electrodes by noise and preprocesses the
whole recording again: once a day and seed, 80 times a cell. But the band-pass acts on
each channel alone. So the recording and the noise are each filtered once, around the
spikes only; a day takes each channel from the one or the other, and only the median
over channels, which joins them, is computed anew, on the spike windows. The values are
those of the plain way (a test does both).
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from spe1_builder.benchmark.localization.degradation.noise import NoiseCounts, dying_order
from spe1_builder.compiled import compiled
from spe1_builder.constants import MARGIN_SAMPLES, N_CHANNELS
from spe1_builder.signal.bandpass.groups import LANES, N_GROUPS
from spe1_builder.signal.bandpass.median_kernel import median as channel_median
from spe1_builder.signal.bandpass.preprocess import Counts, FastPreprocessor

#: Spikes of a cell that the degradation looks at, a seeded choice where there are more:
#: a window is 138 kB, and three sets of them are held.
MAX_SPIKES = 1500
_CHOICE_SEED = 0
#: Longest range filtered in one go (69 MB).
_RANGE_SAMPLES = 45_000


@compiled()
def _compose(clean_uV, noise_uV, is_dead, out):
    """Channels of the one or the other, less their median per sample.

    Parameters
    ----------
    clean_uV, noise_uV, out : np.ndarray
        float32 (n_samples, N_GROUPS, LANES), uV, band-passed, of all windows.
    is_dead : np.ndarray
        bool (N_GROUPS, LANES).
    """
    keys = np.empty(N_CHANNELS, np.int32)
    median = np.float32(0.0)
    for t in range(out.shape[0]):
        for g in range(N_GROUPS):
            for lane in range(LANES):
                dead = is_dead[g, lane]
                out[t, g, lane] = noise_uV[t, g, lane] if dead else clean_uV[t, g, lane]
        median = channel_median(out, t, keys, median)
        for g in range(N_GROUPS):
            for lane in range(LANES):
                out[t, g, lane] -= median


def choose_spikes(spikes: np.ndarray) -> np.ndarray:
    """All spikes, or a seeded choice of `MAX_SPIKES` of them, ascending."""
    if len(spikes) <= MAX_SPIKES:
        return spikes
    rng = np.random.default_rng(_CHOICE_SEED)
    return np.sort(rng.choice(spikes, MAX_SPIKES, replace=False))


class DegradedWindows:
    """Spike windows of a recording with any electrodes dead.

    Parameters
    ----------
    counts : Counts
        The recording.
    spikes : np.ndarray
        int64 (n_spikes,), samples of the recording, ascending, windows inside it.
    n_before, n_after : int
        Samples.
    n_threads : int
        Decides the speed only.
    """

    def __init__(
        self, counts: Counts, spikes: np.ndarray, n_before: int, n_after: int, n_threads: int = 1
    ):
        self._spikes, self._n_before, self._n_after = spikes, n_before, n_after
        self._n_threads, self._n_npx = n_threads, counts.n_npx
        self._clean_uV = self._filter(counts)
        self._noise_uV, self._seed = self._clean_uV, -1
        self._out = np.empty_like(self._clean_uV)

    def with_dead(self, seed: int, n_dead: int) -> np.ndarray:
        """The windows once the first ``n_dead`` electrodes of a seed's order have died.

        Returns
        -------
        np.ndarray
            float32 (n_spikes, n_before + n_after, N_CHANNELS), uV; overwritten by the
            next call.
        """
        if seed != self._seed and n_dead > 0:
            self._noise_uV = self._filter(NoiseCounts(seed, self._n_npx))
            self._seed = seed
        is_dead = np.zeros(N_CHANNELS, dtype=bool)
        is_dead[dying_order(seed)[:n_dead]] = True
        parts = np.array_split(np.arange(len(self._spikes)), self._n_threads)

        def compose(part: np.ndarray) -> None:
            if len(part):
                arrays = (self._clean_uV, self._noise_uV, self._out)
                clean_uV, noise_uV, out = (
                    array[part[0] : part[-1] + 1].reshape(-1, N_GROUPS, LANES) for array in arrays
                )
                _compose(clean_uV, noise_uV, is_dead.reshape(N_GROUPS, LANES), out)

        with ThreadPoolExecutor(self._n_threads) as pool:
            list(pool.map(compose, parts))
        return self._out

    def _filter(self, counts: Counts) -> np.ndarray:
        """Band-passed windows, no reference: float32 (n_spikes, n_samples, N_CHANNELS), uV."""
        preprocessor = FastPreprocessor(counts)
        n_samples = self._n_before + self._n_after
        windows = np.empty((len(self._spikes), n_samples, N_CHANNELS), dtype=np.float32)

        def fill(group: tuple[int, int]) -> None:
            first, last = group
            start = int(self._spikes[first]) - self._n_before
            stop = int(self._spikes[last - 1]) + self._n_after
            traces_uV = preprocessor.read(start, stop, subtract_median=False)
            for i in range(first, last):
                offset = int(self._spikes[i]) - self._n_before - start
                windows[i] = traces_uV[:, offset : offset + n_samples].T

        with ThreadPoolExecutor(self._n_threads) as pool:
            list(pool.map(fill, _groups(self._spikes.tolist(), n_samples)))
        return windows


def _groups(spikes: Sequence[int], n_samples: int) -> list[tuple[int, int]]:
    """Indices [first, last) of spikes to filter in one go.

    Spikes nearer to each other than two filter margins share the margin.
    """
    groups: list[tuple[int, int]] = []
    first = 0
    for i in range(1, len(spikes) + 1):
        if (
            i == len(spikes)
            or spikes[i] - spikes[i - 1] > 2 * MARGIN_SAMPLES + n_samples
            or spikes[i] - spikes[first] + n_samples > _RANGE_SAMPLES
        ):
            groups.append((first, i))
            first = i
    return groups if len(spikes) else []
