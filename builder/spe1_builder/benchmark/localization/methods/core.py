"""One entry to all methods and engines."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from spe1_builder.benchmark.localization.methods.params import METHODS, Params
from spe1_builder.benchmark.localization.methods.task import Locations, Task, make_task
from spe1_builder.constants import NPX_RATE_HZ
from spe1_builder.errors import OptionError

ENGINES = ("fast", "spikeinterface")

#: A task and a number of threads to (x, y), z and converged.
Estimator = Callable[[Task, int], tuple[np.ndarray, np.ndarray, np.ndarray]]


def localize(
    method: str,
    waveforms_uV: np.ndarray,
    positions_um: np.ndarray,
    peak_channel: int,
    *,
    params: Params,
    sampling_frequency_hz: float = NPX_RATE_HZ,
    nbefore: int,
    engine: str = "fast",
    n_threads: int = 1,
) -> Locations:
    """Where the sources of waveforms are.

    Parameters
    ----------
    method : str
        One of `METHODS`; the parameters' own.
    waveforms_uV : np.ndarray
        float32 (n_waveforms, n_samples, n_channels): a template, or all spikes of a unit. The
        channels are those that take part, without the bad ones.
    positions_um : np.ndarray
        (n_channels, 2), um (x, y).
    peak_channel : int
        Index of the unit's main channel among these.
    params : CenterOfMassParams, MonopolarParams or GridConvolutionParams
        `TEMPLATE_PARAMS` or `SPIKE_PARAMS` hold the paper's.
    sampling_frequency_hz : float
    nbefore : int
        Index of the spike within a waveform.
    engine : {"fast", "spikeinterface"}
        Ours, or the reference.
    n_threads : int
        Threads of the fast engine; the result does not depend on it.

    Returns
    -------
    Locations
        NaN for a waveform of which nothing can be computed.

    Raises
    ------
    OptionError
        Unknown method or engine, parameters of another method, shapes that contradict each
        other, SpikeInterface asked for and not installed.
    """
    _check("method", method, METHODS)
    _check("engine", engine, ENGINES)
    _check("params", params.method, (method,))
    if n_threads < 1:
        raise OptionError("n_threads is unusable.", where="n_threads", expected="1 or more")
    task = make_task(
        waveforms_uV, positions_um, peak_channel, params, sampling_frequency_hz, nbefore
    )
    estimate = _estimator(method, engine)
    if engine == "fast" and len(task.waveforms_uV):
        estimate(task.part(slice(1)), 1)  # compiles
    begun = time.perf_counter()
    xy_um, z_um, converged = estimate(task, n_threads)
    return Locations(method, xy_um, z_um, converged, time.perf_counter() - begun)


def _check(name: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise OptionError(
            f"{name} is not one of those that are possible here.",
            where=name,
            expected=" or ".join(known),
            got=repr(value),
            do=f"choose another {name}",
        )


def _estimator(method: str, engine: str) -> Estimator:
    """The function that does the work; imported only now, as numba is heavy."""
    # Each module has an ``estimate``; which one is asked for decides what is loaded.
    if engine == "spikeinterface":
        from spe1_builder.benchmark.localization.methods import reference

        reference.load()
        return reference.estimate
    if method == "center_of_mass":
        from spe1_builder.benchmark.localization.methods.center_of_mass import estimate as mass

        return mass.estimate
    if method == "monopolar_triangulation":
        from spe1_builder.benchmark.localization.methods.monopolar_triangulation import (
            estimate as monopolar,
        )

        return monopolar.estimate
    from spe1_builder.benchmark.localization.methods.grid_convolution import estimate as grid_match

    return grid_match.estimate
