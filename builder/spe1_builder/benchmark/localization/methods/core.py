"""One entry to all methods and engines."""

from __future__ import annotations

import time

import numpy as np

from spe1_builder.benchmark.localization.methods.params import MethodParams
from spe1_builder.benchmark.localization.methods.registry import find_method
from spe1_builder.benchmark.localization.methods.task import Locations, make_task
from spe1_builder.benchmark.localization.words import LEVELS, Level
from spe1_builder.constants import ENGINES, NPX_RATE_HZ, Engine
from spe1_builder.errors import OptionError


def localize(
    method: str,
    waveforms_uV: np.ndarray,
    positions_um: np.ndarray,
    peak_index: int | None = None,
    *,
    params: MethodParams | None = None,
    level: Level = "templates",
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
    peak_index : int, optional
        Of the unit's main channel among these; by default the largest of the mean waveform.
    params : MethodParams, optional
        The method's; by default the paper's for this level.
    level : {"templates", "spikes"}
        What the waveforms are; looked at where ``params`` are left out.
    sampling_frequency_hz : float
    n_before : int
        Index of the spike within a waveform.
    engine : {"fast", "spikeinterface"}
        Ours, or the reference: SpikeInterface's own code; of the point source, which it lacks,
        scipy's.
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

    Examples
    --------
    A built cell's template, on the channels that are not bad:

    >>> import json
    >>> import numpy as np
    >>> import spe1
    >>> with open("spe1/c14/conversion_metadata.json") as file:
    ...     bad_channels = json.load(file)["bad_channel_ids"]
    >>> with np.load("spe1/c14/templates.npz") as file:
    ...     arrays = dict(file)
    >>> good = np.setdiff1d(np.arange(384), bad_channels)
    >>> found = spe1.localize(
    ...     "monopolar_triangulation",
    ...     arrays["templates"][:, :, good],
    ...     arrays["probe_positions"][good],
    ...     n_before=int(arrays["nbefore"]),
    ... )
    >>> found.xy_um.shape, found.converged
    ((1, 2), array([ True]))
    """
    known = find_method(method)
    _check("level", level, LEVELS)
    params = known.defaults[level] if params is None else params
    if peak_index is None:
        peak_index = _largest(waveforms_uV)
    _check("engine", engine, ENGINES)
    _check("params", params.method, (known.name,))
    if n_threads < 1:
        raise OptionError(
            "n_threads is unusable.",
            where="n_threads",
            expected="1 or more",
            do="leave it out for 1; the places do not depend on it",
        )
    task = make_task(
        waveforms_uV, positions_um, peak_index, params, sampling_frequency_hz, n_before
    )
    estimate = known.load(engine)
    if engine == "fast" and len(task.waveforms_uV):
        estimate(task.part(slice(1)), 1)  # compiles
    begun = time.perf_counter()
    xy_um, z_um, converged = estimate(task, n_threads)
    return Locations(known.name, xy_um, z_um, converged, time.perf_counter() - begun)


def _largest(waveforms_uV: np.ndarray) -> int:
    """Index of the channel with the largest absolute value of the mean waveform."""
    try:
        values_uV = np.asarray(waveforms_uV)
    except ValueError:
        return 0
    if values_uV.ndim != 3 or 0 in values_uV.shape or values_uV.dtype.kind not in "iuf":
        return 0  # what is wrong with it is told by `make_task`
    return int(np.abs(values_uV.mean(axis=0)).max(axis=0).argmax())


def _check(name: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise OptionError(
            f"{name} is not one of those that are possible here.",
            where=name,
            expected=" or ".join(known),
            got=repr(value),
            do=f"choose another {name}",
        )
