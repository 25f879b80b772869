"""Grid convolution: the artificial templates, and the matches on all threads."""

from __future__ import annotations

import numpy as np

from builder.benchmark.localize.grid import make_grid, prototype_of
from builder.benchmark.localize.grid_kernels import match_grid
from builder.benchmark.localize.params import GridConvolutionParams
from builder.benchmark.localize.task import Task
from builder.benchmark.localize.threads import in_portions


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
    n_depths, _, n_points = grid.weights.shape
    by_template = grid.weights.transpose(0, 2, 1).reshape(n_depths * n_points, -1)
    of_template, channels = np.nonzero(by_template)
    weights = by_template[of_template, channels]
    starts = np.searchsorted(of_template, np.arange(len(by_template) + 1))
    prototype = prototype_of(task).astype(np.float64)
    depths_um = np.asarray(params.depths_um, dtype=np.float64)
    share = (100.0 - params.percentile) / 100.0
    xyz_um = np.empty((len(task.waveforms_uV), 3))

    def match(some: slice) -> None:
        match_grid(
            task.part(some).gather_uV(grid.channels),
            prototype,
            weights,
            starts,
            channels,
            grid.points_um,
            depths_um,
            share,
            xyz_um[some],
        )

    in_portions(len(xyz_um), n_threads, match)
    return xyz_um[:, :2].copy(), xyz_um[:, 2].copy(), np.isfinite(xyz_um[:, 0])
