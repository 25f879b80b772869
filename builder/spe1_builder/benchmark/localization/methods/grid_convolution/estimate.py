"""Grid convolution: the artificial templates, and the matches on all threads."""

from __future__ import annotations

import numpy as np

from spe1_builder.benchmark.localization.methods.grid_convolution.grid import (
    make_grid,
    prototype_of,
)
from spe1_builder.benchmark.localization.methods.grid_convolution.kernels import match_grid
from spe1_builder.benchmark.localization.methods.grid_convolution.params import (
    GridConvolutionParams,
)
from spe1_builder.benchmark.localization.methods.task import Task
from spe1_builder.benchmark.localization.methods.threads import in_portions


def estimate(task: Task, n_threads: int = 1) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """x, y and z of every waveform, um, and whether there is an estimate.

    Returns
    -------
    tuple of np.ndarray
        float64 (n_waveforms, 2), float64 (n_waveforms,), bool (n_waveforms,).
    """
    params = task.params
    assert isinstance(params, GridConvolutionParams)
    grid = make_grid(task)
    n_depths, n_used, n_points = grid.weights.shape
    # Depth by depth, point by point; channels first.
    weights = grid.weights.transpose(1, 0, 2).reshape(n_used, n_depths * n_points)
    places_um = np.empty((n_depths * n_points, 3))
    places_um[:, :2] = np.tile(grid.points_um, (n_depths, 1))
    places_um[:, 2] = np.repeat(params.depths_um, n_points)
    prototype = prototype_of(task).astype(np.float64)
    share = (100.0 - params.percentile) / 100.0
    xyz_um = np.empty((len(task.waveforms_uV), 3))

    def match(some: slice) -> None:
        waveforms_uV = task.part(some).gather_uV(grid.channels)
        match_grid(waveforms_uV, prototype, weights, places_um, share, xyz_um[some])

    in_portions(len(xyz_um), n_threads, match)
    return xyz_um[:, :2].copy(), xyz_um[:, 2].copy(), np.isfinite(xyz_um[:, 0])
