"""One entry to all methods and engines."""

from __future__ import annotations

import time

import numpy as np

from spe1_builder.benchmark.localization.methods.params import MethodParams
from spe1_builder.benchmark.localization.methods.registry import find_method
from spe1_builder.benchmark.localization.methods.task import Locations, make_task
from spe1_builder.constants import ENGINES, NPX_RATE_HZ, Engine
from spe1_builder.errors import OptionError


def localize(
    method: str,
    waveforms_uV: np.ndarray,
    positions_um: np.ndarray,
    peak_index: int,
    *,
    params: MethodParams,
    sampling_frequency_hz: float = NPX_RATE_HZ,
    n_before: int,
    engine: Engine = "fast",
    n_threads: int = 1,
) -> Locations:
    """Where the sources of waveforms are.

    Parameters
    ----------
    method : str
        One of `METHODS`, by name or abbreviation; the parameters' own.
    waveforms_uV : np.ndarray
        float32 (n_waveforms, n_samples, n_channels): a template, or all spikes of a unit. The
        channels are those that take part, without the bad ones.
    positions_um : np.ndarray
        (n_channels, 2), um (x, y).
    peak_index : int
        Of the unit's main channel among these.
    params : MethodParams
        The method's; its `defaults` hold the paper's.
    sampling_frequency_hz : float
    n_before : int
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
    known = find_method(method)
    _check("engine", engine, ENGINES)
    _check("params", params.method, (known.name,))
    if n_threads < 1:
        raise OptionError("n_threads is unusable.", where="n_threads", expected="1 or more")
    task = make_task(
        waveforms_uV, positions_um, peak_index, params, sampling_frequency_hz, n_before
    )
    estimate = known.load(engine)
    if engine == "fast" and len(task.waveforms_uV):
        estimate(task.part(slice(1)), 1)  # compiles
    begun = time.perf_counter()
    xy_um, z_um, converged = estimate(task, n_threads)
    return Locations(known.name, xy_um, z_um, converged, time.perf_counter() - begun)


def _check(name: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise OptionError(
            f"{name} is not one of those that are possible here.",
            where=name,
            expected=" or ".join(known),
            got=repr(value),
            do=f"choose another {name}",
        )
