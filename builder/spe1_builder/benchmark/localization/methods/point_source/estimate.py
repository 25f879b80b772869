"""The point source: amplitudes, the unit's fit where it is needed, and the fits on all threads."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spe1_builder.benchmark.localization.methods.point_source.amplitudes import (
    first_component,
    gather,
    mean_waveform,
    own_amplitudes,
    project,
)
from spe1_builder.benchmark.localization.methods.point_source.kernels import LOSSES, fit_sources
from spe1_builder.benchmark.localization.methods.point_source.params import PointSourceParams
from spe1_builder.benchmark.localization.methods.task import Task
from spe1_builder.benchmark.localization.methods.threads import in_portions


@dataclass(frozen=True, eq=False)
class Frame:
    """The task in the fit's own units: lengths by the radius, from the peak channel.

    Attributes
    ----------
    near : np.ndarray
        int64 (n_near,): channels that take part.
    places : np.ndarray
        float64 (2, n_near).
    begin : np.ndarray
        float64 (5,): x and y NaN (above the center of mass), z squared, strength NaN, decay.
    lower, upper : np.ndarray
        float64 (5,): bounds of x, y, z squared, strength, decay.
    """

    near: np.ndarray
    places: np.ndarray
    begin: np.ndarray
    lower: np.ndarray
    upper: np.ndarray


def params_of(task: Task) -> PointSourceParams:
    """The task's parameters, by type."""
    assert isinstance(task.params, PointSourceParams)
    return task.params


def frame_of(task: Task) -> Frame:
    """Places, beginning and bounds in units of the radius."""
    params, near = params_of(task), task.near
    offsets_um = task.positions_um[near] - task.positions_um[task.peak_index]
    unit_um = params.radius_um
    reach, low_z, begin_z = (
        length_um / unit_um
        for length_um in (params.max_distance_um, params.min_z_um, params.initial_z_um)
    )
    low_decay, high_decay = params.decay_bounds
    return Frame(
        near,
        np.ascontiguousarray(offsets_um.T) / unit_um,
        begin=np.array([np.nan, np.nan, begin_z**2, np.nan, params.initial_decay]),
        lower=np.array([-reach, -reach, low_z**2, 0.0, low_decay]),
        upper=np.array([reach, reach, reach**2, np.inf, high_decay]),
    )


def places_of(task: Task, found: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """x, y and z in um of what was found in the fit's own units: (n, 2) and (n,)."""
    radius_um = task.params.radius_um
    xy_um = task.positions_um[task.peak_index] + radius_um * found[:, :2]
    return xy_um, radius_um * np.sqrt(found[:, 2])


def estimate(task: Task, n_threads: int = 1) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """x, y and z of every waveform, um, and whether its search met its tolerance.

    Returns
    -------
    tuple of np.ndarray
        float64 (n_waveforms, 2), float64 (n_waveforms,), bool (n_waveforms,).
    """
    params, frame = params_of(task), frame_of(task)
    found = np.full((len(task.waveforms_uV), 5), np.nan)
    converged = np.zeros(len(found), dtype=bool)
    near_uV = np.empty((*task.waveforms_uV.shape[:2], frame.near.size), dtype=np.float32)

    def collect(some: slice) -> None:
        waveforms_uV = np.asarray(task.waveforms_uV[some], dtype=np.float32)
        gather(waveforms_uV, frame.near, near_uV[some])

    in_portions(len(found), n_threads, collect)
    unit = _unit_of(params, frame, near_uV) if params.needs_unit and len(found) else None

    def fit(some: slice) -> None:
        values = np.empty((len(near_uV[some]), frame.near.size))
        if unit is not None and params.course == "unit":
            project(near_uV[some], unit.course, values)
        else:
            own_amplitudes(near_uV[some], values)
        begin = frame.begin
        if unit is not None:
            values /= unit.largest_uV
            begin = unit.begin
        _fit(params, frame, begin, values, found[some], converged[some], params.decay == "unit")

    if unit is None or np.isfinite(unit.begin).all():
        in_portions(len(found), n_threads, fit)
    return *places_of(task, found), converged


@dataclass(frozen=True, eq=False)
class _Unit:
    """What all waveforms take from their mean.

    Attributes
    ----------
    course : np.ndarray
        float64 (n_samples,), of unit norm.
    largest_uV : float
        The largest amplitude of a channel.
    begin : np.ndarray
        float64 (5,): where its own search ended; NaN where there was nothing to fit.
    """

    course: np.ndarray
    largest_uV: float
    begin: np.ndarray


def _unit_of(params: PointSourceParams, frame: Frame, near_uV: np.ndarray) -> _Unit:
    """The mean waveform's course and fit; of (n_waveforms, n_samples, n_near)."""
    mean_uV = mean_waveform(near_uV)
    values, found, converged = np.empty((1, frame.near.size)), np.empty((1, 5)), np.empty(1, bool)
    first_component(mean_uV, values[0])
    _fit(params, frame, frame.begin, values, found, converged, is_decay_given=False)
    course = mean_uV @ values[0]
    return _Unit(course / np.linalg.norm(course), float(values.max()), found[0])


def _fit(
    params: PointSourceParams,
    frame: Frame,
    begin: np.ndarray,
    values: np.ndarray,
    found: np.ndarray,
    converged: np.ndarray,
    is_decay_given: bool,
) -> None:
    fit_sources(
        values,
        frame.places,
        begin,
        frame.lower,
        frame.upper,
        LOSSES[params.loss],
        params.loss_scale,
        is_decay_given,
        found,
        converged,
    )
