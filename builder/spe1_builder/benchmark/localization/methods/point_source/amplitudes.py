"""Amplitudes of channels, averaged over samples: projections on a time course, compiled.

The largest value of a channel, or its peak to peak, is a matter of one or two samples, and is
the larger the more noise there is. The projection on a common time course is a weighted mean
of all samples, and linear, so that noise leaves its mean alone. The functions hold no GIL.
"""

from __future__ import annotations

import numpy as np

from spe1_builder.compiled import compiled

#: The power iteration ends when no entry of the unit vector changes by more, or here.
_SAME, _MOST_ITERATIONS = 1e-13, 1000

_jit = compiled(error_model="numpy")


@_jit
def first_component(waveform, values):
    """The first component's amplitudes of the channels; the largest is positive.

    Parameters
    ----------
    waveform : np.ndarray
        float64 (n_samples, n_near).
    values : np.ndarray
        float64 (n_near,), written: the first right singular vector times its singular value;
        NaN where a sample is not finite or all are zero.
    """
    n = waveform.shape[1]
    gram, vector, image = np.dot(waveform.T, waveform), np.empty(n), np.empty(n)
    trace, top = 0.0, 0
    for i in range(n):
        trace += gram[i, i]
        if gram[i, i] > gram[top, top]:
            top = i
    if not (np.isfinite(trace) and trace > 0.0):
        values[:] = np.nan
        return
    vector[:] = gram[top] / np.sqrt((gram[top] ** 2).sum())
    length = 0.0
    for _ in range(_MOST_ITERATIONS):
        image[:] = 0.0
        for j in range(n):
            for i in range(n):
                image[i] += gram[j, i] * vector[j]
        length, change = np.sqrt((image**2).sum()), 0.0
        for i in range(n):
            value = image[i] / length
            change = max(change, abs(value - vector[i]))
            vector[i] = value
        if change < _SAME:
            break
    largest = 0.0
    for i in range(n):
        if abs(vector[i]) > abs(largest):
            largest = vector[i]
    values[:] = vector * (np.sqrt(length) if largest > 0.0 else -np.sqrt(length))


@_jit
def gather(waveforms_uV, near, near_uV):
    """The near channels of waveforms, which lie far apart in memory, side by side.

    Parameters
    ----------
    waveforms_uV : np.ndarray
        float32 (n_waveforms, n_samples, n_channels).
    near : np.ndarray
        int64 (n_near,).
    near_uV : np.ndarray
        float32 (n_waveforms, n_samples, n_near), written.
    """
    for i in range(len(waveforms_uV)):
        for t in range(waveforms_uV.shape[1]):
            for k in range(near.size):
                near_uV[i, t, k] = waveforms_uV[i, t, near[k]]


@_jit
def own_amplitudes(near_uV, values):
    """Amplitudes of each waveform by its own first component.

    Parameters
    ----------
    near_uV : np.ndarray
        float32 (n_waveforms, n_samples, n_near).
    values : np.ndarray
        float64 (n_waveforms, n_near), written; a row may be NaN, see `first_component`.
    """
    waveform = np.empty(near_uV.shape[1:])
    for i in range(len(near_uV)):
        waveform[:] = near_uV[i]
        first_component(waveform, values[i])


@_jit
def mean_waveform(near_uV):
    """Mean of the waveforms that are finite: float64 (n_samples, n_near), zeros without any."""
    mean, n = np.zeros(near_uV.shape[1:]), 0
    for i in range(len(near_uV)):
        total = 0.0
        for t in range(near_uV.shape[1]):
            for k in range(near_uV.shape[2]):
                total += near_uV[i, t, k]
        if np.isfinite(total):
            mean += near_uV[i]
            n += 1
    return mean / max(n, 1)


@_jit
def project(near_uV, course, values):
    """Amplitudes of each waveform by a given time course.

    Parameters
    ----------
    near_uV : np.ndarray
        float32 (n_waveforms, n_samples, n_near).
    course : np.ndarray
        float64 (n_samples,), of unit norm.
    values : np.ndarray
        float64 (n_waveforms, n_near), written; NaN where a sample is not finite.
    """
    for i in range(len(near_uV)):
        values[i] = 0.0
        total = 0.0
        for t in range(course.size):
            for k in range(near_uV.shape[2]):
                values[i, k] += course[t] * near_uV[i, t, k]
        for k in range(near_uV.shape[2]):
            total += values[i, k]
        if not np.isfinite(total):
            values[i] = np.nan
