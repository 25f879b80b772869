"""The monopolar triangulation as SpikeInterface has it."""

from __future__ import annotations

import numpy as np

from spe1_builder.benchmark.localization.methods import reference
from spe1_builder.benchmark.localization.methods.monopolar_triangulation.params import (
    MonopolarParams,
)
from spe1_builder.benchmark.localization.methods.task import Task
from spe1_builder.errors import OptionError

_OPTIMIZERS = {"least_squares": "least_square", "log_penalty": "minimize_with_log_penality"}


def estimate(task: Task, n_threads: int = 1) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """As `reference.estimate`; ``n_threads`` has no effect.

    Raises
    ------
    OptionError
        SpikeInterface begins its search elsewhere than ``initial_z_um``.
    """
    params = _params(task)
    if params.initial_z_um != 20.0:
        raise OptionError(
            "SpikeInterface begins its search at a fixed height.",
            where="initial_z_um",
            expected=20.0,
            got=params.initial_z_um,
            do="take engine='fast', or leave initial_z_um out",
        )
    usable = np.isfinite(task.features(params.feature)[:, 0])
    if params.enforce_decrease:
        return reference.estimate(task, usable, _decreasing, _decreasing)
    return reference.estimate(task, usable, _templates, _spikes)


def _params(task: Task) -> MonopolarParams:
    assert isinstance(task.params, MonopolarParams)
    return task.params


def _templates(task: Task, rows: np.ndarray) -> np.ndarray:
    from spikeinterface.postprocessing.localization_tools import compute_monopolar_triangulation

    params = _params(task)
    xyz_um = np.full((len(rows), 3), np.nan)
    xyz_um[:] = compute_monopolar_triangulation(
        reference.make_templates(task, rows, task.near),
        optimizer=_OPTIMIZERS[params.optimizer],
        radius_um=params.radius_um,
        max_distance_um=params.max_distance_um,
        enforce_decrease=False,
        feature=params.feature,
    )
    return xyz_um


def _spikes(task: Task, rows: np.ndarray) -> np.ndarray:
    params = _params(task)
    node, peaks = reference.make_node(
        task,
        len(rows),
        feature=params.feature,
        max_distance_um=params.max_distance_um,
        optimizer=_OPTIMIZERS[params.optimizer],
        enforce_decrease=False,
    )
    return reference.run_node(task, rows, node, peaks)


def _decreasing(task: Task, rows: np.ndarray) -> np.ndarray:
    """SpikeInterface's own steps, with the decrease applied: float64 (len(rows), 3).

    Its release 0.100.8 did this for spikes; 0.105 calls the same function without
    ``in_place`` and drops what it returns.
    """
    from spikeinterface.postprocessing.localization_tools import (
        enforce_decrease_shells_data,
        make_radial_order_parents,
        solve_monopolar_triangulation,
    )

    params = _params(task)
    near_um = task.positions_um[task.near]
    offsets_um = task.positions_um[:, np.newaxis] - task.positions_um
    mask = np.sqrt((offsets_um**2).sum(axis=2)) <= params.radius_um
    parents = make_radial_order_parents(task.positions_um, mask)
    features = task.features(params.feature)[rows]
    xyz_um = np.empty((len(rows), 3))
    for i, values in enumerate(features):
        enforce_decrease_shells_data(values, task.peak_index, parents, in_place=True)
        optimizer = _OPTIMIZERS[params.optimizer]
        found = solve_monopolar_triangulation(values, near_um, params.max_distance_um, optimizer)
        xyz_um[i] = found[:3]
    return xyz_um
