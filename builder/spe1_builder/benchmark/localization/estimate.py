"""All contestants on one set of waveforms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from spe1_builder.benchmark.common.inputs import Masked
from spe1_builder.benchmark.localization.contestants import CONTROLS
from spe1_builder.benchmark.localization.controls import control_places
from spe1_builder.benchmark.localization.methods import localize


@dataclass(frozen=True, eq=False)
class Estimates:
    """Where one contestant puts the waveforms of one cell.

    Attributes
    ----------
    mode, level, method : str
    xy_um : np.ndarray
        float64 (n, 2); NaN where there is no estimate.
    seconds : float or None
        Wall time of the localization; None for controls, which need none.
    """

    mode: str
    level: str
    method: str
    xy_um: np.ndarray
    seconds: float | None


@dataclass(frozen=True, eq=False)
class Waveforms:
    """Waveforms of a unit on the channels that take part.

    Attributes
    ----------
    values_uV : np.ndarray
        float32 (n_waveforms, n_samples, n_kept).
    n_before : int
        Sample of the spike within a waveform.
    masked : Masked
    sampling_frequency_hz : float
    """

    values_uV: np.ndarray
    n_before: int
    masked: Masked
    sampling_frequency_hz: float


def locate(
    waveforms: Waveforms, method: str, params: Any, engine: str, n_threads: int
) -> tuple[np.ndarray, float]:
    """One method on waveforms: float64 (n, 2) um, and the seconds it took."""
    located = localize(
        method,
        waveforms.values_uV,
        waveforms.masked.positions_um,
        waveforms.masked.peak,
        params=params,
        sampling_frequency_hz=waveforms.sampling_frequency_hz,
        nbefore=waveforms.n_before,
        engine=engine,
        n_threads=n_threads,
    )
    return located.xy_um, located.seconds


def estimate(
    mode: str,
    level: str,
    waveforms: Waveforms,
    positions_um: np.ndarray,
    params: Mapping[str, Any],
    engine: str,
    n_threads: int,
) -> list[Estimates]:
    """All methods and both controls on the waveforms of one unit.

    Parameters
    ----------
    mode, level : str
        For the record.
    waveforms : Waveforms
        All of the unit at once: grid convolution takes its prototype from them.
    positions_um : np.ndarray
        (n_channels, 2): the whole probe.
    params : mapping
        Parameters by method; decides which methods run.
    """
    found = []
    for method, chosen in params.items():
        xy_um, seconds = locate(waveforms, method, chosen, engine, n_threads)
        found.append(Estimates(mode, level, method, xy_um, seconds))
    places = control_places(positions_um, waveforms.masked.peak_channel)
    for name in CONTROLS:
        xy_um = np.tile(places[name], (len(waveforms.values_uV), 1))
        found.append(Estimates(mode, level, name, xy_um, None))
    return found
