"""The methods as SpikeInterface 0.105 has them: what ours are held to.

Templates go through the functions behind ``unit_locations``, spikes through the nodes
behind ``spike_locations``, each with every parameter given. Where a result cannot be
computed, SpikeInterface warns and gives NaN or the origin; here such waveforms are left
out beforehand or marked NaN.
"""

from __future__ import annotations

import sys
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

import numpy as np

from spe1_builder.benchmark.localization.methods.grid_convolution.grid import (
    channels_of,
    prototype_of,
)
from spe1_builder.benchmark.localization.methods.params import (
    CenterOfMassParams,
    GridConvolutionParams,
    MonopolarParams,
)
from spe1_builder.benchmark.localization.methods.task import Task
from spe1_builder.errors import OptionError
from spe1_builder.probe import make_probe

#: Spikes handed to a node at once, which bounds the memory.
_SPIKES_AT_ONCE = 1000
_OPTIMIZERS = {"least_squares": "least_square", "log_penalty": "minimize_with_log_penality"}
_LENDING = threading.RLock()


def load() -> None:
    """Import what `estimate` needs, so that this does not count as its time.

    Raises
    ------
    OptionError
        SpikeInterface is not installed.
    """
    try:
        import spikeinterface.postprocessing.localization_tools
        import spikeinterface.sortingcomponents.peak_localization.method_list  # noqa: F401
    except ImportError as error:
        raise OptionError(
            "The engine 'spikeinterface' needs SpikeInterface, which is not installed.",
            where="engine",
            got=str(error),
            do="pip install 'spe1[reference]', or take engine='fast'",
        ) from error


def estimate(task: Task, n_threads: int = 1) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """x, y and z of every waveform, um, and whether there is an estimate.

    Returns
    -------
    tuple of np.ndarray
        float64 (n_waveforms, 2), float64 (n_waveforms,), bool (n_waveforms,).

    Raises
    ------
    OptionError
        SpikeInterface has no such parameter value.
    """
    if isinstance(task.params, GridConvolutionParams):
        needed = task.gather_uV(channels_of(task))
        usable = np.isfinite(needed).all(axis=(1, 2)) & needed.any(axis=(1, 2))
    else:
        usable = np.isfinite(task.features()[:, 0])
    xyz_um = np.full((len(usable), 3), np.nan)
    rows = np.flatnonzero(usable)
    if rows.size:
        with warnings.catch_warnings():
            # "Initial guess is outside of provided bounds", which is NaN then.
            warnings.filterwarnings("ignore", "scipy.optimize", UserWarning)
            run = _templates if task.params.level == "template" else _spikes
            xyz_um[rows] = run(task, rows)
    if isinstance(task.params, GridConvolutionParams):
        # Its answer where no artificial template matches at all.
        xyz_um[(xyz_um == 0).all(axis=1)] = np.nan
    return xyz_um[:, :2].copy(), xyz_um[:, 2].copy(), np.isfinite(xyz_um[:, :2]).all(axis=1)


@contextmanager
def _pairwise_distances() -> Iterator[None]:
    """scipy's distances under scikit-learn's name, while that is not installed.

    All that SpikeInterface's grid convolution takes from scikit-learn is a matrix of
    Euclidean distances, too little to make everyone install it.
    """
    try:
        import sklearn.metrics  # noqa: F401
    except ImportError:
        pass
    else:
        yield
        return
    from scipy.spatial.distance import cdist

    lent: dict[str, Any] = {name: ModuleType(name) for name in ("sklearn", "sklearn.metrics")}
    lent["sklearn"].metrics = lent["sklearn.metrics"]
    lent["sklearn.metrics"].pairwise_distances = cdist
    with _LENDING:
        sys.modules.update(lent)
        try:
            yield
        finally:
            for name in lent:
                sys.modules.pop(name, None)


def _weight_method(params: GridConvolutionParams) -> dict[str, Any]:
    return {
        "mode": "exponential_3d",
        "z_list_um": np.asarray(params.depths_um),
        "sigma_3d": params.decay_um,
        "sparsity_threshold": None,
    }


def _templates(task: Task, rows: np.ndarray) -> np.ndarray:
    """SpikeInterface's functions of templates: float64 (len(rows), 3)."""
    from spikeinterface.core import Templates
    from spikeinterface.postprocessing.localization_tools import (
        compute_center_of_mass,
        compute_grid_convolution,
        compute_monopolar_triangulation,
    )

    class PinnedTemplates(Templates):
        """Templates whose main channel is the caller's, not the largest."""

        def get_main_channels(self, *args: Any, with_dict: bool = False, **kwargs: Any) -> Any:
            main = np.full(len(rows), task.peak_channel)
            return dict(zip(self.unit_ids, main, strict=True)) if with_dict else main

    params = task.params
    # The grid convolution looks at all channels: sparse templates would be zero on the others.
    is_grid = isinstance(params, GridConvolutionParams)
    channels = np.arange(len(task.positions_um)) if is_grid else task.near
    mask = np.zeros((len(rows), len(task.positions_um)), dtype=bool)
    mask[:, channels] = True
    templates = PinnedTemplates(
        task.gather_uV(channels)[rows],
        sampling_frequency=task.sampling_frequency_hz,
        nbefore=task.nbefore,
        is_in_uV=True,
        sparsity_mask=mask,
        probe=make_probe(task.positions_um),
    )
    xyz_um = np.full((len(rows), 3), np.nan)
    if isinstance(params, CenterOfMassParams):
        xyz_um[:, :2] = compute_center_of_mass(
            templates, peak_sign="neg", radius_um=params.radius_um, feature=params.feature
        )
    elif isinstance(params, MonopolarParams):
        if params.enforce_decrease:
            return _monopolar_decreasing(task, rows)
        _require_initial_z(params)
        xyz_um[:] = compute_monopolar_triangulation(
            templates,
            optimizer=_OPTIMIZERS[params.optimizer],
            radius_um=params.radius_um,
            max_distance_um=params.max_distance_um,
            enforce_decrease=False,
            feature=params.feature,
        )
    else:
        with _pairwise_distances():
            xyz_um[:] = compute_grid_convolution(
                templates,
                radius_um=params.radius_um,
                upsampling_um=params.upsampling_um,
                margin_um=params.margin_um,
                prototype=prototype_of(task),
                percentile=params.percentile,
                weight_method=_weight_method(params),
            )
    return xyz_um


def _spikes(task: Task, rows: np.ndarray) -> np.ndarray:
    """SpikeInterface's nodes of spikes: float64 (len(rows), 3)."""
    if isinstance(task.params, MonopolarParams) and task.params.enforce_decrease:
        return _monopolar_decreasing(task, rows)
    node, peaks = make_node(task, len(rows))
    xyz_um = np.full((len(rows), 3), np.nan)
    for first in range(0, len(rows), _SPIKES_AT_ONCE):
        some = slice(first, first + _SPIKES_AT_ONCE)
        window_uV = np.ascontiguousarray(task.waveforms_uV[rows[some]], dtype=np.float32)
        found = node.compute(None, peaks[some], window_uV)
        for axis, name in enumerate(("x", "y", "z")):
            if name in found.dtype.names:
                xyz_um[some, axis] = found[name]
    return xyz_um


def make_node(task: Task, n_spikes: int) -> tuple[Any, np.ndarray]:
    """SpikeInterface's node of the method, and peaks for its ``compute(None, peaks, waveforms)``.

    The node takes the probe and the window from a recording, here one without signal.
    """
    from spikeinterface.core import NumpyRecording
    from spikeinterface.core.base import base_peak_dtype
    from spikeinterface.core.node_pipeline import ExtractDenseWaveforms, PeakRetriever
    from spikeinterface.sortingcomponents.peak_localization.method_list import (
        peak_localization_methods,
    )

    params = task.params
    n_samples = task.waveforms_uV.shape[1]
    recording = NumpyRecording(
        [np.zeros((n_samples, len(task.positions_um)), np.float32)], task.sampling_frequency_hz
    )
    recording.set_probe(make_probe(task.positions_um))
    peaks = np.zeros(n_spikes, dtype=base_peak_dtype)
    peaks["channel_index"] = task.peak_channel
    source = PeakRetriever(recording, peaks)
    waveforms = ExtractDenseWaveforms(
        recording, parents=[source], nbefore=task.nbefore, nafter=n_samples - task.nbefore
    )
    arguments: dict[str, Any] = {"radius_um": params.radius_um}
    if isinstance(params, CenterOfMassParams):
        arguments |= {"feature": params.feature}
    elif isinstance(params, MonopolarParams):
        _require_initial_z(params)
        arguments |= {
            "feature": params.feature,
            "max_distance_um": params.max_distance_um,
            "optimizer": _OPTIMIZERS[params.optimizer],
            "enforce_decrease": False,
        }
    else:
        arguments |= {
            "upsampling_um": params.upsampling_um,
            "margin_um": params.margin_um,
            "percentile": params.percentile,
            "prototype": prototype_of(task),
            "weight_method": _weight_method(params),
        }
    with _pairwise_distances():
        node = peak_localization_methods[params.method](
            recording, parents=[source, waveforms], **arguments
        )
    return node, peaks


def _require_initial_z(params: MonopolarParams) -> None:
    if params.initial_z_um != 20.0:
        raise OptionError(
            "SpikeInterface begins its search at a fixed height.",
            where="initial_z_um",
            expected=20.0,
            got=params.initial_z_um,
            do="take engine='fast', or leave initial_z_um out",
        )


def _monopolar_decreasing(task: Task, rows: np.ndarray) -> np.ndarray:
    """SpikeInterface's own steps, with the decrease applied: float64 (len(rows), 3).

    Its release 0.100.8 did this for spikes; 0.105 calls the same function without
    ``in_place`` and drops what it returns.
    """
    from spikeinterface.postprocessing.localization_tools import (
        enforce_decrease_shells_data,
        make_radial_order_parents,
        solve_monopolar_triangulation,
    )

    params = task.params
    assert isinstance(params, MonopolarParams)
    _require_initial_z(params)
    near_um = task.positions_um[task.near]
    offsets_um = task.positions_um[:, np.newaxis] - task.positions_um
    mask = np.sqrt((offsets_um**2).sum(axis=2)) <= params.radius_um
    parents = make_radial_order_parents(task.positions_um, mask)
    features = task.features()[rows]
    xyz_um = np.empty((len(rows), 3))
    for i, values in enumerate(features):
        enforce_decrease_shells_data(values, task.peak_channel, parents, in_place=True)
        optimizer = _OPTIMIZERS[params.optimizer]
        found = solve_monopolar_triangulation(values, near_um, params.max_distance_um, optimizer)
        xyz_um[i] = found[:3]
    return xyz_um
