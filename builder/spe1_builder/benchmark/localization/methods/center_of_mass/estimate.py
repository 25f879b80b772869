"""Center of mass of the amplitudes around the peak channel."""

from __future__ import annotations

import numpy as np

from spe1_builder.benchmark.localization.methods.center_of_mass.params import CenterOfMassParams
from spe1_builder.benchmark.localization.methods.task import Task


def estimate(task: Task, n_threads: int = 1) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """x, y and z (NaN) of every waveform, um, and whether there is an estimate.

    Returns
    -------
    tuple of np.ndarray
        float64 (n_waveforms, 2), float64 (n_waveforms,), bool (n_waveforms,).
    """
    params = task.params
    assert isinstance(params, CenterOfMassParams)
    # Sums rather than a matrix product: a row's result must not depend on its neighbours.
    features = task.features(params.feature).astype(np.float64)
    near_um = task.positions_um[task.near]
    xy_um = np.stack([(features * near_um[:, axis]).sum(axis=1) for axis in range(2)], axis=1)
    xy_um /= features.sum(axis=1)[:, np.newaxis]
    return xy_um, np.full(len(xy_um), np.nan), np.isfinite(xy_um).all(axis=1)
