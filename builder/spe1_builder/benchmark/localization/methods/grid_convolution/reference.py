"""The grid convolution as SpikeInterface has it, which takes its distances from scikit-learn."""

from __future__ import annotations

from typing import Any

import numpy as np

from spe1_builder.benchmark.localization.methods import reference
from spe1_builder.benchmark.localization.methods.grid_convolution.grid import (
    channels_of,
    prototype_of,
)
from spe1_builder.benchmark.localization.methods.grid_convolution.params import (
    GridConvolutionParams,
)
from spe1_builder.benchmark.localization.methods.task import Task


def load() -> None:
    """Import what this reference uses beyond the others.

    Raises
    ------
    OptionError
        SpikeInterface or scikit-learn is not installed.
    """
    reference.load()
    with reference.needed():
        import sklearn.metrics  # noqa: F401


def estimate(task: Task, n_threads: int = 1) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """As `reference.estimate`; ``n_threads`` has no effect."""
    needed = task.gather_uV(channels_of(task))
    usable = np.isfinite(needed).all(axis=(1, 2)) & needed.any(axis=(1, 2))
    return reference.estimate(task, usable, _templates, _spikes)


def _params(task: Task) -> GridConvolutionParams:
    assert isinstance(task.params, GridConvolutionParams)
    return task.params


def _arguments(task: Task) -> dict[str, Any]:
    """What both of SpikeInterface's paths take, beyond the radius."""
    params = _params(task)
    return {
        "upsampling_um": params.upsampling_um,
        "margin_um": params.margin_um,
        "percentile": params.percentile,
        "prototype": prototype_of(task),
        "weight_method": {
            "mode": "exponential_3d",
            "z_list_um": np.asarray(params.depths_um),
            "sigma_3d": params.decay_um,
            "sparsity_threshold": None,
        },
    }


def _templates(task: Task, rows: np.ndarray) -> np.ndarray:
    from spikeinterface.postprocessing.localization_tools import compute_grid_convolution

    # The method looks at all channels: sparse templates would be zero on the others.
    templates = reference.make_templates(task, rows, np.arange(len(task.positions_um)))
    xyz_um = np.full((len(rows), 3), np.nan)
    xyz_um[:] = compute_grid_convolution(
        templates, radius_um=task.params.radius_um, **_arguments(task)
    )
    return _without_origin(xyz_um)


def make_node(task: Task, n_spikes: int) -> tuple[Any, np.ndarray]:
    """As `reference.make_node`, with the method's parameters."""
    return reference.make_node(task, n_spikes, **_arguments(task))


def _spikes(task: Task, rows: np.ndarray) -> np.ndarray:
    node, peaks = make_node(task, len(rows))
    return _without_origin(reference.run_node(task, rows, node, peaks))


def _without_origin(xyz_um: np.ndarray) -> np.ndarray:
    """NaN in place of the origin, SpikeInterface's answer where nothing matches at all."""
    xyz_um[(xyz_um == 0).all(axis=1)] = np.nan
    return xyz_um
