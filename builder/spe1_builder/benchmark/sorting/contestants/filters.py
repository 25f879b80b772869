"""Filters that a known template gives, and the noise that they are made against."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from spe1_builder.benchmark.sorting.cell import SortingCell

#: Samples of a filter around the patched spike: 1 ms before to 1.5 ms after.
N_BEFORE, N_AFTER = 30, 45
N_TAPS = N_BEFORE + N_AFTER
#: Channels that filters are tried on: those where the template is largest. Of few spikes the
#: template is known well only where it is large.
N_CHANNELS_TRIED = (12, 4, 1)
#: Pieces of noise that its covariance is made of, and their seed.
_MOST_PIECES = 20_000
_SEED = 0


def noise_starts(cell: SortingCell) -> np.ndarray:
    """Where the train split has no patched spike: int64 (n_pieces,), ascending.

    Samples at which a piece of `N_TAPS` begins.
    """
    n_starts = cell.n_train - N_TAPS
    is_free = np.ones(max(n_starts, 0), dtype=bool)
    for spike in cell.truth[cell.truth < cell.n_train + N_TAPS].tolist():
        is_free[max(spike - N_BEFORE - N_TAPS, 0) : max(spike + N_AFTER, 0)] = False
    free = np.flatnonzero(is_free)
    rng = np.random.default_rng(_SEED)
    return np.sort(rng.choice(free, min(len(free), _MOST_PIECES), replace=False))


def read_snippets(cell: SortingCell, channels: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """Pieces of the traces: float32 (n_pieces, n_channels, N_TAPS)."""
    snippets = np.empty((len(starts), len(channels), N_TAPS), np.float32)
    taps = np.arange(N_TAPS)
    for start, stop, traces_uV in cell.pieces(channels, N_TAPS, np.empty(0, np.int64)):
        here = slice(*np.searchsorted(starts, [start, stop]))
        at = starts[here, np.newaxis] - start + N_TAPS + taps
        snippets[here] = traces_uV[:, at].transpose(1, 0, 2)
    return snippets


def covariance(noise_uV: np.ndarray, n_train: int) -> np.ndarray:
    """Of noise over channels and time: float64 (n, n), drawn towards its diagonal.

    By as much as the pieces are few: pieces that overlap tell the same.

    Parameters
    ----------
    noise_uV : np.ndarray
        (n_pieces, n_channels, N_TAPS).
    n_train : int
        Samples that they were taken from.
    """
    rows = noise_uV.reshape(len(noise_uV), -1).astype(np.float64)
    rows -= rows.mean(axis=0)
    found = rows.T @ rows / max(len(rows), 1)
    n_apart = min(len(rows), n_train // N_TAPS)
    drawn = len(found) / (len(found) + n_apart)
    diagonal = np.diag(np.maximum(np.diag(found), 1e-6))
    return (1.0 - drawn) * found + drawn * diagonal


def make_filters(
    templates_uV: Sequence[np.ndarray], noise: np.ndarray, taken: np.ndarray
) -> dict[str, list[np.ndarray]]:
    """Filters of templates by kind, whose output on the noise has an s.d. of 1.

    Parameters
    ----------
    templates_uV : sequence of np.ndarray
        (n_channels, N_TAPS) each.
    noise : np.ndarray
        The covariance of all these channels.
    taken : np.ndarray
        int64 (n_taken,): channels, as indices, that the filters look at.

    Returns
    -------
    dict of str to list of np.ndarray
        "whitened", the best linear one in such noise; and "plain", the template itself, which
        is better where the noise is known badly. Each (n_taken, N_TAPS).
    """
    rows = (taken[:, np.newaxis] * N_TAPS + np.arange(N_TAPS)).ravel()
    noise = noise[np.ix_(rows, rows)]
    flat = [template[taken].ravel().astype(np.float64) for template in templates_uV]
    whitened = np.linalg.solve(noise, np.stack(flat, axis=1)).T
    filters: dict[str, list[np.ndarray]] = {}
    for kind, weights in (("whitened", whitened), ("plain", np.stack(flat))):
        sizes = np.sqrt(np.einsum("ni,ij,nj->n", weights, noise, weights))
        filters[kind] = [
            (one / max(size, 1e-12)).reshape(-1, N_TAPS)
            for one, size in zip(weights, sizes, strict=True)
        ]
    return filters


def apply_filter(weights: np.ndarray, traces_uV: np.ndarray) -> np.ndarray:
    """A filter's output where a spike would stand: float32 (n_samples - N_TAPS + 1,).

    Parameters
    ----------
    weights : np.ndarray
        (n_channels, N_TAPS).
    traces_uV : np.ndarray
        float32 (n_channels, n_samples).
    """
    from scipy.signal import oaconvolve

    turned = weights[:, ::-1].astype(np.float32)
    return oaconvolve(traces_uV, turned, mode="valid", axes=1).sum(axis=0)
