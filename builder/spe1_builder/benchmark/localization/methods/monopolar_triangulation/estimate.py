"""Monopolar triangulation: the amplitudes, and the fits on all threads."""

from __future__ import annotations

import numpy as np

from spe1_builder.benchmark.localization.methods.monopolar_triangulation.decrease import (
    enforce_decrease,
    parents_of,
)
from spe1_builder.benchmark.localization.methods.monopolar_triangulation.kernels import (
    fit_monopoles,
)
from spe1_builder.benchmark.localization.methods.monopolar_triangulation.params import (
    MonopolarParams,
)
from spe1_builder.benchmark.localization.methods.task import Task
from spe1_builder.benchmark.localization.methods.threads import in_portions
from spe1_builder.errors import OptionError


def estimate(task: Task, n_threads: int = 1) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """x, y and z of every waveform, um, and whether its search met its tolerance.

    Returns
    -------
    tuple of np.ndarray
        float64 (n_waveforms, 2), float64 (n_waveforms,), bool (n_waveforms,).

    Raises
    ------
    OptionError
        The optimizer is not least squares.
    """
    params = task.params
    assert isinstance(params, MonopolarParams)
    if params.optimizer != "least_squares":
        raise OptionError(
            "The fast engine has no such optimizer.",
            where="optimizer",
            expected="least_squares",
            got=params.optimizer,
            do="take engine='spikeinterface', or optimizer='least_squares'",
        )
    near_um = np.ascontiguousarray(task.positions_um[task.near].T)
    parents = parents_of(task) if params.enforce_decrease else []
    found = np.empty((len(task.waveforms_uV), 4))
    converged = np.empty(len(found), dtype=bool)

    def fit(some: slice) -> None:
        features = enforce_decrease(task.part(some).features(params.feature), parents)
        fit_monopoles(
            features.astype(np.float64),
            near_um,
            params.max_distance_um,
            params.initial_z_um,
            found[some],
            converged[some],
        )

    in_portions(len(found), n_threads, fit)
    return found[:, :2].copy(), found[:, 2].copy(), converged
