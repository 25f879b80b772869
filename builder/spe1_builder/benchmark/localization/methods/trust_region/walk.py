"""The walk of a bounded trust region to a minimum, compiled, for any model of few unknowns.

By the rules of ``scipy.optimize.least_squares`` (``trf``), whose default tolerances and limit
of evaluations these are, so that it walks the way that scipy's does, and ends in the same of
several minima. The functions hold no GIL.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from spe1_builder.benchmark.localization.methods.trust_region.step import choose_step, trust_step
from spe1_builder.compiled import compiled

#: Scipy's.
TOLERANCE = 1e-8
#: Scipy's: evaluations of the residuals for each unknown.
_EVALUATIONS_EACH = 100
#: Scipy's least share of the way to a bound that a step may go.
_STEP_BACK = 0.995

_jit = compiled(error_model="numpy")


@_jit
def _bound_scaling(x, gradient, lower, upper, scaling, scaling_slope, unknowns):
    """Coleman and Li's scaling: the way to the bound that descent leads to, else 1."""
    for j in range(len(unknowns)):
        if gradient[j] < 0 and upper[j] < np.inf:
            scaling[j], scaling_slope[j] = upper[j] - x[j], -1.0
        elif gradient[j] > 0 and lower[j] > -np.inf:
            scaling[j], scaling_slope[j] = x[j] - lower[j], 1.0
        else:
            scaling[j], scaling_slope[j] = 1.0, 0.0


def make_walk(cost_of: Any, derivatives: Any, tolerance: float = TOLERANCE) -> Any:
    """The walk for one model, compiled: ``walk(data, x, lower, upper, unknowns)``.

    It goes from ``x`` to a minimum of the cost within the bounds, and says whether a tolerance
    was met within the limit of evaluations. ``x``, float64 (at least n,), strictly within the
    bounds, is overwritten; what follows its first n values stays. ``lower`` and ``upper`` are
    float64 (n,); ``unknowns`` has n entries, see `step`.

    Parameters
    ----------
    cost_of : compiled function
        ``cost_of(data, x)``: half the sum of squares, or of a loss of them. Keeps in ``data``
        what the derivatives need.
    derivatives : compiled function
        ``derivatives(data, x, gradient, normal, unknowns)``: writes the cost's gradient (n,) and
        the normal matrix (n, n), at the ``x`` that ``cost_of`` was last called with.
    tolerance : float
        Relative change of the cost, of the unknowns, and largest scaled gradient.
    """

    @compiled(error_model="numpy", is_stored=False)
    def walk(data, x, lower, upper, unknowns):
        n, most = len(unknowns), _EVALUATIONS_EACH * len(unknowns)
        normal, matrix, lower_half = np.empty((n, n)), np.empty((n, n)), np.empty((n, n))
        gradient, scaling, slope, d = np.empty(n), np.empty(n), np.empty(n), np.empty(n)
        gradient_h, step_h, x_new, work = np.empty(n), np.empty(n), x.copy(), np.empty((3, n))
        cost = cost_of(data, x)
        derivatives(data, x, gradient, normal, unknowns)
        _bound_scaling(x, gradient, lower, upper, scaling, slope, unknowns)
        radius = 0.0
        for j in range(n):
            radius += x[j] * x[j] / scaling[j]
        radius = np.sqrt(radius) if radius > 0.0 else 1.0
        shift, n_evaluations = 0.0, 1
        while True:
            _bound_scaling(x, gradient, lower, upper, scaling, slope, unknowns)
            steepness = 0.0
            for j in range(n):
                steepness = max(steepness, abs(gradient[j] * scaling[j]))
                d[j] = np.sqrt(scaling[j])
                gradient_h[j] = d[j] * gradient[j]
            if steepness < tolerance:
                return True
            if n_evaluations >= most:
                return False
            for j in range(n):
                for k in range(n):
                    matrix[j, k] = d[j] * normal[j, k] * d[k]
                matrix[j, j] += gradient[j] * slope[j]
            theta = max(_STEP_BACK, 1.0 - steepness)
            reduction, is_done = -1.0, False
            while reduction <= 0.0 and n_evaluations < most:
                shift = trust_step(
                    matrix, gradient_h, radius, shift, step_h, lower_half, work, unknowns
                )
                predicted = choose_step(
                    x, matrix, gradient_h, step_h, d, radius, lower, upper, theta, work, unknowns
                )
                length, length_h, size = 0.0, 0.0, 0.0
                for j in range(n):
                    step = d[j] * step_h[j]
                    x_new[j] = x[j] + step
                    if x_new[j] <= lower[j]:
                        x_new[j] = np.nextafter(lower[j], upper[j])
                    elif x_new[j] >= upper[j]:
                        x_new[j] = np.nextafter(upper[j], lower[j])
                    length += step * step
                    length_h += step_h[j] * step_h[j]
                    size += x[j] * x[j]
                length, length_h, size = np.sqrt(length), np.sqrt(length_h), np.sqrt(size)
                cost_new = cost_of(data, x_new)
                n_evaluations += 1
                if not np.isfinite(cost_new):
                    radius = 0.25 * length_h
                    continue
                reduction = cost - cost_new
                ratio = reduction / predicted if predicted > 0.0 else 0.0
                if predicted == 0.0 and reduction == 0.0:
                    ratio = 1.0
                radius_new = radius
                if ratio < 0.25:
                    radius_new = 0.25 * length_h
                elif ratio > 0.75 and length_h > 0.95 * radius:
                    radius_new = 2.0 * radius
                is_done = (reduction < tolerance * cost and ratio > 0.25) or (
                    length < tolerance * (tolerance + size)
                )
                if is_done:
                    break
                shift *= radius / radius_new
                radius = radius_new
            if reduction > 0.0:
                x[:] = x_new
                cost = cost_new
                # The last evaluation was the accepted one.
                derivatives(data, x, gradient, normal, unknowns)
            if is_done:
                return True

    return walk
