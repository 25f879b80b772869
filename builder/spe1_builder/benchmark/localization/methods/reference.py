"""The methods as SpikeInterface 0.105 has them: what ours are held to.

Here is what all of them share; the rest is in the methods' folders. Templates go through
the functions behind ``unit_locations``, spikes through the nodes behind
``spike_locations``, each with every parameter given. Where a result cannot be computed,
SpikeInterface warns and gives NaN or the origin; here such waveforms are left out
beforehand or marked NaN.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from spe1_builder.benchmark.localization.methods.task import Task
from spe1_builder.errors import OptionError
from spe1_builder.probe import make_probe

#: A task and the rows of the waveforms to localize: float64 (len(rows), 3), um.
Localizer = Callable[[Task, np.ndarray], np.ndarray]

#: Spikes handed to a node at once, which bounds the memory.
_SPIKES_AT_ONCE = 1000


@contextmanager
def needed() -> Iterator[None]:
    """Around the imports of a reference, which happen before its time is taken.

    Raises
    ------
    OptionError
        A package is not installed; says what to install.
    """
    try:
        yield
    except ImportError as error:
        raise OptionError(
            "The engine 'spikeinterface' needs a package that cannot be imported.",
            where="engine",
            expected="SpikeInterface 0.105 and scikit-learn",
            got=str(error),
            do="pip install 'spe1[reference]', or take engine='fast'",
        ) from error


def load() -> None:
    """Import what every reference uses.

    Raises
    ------
    OptionError
        SpikeInterface is not installed.
    """
    with needed():
        import spikeinterface.postprocessing.localization_tools
        import spikeinterface.sortingcomponents.peak_localization.method_list  # noqa: F401


def estimate(
    task: Task, usable: np.ndarray, of_templates: Localizer, of_spikes: Localizer
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """x, y and z of every waveform, um, and whether there is an estimate.

    Parameters
    ----------
    task : Task
    usable : np.ndarray
        bool (n_waveforms,): of which SpikeInterface can make something.
    of_templates, of_spikes : callable
        SpikeInterface's two paths; the task's level decides.

    Returns
    -------
    tuple of np.ndarray
        float64 (n_waveforms, 2), float64 (n_waveforms,), bool (n_waveforms,).
    """
    xyz_um = np.full((len(usable), 3), np.nan)
    rows = np.flatnonzero(usable)
    if rows.size:
        with warnings.catch_warnings():
            # "Initial guess is outside of provided bounds", which is NaN then.
            warnings.filterwarnings("ignore", "scipy.optimize", UserWarning)
            run = of_templates if task.params.level == "templates" else of_spikes
            xyz_um[rows] = run(task, rows)
    return xyz_um[:, :2].copy(), xyz_um[:, 2].copy(), np.isfinite(xyz_um[:, :2]).all(axis=1)


def make_templates(task: Task, rows: np.ndarray, channels: np.ndarray) -> Any:
    """SpikeInterface's ``Templates`` of some waveforms.

    Parameters
    ----------
    task : Task
    rows : np.ndarray
        int64 (n_rows,): which waveforms.
    channels : np.ndarray
        int64 (n_used,): where the templates are not zero.
    """
    from spikeinterface.core import Templates

    class PinnedTemplates(Templates):
        """Templates whose main channel is the caller's, not the largest."""

        def get_main_channels(self, *args: Any, with_dict: bool = False, **kwargs: Any) -> Any:
            main = np.full(len(rows), task.peak_index)
            return dict(zip(self.unit_ids, main, strict=True)) if with_dict else main

    mask = np.zeros((len(rows), len(task.positions_um)), dtype=bool)
    mask[:, channels] = True
    return PinnedTemplates(
        task.gather_uV(channels)[rows],
        sampling_frequency=task.sampling_frequency_hz,
        nbefore=task.n_before,
        is_in_uV=True,
        sparsity_mask=mask,
        probe=make_probe(task.positions_um),
    )


def make_node(task: Task, n_spikes: int, **arguments: Any) -> tuple[Any, np.ndarray]:
    """SpikeInterface's node of the method, and peaks for its ``compute(None, peaks, waveforms)``.

    The node takes the probe and the window from a recording, here one without signal.

    Parameters
    ----------
    task : Task
    n_spikes : int
    **arguments
        Of the node, beyond the radius.
    """
    from spikeinterface.core import NumpyRecording
    from spikeinterface.core.base import base_peak_dtype
    from spikeinterface.core.node_pipeline import ExtractDenseWaveforms, PeakRetriever
    from spikeinterface.sortingcomponents.peak_localization.method_list import (
        peak_localization_methods,
    )

    n_samples = task.waveforms_uV.shape[1]
    recording = NumpyRecording(
        [np.zeros((n_samples, len(task.positions_um)), np.float32)], task.sampling_frequency_hz
    )
    recording.set_probe(make_probe(task.positions_um))
    peaks = np.zeros(n_spikes, dtype=base_peak_dtype)
    peaks["channel_index"] = task.peak_index
    source = PeakRetriever(recording, peaks)
    waveforms = ExtractDenseWaveforms(
        recording, parents=[source], nbefore=task.n_before, nafter=n_samples - task.n_before
    )
    node = peak_localization_methods[task.params.method](
        recording, parents=[source, waveforms], radius_um=task.params.radius_um, **arguments
    )
    return node, peaks


def run_node(task: Task, rows: np.ndarray, node: Any, peaks: np.ndarray) -> np.ndarray:
    """A node's places of some waveforms: float64 (len(rows), 3), um; NaN where it has none."""
    xyz_um = np.full((len(rows), 3), np.nan)
    for first in range(0, len(rows), _SPIKES_AT_ONCE):
        some = slice(first, first + _SPIKES_AT_ONCE)
        window_uV = np.ascontiguousarray(task.waveforms_uV[rows[some]], dtype=np.float32)
        found = node.compute(None, peaks[some], window_uV)
        for axis, name in enumerate(("x", "y", "z")):
            if name in found.dtype.names:
                xyz_um[some, axis] = found[name]
    return xyz_um
