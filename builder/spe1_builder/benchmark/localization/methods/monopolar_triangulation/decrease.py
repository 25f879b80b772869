"""Amplitudes that do not grow away from the peak channel.

Source: Boussard et al. 2021, doi:10.1101/2021.11.05.467503, in the form of
SpikeInterface's ``enforce_decrease_shells``, which its release 0.100.8 applied to spikes
and later ones compute without using it.
"""

from __future__ import annotations

import numpy as np

from spe1_builder.benchmark.localization.methods.task import Task

#: How many of the distances around a channel, from the nearest on, its parents lie within.
_PARENT_RINGS = 3
#: Two distances closer than this are one ring, um.
_SAME_RING_UM = 1e-6


def _distances_um(positions_um: np.ndarray, channel: int) -> np.ndarray:
    squares_um2 = ((positions_um - positions_um[channel]) ** 2).sum(axis=1)
    return np.round(np.sqrt(squares_um2) / _SAME_RING_UM) * _SAME_RING_UM


def parents_of(task: Task) -> list[tuple[int, np.ndarray]]:
    """Which near channels may not exceed the largest of which others, in order outward.

    A channel's parents are those on rings closer to the peak channel than its own, and
    within the third distance around it. The first ring has none.

    Returns
    -------
    list of (int, np.ndarray)
        Indices into the near channels: a channel, its parents.
    """
    near, positions_um = task.near, task.positions_um
    outward_um = _distances_um(positions_um, task.peak_index)[near]
    parents = []
    for ring_um in np.unique(outward_um)[2:]:
        inner = outward_um < ring_um
        for child in np.flatnonzero(outward_um == ring_um):
            around_um = _distances_um(positions_um, near[child])
            reach_um = np.unique(around_um)[1 : _PARENT_RINGS + 1][-1]
            chosen = np.flatnonzero(inner & (around_um[near] <= reach_um))
            if chosen.size:
                parents.append((int(child), chosen))
    return parents


def enforce_decrease(features: np.ndarray, parents: list[tuple[int, np.ndarray]]) -> np.ndarray:
    """Amplitudes cut to the largest of their parents': a copy, (n_waveforms, n_near)."""
    features = features.copy()
    for child, chosen in parents:
        features[:, child] = np.minimum(features[:, child], features[:, chosen].max(axis=1))
    return features
