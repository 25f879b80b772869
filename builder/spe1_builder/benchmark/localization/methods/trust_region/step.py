"""The steps of a bounded trust region, compiled.

The method is the trust region reflective one of Branch, Coleman and Li (SIAM J. Sci.
Comput. 21, 1999) with the step of Moré (Lecture Notes in Mathematics 630, 1977), by
the rules of ``scipy.optimize.least_squares``. As there are few unknowns, everything is
done on the normal equations; nothing is allocated.

How many they are (n) is the length of the tuple ``unknowns``: the compiler knows it, and
makes a version for each without loops.
"""

from __future__ import annotations

import numpy as np

from spe1_builder.compiled import compiled

#: Scipy's limits of the search for the step of a given length.
_ROOT_STEPS = 10
_ROOT_TOLERANCE = 0.01

_jit = compiled(error_model="numpy")


@_jit
def _factor(matrix, shift, lower_half, unknowns):
    """Cholesky factor of ``matrix + shift I``; False where that is not positive definite."""
    for j in range(len(unknowns)):
        pivot = matrix[j, j] + shift
        for k in range(j):
            pivot -= lower_half[j, k] * lower_half[j, k]
        # Below this the pivot is rounding.
        if not pivot > 1e-15 * (matrix[j, j] + shift):
            return False
        root = np.sqrt(pivot)
        lower_half[j, j] = root
        for i in range(j + 1, len(unknowns)):
            value = matrix[i, j]
            for k in range(j):
                value -= lower_half[i, k] * lower_half[j, k]
            lower_half[i, j] = value / root
    return True


@_jit
def _solve_lower(lower_half, right, solution, unknowns):
    for j in range(len(unknowns)):
        value = right[j]
        for k in range(j):
            value -= lower_half[j, k] * solution[k]
        solution[j] = value / lower_half[j, j]


@_jit
def _solve(lower_half, right, solution, unknowns):
    """Solution of the factored system."""
    _solve_lower(lower_half, right, solution, unknowns)
    for i in range(len(unknowns)):
        j = len(unknowns) - 1 - i
        value = solution[j]
        for k in range(j + 1, len(unknowns)):
            value -= lower_half[k, j] * solution[k]
        solution[j] = value / lower_half[j, j]


@_jit
def _restart(low, high):
    return max(0.001 * high, np.sqrt(low * high))


@_jit
def trust_step(matrix, gradient_h, radius, shift, step_h, lower_half, work, unknowns):
    """Moré's step within the radius; returns the shift that it took.

    Parameters
    ----------
    matrix, gradient_h : np.ndarray
        (n, n) and (n,): the quadratic model in scaled unknowns.
    radius, shift : float
        Shift is the first guess.
    step_h : np.ndarray
        (n,), written.
    lower_half, work : np.ndarray
        (n, n) and (3, n) to work in.
    unknowns : tuple
        n entries, of which only their number is looked at; so everywhere here.
    """
    low, high = 0.0, np.sqrt(_dot(gradient_h, gradient_h, unknowns)) / radius
    half_solved = work[0]
    has_rank = _factor(matrix, 0.0, lower_half, unknowns)
    if has_rank:
        _solve(lower_half, gradient_h, step_h, unknowns)
        length = np.sqrt(_dot(step_h, step_h, unknowns))
        if length <= radius:
            for j in range(len(unknowns)):
                step_h[j] = -step_h[j]
            return 0.0
        _solve_lower(lower_half, step_h, half_solved, unknowns)
        low = (length - radius) * length / _dot(half_solved, half_solved, unknowns)
    else:
        # What is left should even the shifted matrix not be positive: steepest descent.
        step_h[:] = gradient_h
        if shift == 0.0:
            shift = _restart(low, high)
    taken = -1.0
    for _ in range(_ROOT_STEPS):
        if shift < low or shift > high:
            shift = _restart(low, high)
        taken = shift
        if not _factor(matrix, shift, lower_half, unknowns):
            low, shift = max(low, shift), 2.0 * max(shift, 1e-12 * high)
            continue
        _solve(lower_half, gradient_h, step_h, unknowns)
        length = np.sqrt(_dot(step_h, step_h, unknowns))
        _solve_lower(lower_half, step_h, half_solved, unknowns)
        excess = length - radius
        if excess < 0.0:
            high = shift
        newton = -excess * length / _dot(half_solved, half_solved, unknowns)
        low = max(low, shift - newton)
        shift -= length * newton / radius
        if abs(excess) < _ROOT_TOLERANCE * radius:
            break
    # As scipy: the step is of the last shift, which was not yet tried.
    if shift != taken and _factor(matrix, shift, lower_half, unknowns):
        _solve(lower_half, gradient_h, step_h, unknowns)
    length = np.sqrt(_dot(step_h, step_h, unknowns))
    for j in range(len(unknowns)):
        step_h[j] *= -radius / length
    return shift


@_jit
def _to_bound(x, step, lower, upper, unknowns):
    """How many of ``step`` lead from ``x`` to the first bound."""
    least = np.inf
    for j in range(len(unknowns)):
        if step[j] != 0.0:
            least = min(least, max((lower[j] - x[j]) / step[j], (upper[j] - x[j]) / step[j]))
    return least


@_jit
def _dot(a, b, unknowns):
    total = 0.0
    for j in range(len(unknowns)):
        total += a[j] * b[j]
    return total


@_jit
def _form(matrix, a, b, unknowns):
    """a' matrix b."""
    total = 0.0
    for j in range(len(unknowns)):
        for k in range(len(unknowns)):
            total += a[j] * matrix[j, k] * b[k]
    return total


@_jit
def _least_on_line(a, b, c, low, high):
    """Place and value of the minimum of a t^2 + b t + c for t in [low, high]."""
    place, value = low, low * (a * low + b) + c
    at_high = high * (a * high + b) + c
    if at_high < value:
        place, value = high, at_high
    if a != 0.0:
        top = -0.5 * b / a
        if low < top < high:
            at_top = top * (a * top + b) + c
            if at_top < value:
                place, value = top, at_top
    return place, value


@_jit
def choose_step(x, matrix, gradient_h, step_h, d, radius, lower, upper, theta, work, unknowns):
    """Keep the step where it is inside; else the best of it cut, reflected, and steepest descent.

    Parameters
    ----------
    x, lower, upper : np.ndarray
        (n,): where the step begins, and its bounds.
    matrix, gradient_h : np.ndarray
        (n, n) and (n,): the quadratic model in scaled unknowns.
    step_h : np.ndarray
        (n,): the trust region's step in scaled unknowns; replaced by the choice.
    d : np.ndarray
        (n,): scaled to real unknowns.
    radius, theta : float
        Of the trust region; share of the way to a bound that may be gone.
    work : np.ndarray
        (3, n) to work in.

    Returns
    -------
    float
        Predicted reduction of the cost.
    """
    other_h, trial = work[0], work[1]
    inside = True
    for j in range(len(unknowns)):
        trial[j] = d[j] * step_h[j]
        inside &= lower[j] <= x[j] + trial[j] <= upper[j]
    if inside:
        return -(0.5 * _form(matrix, step_h, step_h, unknowns) + _dot(step_h, gradient_h, unknowns))
    stride = _to_bound(x, trial, lower, upper, unknowns)
    for j in range(len(unknowns)):
        is_hit = trial[j] != 0.0 and stride == max(
            (lower[j] - x[j]) / trial[j], (upper[j] - x[j]) / trial[j]
        )
        other_h[j] = -step_h[j] if is_hit else step_h[j]
        step_h[j] *= stride
    for j in range(len(unknowns)):
        trial[j] = x[j] + stride * trial[j]
    reflected_value = _reflect(
        matrix, gradient_h, step_h, d, radius, lower, upper, theta, stride, work, unknowns
    )
    for j in range(len(unknowns)):
        step_h[j] *= theta
    value = 0.5 * _form(matrix, step_h, step_h, unknowns) + _dot(step_h, gradient_h, unknowns)
    if reflected_value <= value:
        value = reflected_value
        step_h[:] = other_h
    for j in range(len(unknowns)):
        other_h[j] = -gradient_h[j]
        trial[j] = d[j] * other_h[j]
    to_radius = radius / np.sqrt(_dot(other_h, other_h, unknowns))
    to_bound = _to_bound(x, trial, lower, upper, unknowns)
    end = theta * to_bound if to_bound < to_radius else to_radius
    a, b = 0.5 * _form(matrix, other_h, other_h, unknowns), _dot(gradient_h, other_h, unknowns)
    stride, descent_value = _least_on_line(a, b, 0.0, 0.0, end)
    if descent_value <= value:
        value = descent_value
        for j in range(len(unknowns)):
            step_h[j] = stride * other_h[j]
    return -value


@_jit
def _reflect(matrix, gradient_h, step_h, d, radius, lower, upper, theta, stride, work, unknowns):
    """Best point of the ray that is reflected at a bound; its value, inf where there is none.

    ``work`` holds the ray's direction, which becomes the whole step, and its start.
    """
    other_h, start, way = work[0], work[1], work[2]
    a, b = _dot(other_h, other_h, unknowns), _dot(step_h, other_h, unknowns)
    c = _dot(step_h, step_h, unknowns) - radius * radius
    root = np.sqrt(max(b * b - a * c, 0.0))
    # The larger root, without loss of digits.
    to_radius = (root - b) / a if b <= 0.0 else -c / (b + root)
    for j in range(len(unknowns)):
        way[j] = d[j] * other_h[j]
    to_bound = _to_bound(start, way, lower, upper, unknowns)
    end = min(to_bound, to_radius)
    if end <= 0.0:
        return np.inf
    low = (1.0 - theta) * stride / end
    high = theta * to_bound if end == to_bound else to_radius
    if low > high:
        return np.inf
    b = _dot(gradient_h, other_h, unknowns) + _form(matrix, step_h, other_h, unknowns)
    c = 0.5 * _form(matrix, step_h, step_h, unknowns) + _dot(gradient_h, step_h, unknowns)
    place, value = _least_on_line(0.5 * _form(matrix, other_h, other_h, unknowns), b, c, low, high)
    for j in range(len(unknowns)):
        other_h[j] = step_h[j] + place * other_h[j]
    return value
