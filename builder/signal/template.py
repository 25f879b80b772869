"""The mean spike of the patched neuron on every channel."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from builder.constants import MARGIN_SAMPLES, N_CHANNELS
from builder.errors import RawDataError
from builder.progress import Progress, Silent, stage

MIN_SPIKES = 2
#: Longest range filtered at once (100 MB a thread).
_MAX_RANGE_SAMPLES = 60_000

#: ``read(start, stop) -> float32 (n_channels, stop - start)``, uV, window samples.
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


def mean_template(
    read: Read,
    spikes: np.ndarray,
    n_samples: int,
    n_before: int,
    n_after: int,
    *,
    n_threads: int = 1,
    progress: Progress | None = None,
) -> Template:
    """Average the preprocessed traces over every whole spike window.

    Parameters
    ----------
    read : callable
        ``read(start, stop) -> float32 (N_CHANNELS, stop - start)``, uV.
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
    used = spikes[(spikes >= n_before) & (spikes + n_after <= n_samples)]
    if len(used) < MIN_SPIKES:
        raise RawDataError(
            "Too few ground-truth spikes for a template.",
            expected=f"at least {MIN_SPIKES} with their whole window in the analysis window",
            got=f"{len(used)} of {len(spikes)}",
            do="lengthen the analysis window (duration_s, skip_seconds), "
            "or take the spikes from elsewhere (spike_source)",
        )

    def sum_range(group: np.ndarray) -> np.ndarray:
        first = int(group[0]) - n_before
        traces = read(first, int(group[-1]) + n_after)
        total = np.zeros((N_CHANNELS, n_before + n_after))
        for spike in group - n_before - first:
            total += traces[:, spike : spike + n_before + n_after]
        return total

    total = np.zeros((N_CHANNELS, n_before + n_after))
    groups = list(_neighbours(used, n_before + n_after))
    with (
        stage(progress or Silent(), "template", len(used), "spikes"),
        ThreadPoolExecutor(n_threads) as pool,
    ):
        # Summed in the groups' order, so that the result does not depend on threads.
        for group, part in zip(groups, pool.map(sum_range, groups), strict=True):
            total += part
            if progress is not None:
                progress.advance(len(group))
    mean_uV = (total / len(used)).T.astype(np.float32)
    return Template(np.ascontiguousarray(mean_uV), n_before, n_after, len(spikes), len(used))


def _neighbours(spikes: np.ndarray, window_samples: int) -> Iterator[np.ndarray]:
    """Spikes that are read together: closer than two margins, within the longest range."""
    first = 0
    for i in range(1, len(spikes) + 1):
        if (
            i == len(spikes)
            or spikes[i] - spikes[i - 1] > window_samples + 2 * MARGIN_SAMPLES
            or spikes[i] - spikes[first] > _MAX_RANGE_SAMPLES
        ):
            yield spikes[first:i]
            first = i
