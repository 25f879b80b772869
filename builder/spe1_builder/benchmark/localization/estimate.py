"""All contestants on one set of waveforms."""

from __future__ import annotations

import statistics
from dataclasses import dataclass

import numpy as np

from spe1_builder.benchmark.common.inputs import Masked
from spe1_builder.benchmark.localization.contestants import CONTROLS
from spe1_builder.benchmark.localization.controls import control_places
from spe1_builder.benchmark.localization.methods import localize
from spe1_builder.benchmark.localization.methods.params import MethodParams
from spe1_builder.benchmark.localization.plan import Plan
from spe1_builder.benchmark.localization.words import Level, Mode
from spe1_builder.constants import Engine

#: Runs that the median of a time is taken of, and from when on one run is long enough.
_REPEATS, _LONG_S = 5, 0.1


@dataclass(frozen=True, eq=False)
class Estimates:
    """Where one contestant puts the waveforms of one cell.

    Attributes
    ----------
    mode, level, method : str
    xy_um : np.ndarray
        float64 (n, 2); NaN where there is no estimate.
    seconds : float or None
        Wall time of the localization, the median of repeats where it is short; None for
        controls, which need none.
    """

    mode: Mode
    level: Level
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
    waveforms: Waveforms, params: MethodParams, engine: Engine, n_threads: int
) -> tuple[np.ndarray, float]:
    """The parameters' method on waveforms: float64 (n, 2) um, and the seconds it took."""
    located = localize(
        params.method,
        waveforms.values_uV,
        waveforms.masked.positions_um,
        waveforms.masked.peak_index,
        params=params,
        sampling_frequency_hz=waveforms.sampling_frequency_hz,
        n_before=waveforms.n_before,
        engine=engine,
        n_threads=n_threads,
    )
    return located.xy_um, located.seconds


def _timed(
    waveforms: Waveforms, params: MethodParams, engine: Engine, n_threads: int
) -> tuple[np.ndarray, float]:
    """As `locate`; where that is quick, the seconds are the median of repeats.

    The first run fills caches and starts threads: it is the warm-up of the others.
    """
    xy_um, seconds = locate(waveforms, params, engine, n_threads)
    if seconds > _LONG_S:
        return xy_um, seconds
    repeats_s = [locate(waveforms, params, engine, n_threads)[1] for _ in range(_REPEATS)]
    return xy_um, statistics.median(repeats_s)


def estimate(
    mode: Mode,
    level: Level,
    waveforms: Waveforms,
    positions_um: np.ndarray,
    plan: Plan,
    *,
    is_timed: bool = False,
) -> list[Estimates]:
    """The plan's methods and both controls on the waveforms of one unit.

    Parameters
    ----------
    mode : str
        For the record.
    level : str
        Decides the parameters.
    waveforms : Waveforms
        All of the unit at once: a method may compare them with each other.
    positions_um : np.ndarray
        (n_channels, 2): the whole probe.
    plan : Plan
    is_timed : bool
        Whether quick runs are repeated, so that their times say something.
    """
    found = []
    run = _timed if is_timed else locate
    for method, params in plan.params_of(level).items():
        xy_um, seconds = run(waveforms, params, plan.engine, plan.n_threads)
        found.append(Estimates(mode, level, method, xy_um, seconds))
    places = control_places(positions_um, waveforms.masked.peak_channel)
    for name in CONTROLS:
        xy_um = np.tile(places[name], (len(waveforms.values_uV), 1))
        found.append(Estimates(mode, level, name, xy_um, None))
    return found
