"""The point source by scipy's and numpy's own code, in float64: what ours is held to.

SpikeInterface has no such method; `localize`'s engine "spikeinterface" runs this.
"""

from __future__ import annotations

import numpy as np

from spe1_builder.benchmark.localization.methods.point_source.estimate import (
    Frame,
    frame_of,
    params_of,
    places_of,
)
from spe1_builder.benchmark.localization.methods.point_source.kernels import INSIDE, TOLERANCE
from spe1_builder.benchmark.localization.methods.task import Task


def estimate(task: Task, n_threads: int = 1) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """x, y and z of every waveform, um, and whether its search met its tolerance.

    ``n_threads`` has no effect.

    Returns
    -------
    tuple of np.ndarray
        float64 (n_waveforms, 2), float64 (n_waveforms,), bool (n_waveforms,).
    """
    params, frame = params_of(task), frame_of(task)
    waveforms_uV = task.gather_uV(frame.near).astype(np.float64)
    found = np.full((len(waveforms_uV), 5), np.nan)
    converged = np.zeros(len(found), dtype=bool)
    is_finite = np.isfinite(waveforms_uV).all(axis=(1, 2))
    course, largest_uV, begin = np.empty(0), 0.0, frame.begin
    if params.needs_unit:
        if not is_finite.any():
            return *places_of(task, found), converged
        course, values = _first_component(waveforms_uV[is_finite].mean(axis=0))
        largest_uV = float(values.max())
        if largest_uV == 0.0:
            return *places_of(task, found), converged
        begin, _ = _fit(task, frame, values / largest_uV, begin, is_decay_given=False)
    for i in np.flatnonzero(is_finite & waveforms_uV.any(axis=(1, 2))):
        values = (
            course @ waveforms_uV[i]
            if params.course == "unit"
            else _first_component(waveforms_uV[i])[1]
        )
        if values.max() > 0.0:
            found[i], converged[i] = _fit(
                task,
                frame,
                values / (largest_uV if params.needs_unit else values.max()),
                begin,
                is_decay_given=params.decay == "unit",
            )
    return *places_of(task, found), converged


def _first_component(waveform_uV: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The first component's time course, of unit norm, and amplitudes, the largest positive."""
    left, singular, right = np.linalg.svd(waveform_uV, full_matrices=False)
    values = singular[0] * right[0]
    sign = 1.0 if values[np.abs(values).argmax()] > 0 else -1.0
    return sign * left[:, 0], sign * values


def _fit(
    task: Task, frame: Frame, values: np.ndarray, begin: np.ndarray, *, is_decay_given: bool
) -> tuple[np.ndarray, bool]:
    """x, y, z squared, strength and decay in the fit's own units, and whether it converged."""
    from scipy.optimize import least_squares

    params, (x, y) = params_of(task), frame.places
    begin = begin.copy()
    if np.isnan(begin[0]):
        weights = np.maximum(values, 0.0)
        begin[:2] = frame.places @ weights / weights.sum()
    squared = (begin[0] - x) ** 2 + (begin[1] - y) ** 2 + begin[2]
    powers = squared ** (-begin[4] / 2)
    begin[3] = powers @ values / (powers @ powers)
    begin = np.clip(begin, frame.lower + INSIDE, frame.upper - INSIDE)
    n, rest = (4, begin[4:]) if is_decay_given else (5, begin[5:])

    def parts(some: np.ndarray) -> tuple[np.ndarray, ...]:
        u, v, depth, strength, decay = (*some, *rest)
        squared = (u - x) ** 2 + (v - y) ** 2 + depth
        return u - x, v - y, squared, strength, decay, squared ** (-decay / 2)

    def residuals(some: np.ndarray) -> np.ndarray:
        *_, strength, _, power = parts(some)
        return values - strength * power

    def jacobian(some: np.ndarray) -> np.ndarray:
        dx, dy, squared, strength, decay, power = parts(some)
        slope = strength * decay * power / squared
        last = strength * power * np.log(squared) / 2
        return np.column_stack([slope * dx, slope * dy, slope / 2, -power, last])[:, :n]

    done = least_squares(
        residuals,
        begin[:n],
        jacobian,
        bounds=(frame.lower[:n], frame.upper[:n]),
        loss=params.loss,
        f_scale=params.loss_scale,
        ftol=TOLERANCE,
        xtol=TOLERANCE,
        gtol=TOLERANCE,
    )
    return np.array([*done.x, *rest]), done.status > 0
