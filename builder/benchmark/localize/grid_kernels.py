"""The match of waveforms with artificial templates, compiled; waveform by waveform, no GIL."""

from __future__ import annotations

import numba
import numpy as np

_jit = numba.njit(nogil=True, cache=True, error_model="numpy")


@_jit
def _select(values, n, k):
    """Reorder ``values[:n]`` so that the k-th smallest is in its place, smaller ones before it.

    Hoare's selection with the median of three, on numbers that are not NaN.
    """
    low, high = 0, n - 1
    while low < high:
        middle = (low + high) // 2
        if values[middle] < values[low]:
            values[middle], values[low] = values[low], values[middle]
        if values[high] < values[low]:
            values[high], values[low] = values[low], values[high]
        if values[high] < values[middle]:
            values[high], values[middle] = values[middle], values[high]
        pivot = values[middle]
        i, j = low, high
        while i <= j:
            while values[i] < pivot:
                i += 1
            while values[j] > pivot:
                j -= 1
            if i <= j:
                values[i], values[j] = values[j], values[i]
                i += 1
                j -= 1
        if k <= j:
            high = j
        elif k >= i:
            low = i
        else:
            break
    return values[k]


@_jit
def _quantile(values, n, share):
    """Quantile of ``values[:n]``, linear between order statistics; reorders them."""
    position = (n - 1) * share
    k = int(np.floor(position))
    below = np.float64(_select(values, n, k))
    if k + 1 >= n:
        return below
    above = np.float64(np.inf)
    for i in range(k + 1, n):
        above = min(above, np.float64(values[i]))
    rest = position - k
    # numpy's rounding, so that a value which is the quantile itself stays.
    if rest < 0.5:
        return below + (above - below) * rest
    return above - (above - below) * (1.0 - rest)


@_jit
def match_grid(
    waveforms_uV, prototype, weights, starts, channels, points_um, depths_um, share, xyz
):
    """Mean position of the artificial templates that match best.

    Parameters
    ----------
    waveforms_uV : np.ndarray
        float32 (n_waveforms, n_samples, n_used).
    prototype : np.ndarray
        float64 (n_samples,).
    weights, starts, channels : np.ndarray
        Amplitudes that are not zero, of one template after another (depth by depth):
        float32 (n_weights,), int64 (n_depths * n_points + 1,) first index of each template,
        int64 (n_weights,) index among the used channels.
    points_um, depths_um : np.ndarray
        float64 (n_points, 2) and (n_depths,).
    share : float
        Quantile of the products that are not negative from which on they count.
    xyz : np.ndarray
        float64 (n_waveforms, 3), written, um; NaN where nothing matches or is finite.
    """
    n_samples, n_used = waveforms_uV.shape[1:]
    n_points = len(points_um)
    n_templates = n_points * len(depths_um)
    seen = np.empty(n_used, np.float64)
    products, sorted_products = np.empty(n_templates, np.float32), np.empty(n_templates, np.float32)
    for i in range(len(waveforms_uV)):
        seen[:] = 0.0
        for t in range(n_samples):
            for c in range(n_used):
                seen[c] += waveforms_uV[i, t, c] * prototype[t]
        xyz[i] = np.nan
        if not np.isfinite(seen.sum()):
            continue
        n_kept = 0
        for k in range(n_templates):
            product = 0.0
            for w in range(starts[k], starts[k + 1]):
                product += weights[w] * seen[channels[w]]
            products[k] = product
            if products[k] >= 0.0:
                sorted_products[n_kept] = products[k]
                n_kept += 1
        if n_kept == 0:
            continue
        threshold = 0.0
        if share > 0.0:
            threshold = _quantile(sorted_products, n_kept, share)
        total, x, y, z = 0.0, 0.0, 0.0, 0.0
        for k in range(n_templates):
            product = np.float64(products[k])
            if product >= threshold and product > 0.0:
                total += product
                x += product * points_um[k % n_points, 0]
                y += product * points_um[k % n_points, 1]
                z += product * depths_um[k // n_points]
        if total > 0.0:
            xyz[i, 0], xyz[i, 1], xyz[i, 2] = x / total, y / total, z / total
