"""Bounded least squares of a monopole, compiled: waveform by waveform.

The unknowns are x, y, z and alpha of the model ``alpha / distance``. With the start,
bounds, radius rules and tolerances of ``scipy.optimize.least_squares`` as SpikeInterface
calls it, but exact derivatives, the search walks the way that scipy's does, and so ends
in the same of several minima. The functions hold no GIL.
"""

from __future__ import annotations

import numpy as np

from spe1_builder.benchmark.localization.methods.trust_region.walk import make_walk
from spe1_builder.compiled import compiled

#: x, y, z and alpha.
_UNKNOWNS = (0, 0, 0, 0)

_jit = compiled(error_model="numpy")


@_jit
def cost_of(data, x):
    """Half the sum of squares at ``x``.

    ``data`` are the values (n_near,), the places (2, n_near), and room for the residuals and
    for 1 / distance, (n_near,) each.
    """
    values, near_um, residuals, inverse = data
    for i in range(values.size):
        dx, dy = x[0] - near_um[0, i], x[1] - near_um[1, i]
        inverse[i] = 1.0 / np.sqrt(dx * dx + dy * dy + x[2] * x[2])
        residuals[i] = values[i] - x[3] * inverse[i]
    total = 0.0
    for i in range(values.size):
        total += residuals[i] * residuals[i]
    return 0.5 * total


@_jit
def derivatives(data, x, gradient, normal, unknowns):
    """Gradient of the cost (4,) and the normal matrix J'J (4, 4) at ``x``."""
    _, near_um, residuals, inverse = data
    # Sums in registers: through arrays this takes three times as long.
    g0, g1, g2, g3 = 0.0, 0.0, 0.0, 0.0
    n00, n10, n11, n20, n21, n22 = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    n30, n31, n32, n33 = 0.0, 0.0, 0.0, 0.0
    for i in range(residuals.size):
        slope = x[3] * inverse[i] * inverse[i] * inverse[i]
        j0, j1 = slope * (x[0] - near_um[0, i]), slope * (x[1] - near_um[1, i])
        j2, j3 = slope * x[2], -inverse[i]
        g0, g1 = g0 + j0 * residuals[i], g1 + j1 * residuals[i]
        g2, g3 = g2 + j2 * residuals[i], g3 + j3 * residuals[i]
        n00, n10, n11 = n00 + j0 * j0, n10 + j1 * j0, n11 + j1 * j1
        n20, n21, n22 = n20 + j2 * j0, n21 + j2 * j1, n22 + j2 * j2
        n30, n31, n32, n33 = n30 + j3 * j0, n31 + j3 * j1, n32 + j3 * j2, n33 + j3 * j3
    gradient[0], gradient[1], gradient[2], gradient[3] = g0, g1, g2, g3
    normal[0, 0], normal[1, 0], normal[1, 1], normal[2, 0] = n00, n10, n11, n20
    normal[2, 1], normal[2, 2], normal[3, 0], normal[3, 1] = n21, n22, n30, n31
    normal[3, 2], normal[3, 3] = n32, n33
    for j in range(4):
        for k in range(j):
            normal[k, j] = normal[j, k]


_walk = make_walk(cost_of, derivatives)


@_jit
def _start(values, near_um, max_distance_um, initial_z_um, x, lower, upper):
    """SpikeInterface's first guess and bounds, rounded to float32 as there."""
    total, com_x, com_y, top = 0.0, 0.0, 0.0, 0
    for i in range(values.size):
        total += values[i]
        com_x += values[i] * near_um[0, i]
        com_y += values[i] * near_um[1, i]
        if values[i] > values[top]:
            top = i
    com_x, com_y = com_x / total, com_y / total
    dx, dy = com_x - near_um[0, top], com_y - near_um[1, top]
    height = np.sqrt(dx * dx + dy * dy + initial_z_um * initial_z_um)
    guess = (com_x, com_y, initial_z_um, height * values[top])
    reach = np.float32(max_distance_um)
    for j in range(4):
        x[j] = np.float32(guess[j])
        if j < 2:
            lower[j] = np.float32(x[j]) - reach
            upper[j] = np.float32(x[j]) + reach
    lower[2], upper[2] = 1.0, 10.0 * max_distance_um
    lower[3], upper[3] = 0.0, np.float32(values[top]) * reach
    for j in range(4):
        # Strictly inside; a small max_distance_um can leave the guess of z or alpha outside.
        x[j] = max(x[j], lower[j] + 1e-10 * max(1.0, abs(lower[j])))
        x[j] = min(x[j], upper[j] - 1e-10 * max(1.0, abs(upper[j])))


@_jit
def fit_monopoles(features, near_um, max_distance_um, initial_z_um, found, converged):
    """Fit one waveform after another.

    Parameters
    ----------
    features : np.ndarray
        float64 (n_waveforms, n_near), uV; a row that begins with NaN is left out.
    near_um : np.ndarray
        float64 (2, n_near).
    max_distance_um, initial_z_um : float
    found : np.ndarray
        float64 (n_waveforms, 4), written: x, y, z in um, alpha in uV um; NaN where left out.
    converged : np.ndarray
        bool (n_waveforms,), written.
    """
    lower, upper = np.empty(4), np.empty(4)
    residuals, inverse = np.empty(features.shape[1]), np.empty(features.shape[1])
    for i in range(len(features)):
        converged[i] = False
        found[i] = np.nan
        if np.isnan(features[i, 0]):
            continue
        _start(features[i], near_um, max_distance_um, initial_z_um, found[i], lower, upper)
        data = (features[i], near_um, residuals, inverse)
        converged[i] = _walk(data, found[i], lower, upper, _UNKNOWNS)
