"""Bounded robust least squares of a point source with any decay, compiled.

The unknowns are x, y, z squared, the strength and, unless it is given, the decay, of the
model ``strength * squared_distance ** (-decay / 2)``. Lengths are in units of the radius,
amplitudes in units of the largest, so that all unknowns are of one size. z enters by its
square, in which the model is smooth down to 0. The functions hold no GIL.
"""

from __future__ import annotations

import numpy as np

from spe1_builder.benchmark.localization.methods.trust_region.walk import make_walk
from spe1_builder.compiled import compiled

#: By name, as the kernels know the losses.
LOSSES = {"linear": 0, "soft_l1": 1, "cauchy": 2}
#: Of the search: what is left of the way is less than a hundredth of the noise's own error.
TOLERANCE = 1e-6
#: How far from a bound the search begins at least.
INSIDE = 1e-6
#: Scipy's lowest curvature of a loss, which is negative far out.
_LEAST_CURVATURE = 2.220446049250313e-16
#: A product from here on might be too large with one factor more.
_LARGE = 1e100
#: With the decay as the last, and without it.
_ALL, _ALL_BUT_DECAY = (0, 0, 0, 0, 0), (0, 0, 0, 0)

_jit = compiled(error_model="numpy")


@_jit
def cost_of(data, x):
    """Half the sum of the losses at ``x``.

    ``data`` are the values (n_near,), the places (2, n_near), the loss, its scale, and room of
    (6, n_near), whose rows are named in `derivatives`.
    """
    values, near, loss, scale, room = data
    n, each, half = values.size, 1.0 / (scale * scale), -0.5 * x[4]
    # Several loops, most of which are vector instructions; the functions in between are not.
    for i in range(n):
        dx, dy = x[0] - near[0, i], x[1] - near[1, i]
        room[1, i] = dx * dx + dy * dy + x[2]
    for i in range(n):
        room[2, i] = np.log(room[1, i])
        room[3, i] = np.exp(half * room[2, i])
    for i in range(n):
        room[0, i] = values[i] - x[3] * room[3, i]
        room[4, i] = 1.0 + room[0, i] * room[0, i] * each
    total = 0.0
    if loss == 1:
        for i in range(n):
            room[4, i] = np.sqrt(room[4, i])
        for i in range(n):
            total += 2.0 * (room[4, i] - 1.0)
    elif loss == 2:
        # One logarithm for as many channels as a product can hold.
        product = 1.0
        for i in range(n):
            product *= room[4, i]
            if product > _LARGE:
                total += np.log(product)
                product = 1.0
        total += np.log(product)
    else:
        for i in range(n):
            total += room[4, i] - 1.0
    return 0.5 * scale * scale * total


@_jit
def derivatives(data, x, gradient, normal, unknowns):
    """Gradient of the cost and scaled normal matrix at ``x``, of as many unknowns as they have."""
    values, near, loss, _, room = data
    n = values.size
    residuals, squares, logs, powers, inside, slopes = room
    for i in range(n):
        slopes[i] = x[3] * x[4] * powers[i] / squares[i]
    # In the place of ``inside``: first derivative of the loss, and its curvature.
    weights, curvatures = inside, squares
    for i in range(n):
        if loss == 1:
            weight = 1.0 / inside[i]
            curvatures[i] = weight * weight * weight
        elif loss == 2:
            weight = 1.0 / inside[i]
            curvatures[i] = max(weight * (2.0 * weight - 1.0), _LEAST_CURVATURE)
        else:
            weight = 1.0
            curvatures[i] = 1.0
        weights[i] = weight
    # Sums in registers: through arrays this takes three times as long.
    g0, g1, g2, g3, g4 = 0.0, 0.0, 0.0, 0.0, 0.0
    n00, n10, n11, n20, n21, n22 = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    n30, n31, n32, n33 = 0.0, 0.0, 0.0, 0.0
    n40, n41, n42, n43, n44 = 0.0, 0.0, 0.0, 0.0, 0.0
    for i in range(n):
        slope, power, curvature = slopes[i], powers[i], curvatures[i]
        j0, j1 = slope * (x[0] - near[0, i]), slope * (x[1] - near[1, i])
        j2, j3 = 0.5 * slope, -power
        force = weights[i] * residuals[i]
        g0, g1, g2 = g0 + j0 * force, g1 + j1 * force, g2 + j2 * force
        g3 = g3 + j3 * force
        k0, k1, k2 = curvature * j0, curvature * j1, curvature * j2
        k3 = curvature * j3
        n00, n10, n11 = n00 + k0 * j0, n10 + k1 * j0, n11 + k1 * j1
        n20, n21, n22 = n20 + k2 * j0, n21 + k2 * j1, n22 + k2 * j2
        n30, n31, n32, n33 = n30 + k3 * j0, n31 + k3 * j1, n32 + k3 * j2, n33 + k3 * j3
        if len(unknowns) > 4:  # the compiler knows
            j4 = 0.5 * x[3] * power * logs[i]
            k4 = curvature * j4
            g4 = g4 + j4 * force
            n40, n41, n42, n43 = n40 + k4 * j0, n41 + k4 * j1, n42 + k4 * j2, n43 + k4 * j3
            n44 = n44 + k4 * j4
    gradient[0], gradient[1], gradient[2], gradient[3] = g0, g1, g2, g3
    normal[0, 0], normal[1, 0], normal[1, 1], normal[2, 0] = n00, n10, n11, n20
    normal[2, 1], normal[2, 2], normal[3, 0], normal[3, 1] = n21, n22, n30, n31
    normal[3, 2], normal[3, 3] = n32, n33
    if len(unknowns) > 4:
        gradient[4] = g4
        normal[4, 0], normal[4, 1], normal[4, 2], normal[4, 3] = n40, n41, n42, n43
        normal[4, 4] = n44
    for j in range(len(unknowns)):
        for k in range(j):
            normal[k, j] = normal[j, k]


_walk = make_walk(cost_of, derivatives, TOLERANCE)


@_jit
def _above_the_center_of_mass(values, near, x):
    """x and y of the search's beginning: of what is positive."""
    total = 0.0
    x[0], x[1] = 0.0, 0.0
    for i in range(values.size):
        weight = max(values[i], 0.0)
        total += weight
        x[0] += weight * near[0, i]
        x[1] += weight * near[1, i]
    x[0], x[1] = x[0] / total, x[1] / total


@_jit
def _best_strength(values, near, x):
    """The strength that fits a source at ``x`` best, by plain squares."""
    product, square = 0.0, 0.0
    for i in range(values.size):
        dx, dy = x[0] - near[0, i], x[1] - near[1, i]
        power = np.exp(-0.5 * x[4] * np.log(dx * dx + dy * dy + x[2]))
        product += power * values[i]
        square += power * power
    return product / square


@_jit
def fit_sources(values, near, begin, lower, upper, loss, scale, is_decay_given, found, converged):
    """Fit one waveform after another.

    Parameters
    ----------
    values : np.ndarray
        float64 (n_waveforms, n_near); a row that begins with NaN, or has nothing positive, is
        left out. Divided by what the largest is, here or before.
    near : np.ndarray
        float64 (2, n_near).
    begin : np.ndarray
        float64 (5,): where the search begins; its strength is not looked at. With NaN for x and
        y: above each waveform's center of mass, the values divided by their largest.
    lower, upper : np.ndarray
        float64 (5,): bounds of x, y, z squared, strength, decay.
    loss : int
        See `LOSSES`.
    scale : float
        Of the loss.
    is_decay_given : bool
        Whether the decay stays as it begins.
    found : np.ndarray
        float64 (n_waveforms, 5), written: x, y, z squared, strength, decay; NaN where left out.
    converged : np.ndarray
        bool (n_waveforms,), written.
    """
    scaled, room = np.empty(values.shape[1]), np.empty((6, values.shape[1]))
    for i in range(len(values)):
        converged[i], found[i] = False, np.nan
        largest = values[i].max()
        if np.isnan(values[i, 0]) or not largest > 0.0:
            continue
        x = found[i]
        x[:], scaled[:] = begin, values[i]
        if np.isnan(begin[0]):
            scaled /= largest
            _above_the_center_of_mass(scaled, near, x)
        x[3] = _best_strength(scaled, near, x)
        for j in range(5):
            # Strictly inside: the unit's place may lie on a bound.
            x[j] = min(max(x[j], lower[j] + INSIDE), upper[j] - INSIDE)
        data = (scaled, near, loss, scale, room)
        if is_decay_given:
            converged[i] = _walk(data, x, lower, upper, _ALL_BUT_DECAY)
        else:
            converged[i] = _walk(data, x, lower, upper, _ALL)
