"""The center of mass as SpikeInterface has it."""

from __future__ import annotations

import numpy as np

from spe1_builder.benchmark.localization.methods import reference
from spe1_builder.benchmark.localization.methods.center_of_mass.params import CenterOfMassParams
from spe1_builder.benchmark.localization.methods.task import Task


def estimate(task: Task, n_threads: int = 1) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """As `reference.estimate`; ``n_threads`` has no effect."""
    params = task.params
    assert isinstance(params, CenterOfMassParams)
    usable = np.isfinite(task.features(params.feature)[:, 0])
    return reference.estimate(task, usable, _templates, _spikes)


def _templates(task: Task, rows: np.ndarray) -> np.ndarray:
    from spikeinterface.postprocessing.localization_tools import compute_center_of_mass

    params = task.params
    assert isinstance(params, CenterOfMassParams)
    xyz_um = np.full((len(rows), 3), np.nan)
    xyz_um[:, :2] = compute_center_of_mass(
        reference.make_templates(task, rows, task.near),
        peak_sign="neg",
        radius_um=params.radius_um,
        feature=params.feature,
    )
    return xyz_um


def _spikes(task: Task, rows: np.ndarray) -> np.ndarray:
    params = task.params
    assert isinstance(params, CenterOfMassParams)
    node, peaks = reference.make_node(task, len(rows), feature=params.feature)
    return reference.run_node(task, rows, node, peaks)
