"""Monopolar triangulation: the amplitudes, and the fits on all threads."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np

from builder.benchmark.localize.monopolar_kernels import fit_monopoles
from builder.benchmark.localize.params import MonopolarParams
from builder.benchmark.localize.task import Task

#: Waveforms that a thread takes at a time: some ten milliseconds of work.
_AT_ONCE = 256


def estimate(task: Task, n_threads: int = 1) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """x, y and z of every waveform, um, and whether its search met its tolerance.

    Returns
    -------
    tuple of np.ndarray
        float64 (n_waveforms, 2), float64 (n_waveforms,), bool (n_waveforms,).
    """
    params = task.params
    assert isinstance(params, MonopolarParams)
    features = task.features().astype(np.float64)
    near_um = np.ascontiguousarray(task.positions_um[task.near].T)
    found = np.empty((len(features), 4))
    converged = np.empty(len(features), dtype=bool)

    def fit(first: int) -> None:
        some = slice(first, first + _AT_ONCE)
        fit_monopoles(
            features[some],
            near_um,
            params.max_distance_um,
            params.initial_z_um,
            found[some],
            converged[some],
        )

    with ThreadPoolExecutor(n_threads) as pool:
        list(pool.map(fit, range(0, len(features), _AT_ONCE)))
    return found[:, :2].copy(), found[:, 2].copy(), converged
