"""Spikes of two lists, matched one to one.

Both lists ascend and the tolerance is one for all, so that taking for each patched spike the
first free one within reach leaves the most to those that come after: the matching has as many
pairs as any can have.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from spe1_builder.compiled import compiled


def match(truth: np.ndarray, found: np.ndarray, delta: int) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of spikes that lie within a tolerance, each spike in one pair at most.

    Parameters
    ----------
    truth, found : np.ndarray
        int64 (n,), ascending samples.
    delta : int
        Samples; a distance of as many is a match.

    Returns
    -------
    truth_indices, found_indices : np.ndarray
        int64 (n_pairs,), both ascending.

    Examples
    --------
    >>> import numpy as np
    >>> truth, found = np.array([100, 200, 300]), np.array([90, 112, 213, 300])
    >>> [indices.tolist() for indices in match(truth, found, 12)]
    [[0, 2], [0, 3]]
    """
    partners = np.empty(len(truth), np.int64)
    _fill_partners(_plain(truth), _plain(found), delta, partners)
    has_partner = partners >= 0
    return np.flatnonzero(has_partner), partners[has_partner]


def count_matches(
    truth: np.ndarray, units: Sequence[np.ndarray], delta: int, shift: int = 0
) -> np.ndarray:
    """Pairs of `match` with each of several units.

    Parameters
    ----------
    truth : np.ndarray
        int64 (n,), ascending samples.
    units : sequence of np.ndarray
        int64 (n_spikes,) each, ascending.
    delta : int
        Samples.
    shift : int
        Added to ``truth``.

    Returns
    -------
    np.ndarray
        int64 (n_units,).
    """
    moved = _plain(truth) + shift
    return np.array([_count(moved, _plain(unit), delta) for unit in units], dtype=np.int64)


def _plain(samples: np.ndarray) -> np.ndarray:
    """As the compiled functions take them: one type, so that they are compiled once."""
    return np.require(samples, np.int64, ["C", "W"])


@compiled()
def _fill_partners(
    truth: np.ndarray, found: np.ndarray, delta: int, partners: np.ndarray
) -> None:  # pragma: no cover - compiled
    j = 0
    for i in range(len(truth)):
        partners[i] = -1
        while j < len(found) and found[j] < truth[i] - delta:
            j += 1
        if j < len(found) and found[j] <= truth[i] + delta:
            partners[i] = j
            j += 1


@compiled()
def _count(truth: np.ndarray, found: np.ndarray, delta: int) -> int:  # pragma: no cover - compiled
    j = n = 0
    for i in range(len(truth)):
        while j < len(found) and found[j] < truth[i] - delta:
            j += 1
        if j < len(found) and found[j] <= truth[i] + delta:
            n += 1
            j += 1
    return n
