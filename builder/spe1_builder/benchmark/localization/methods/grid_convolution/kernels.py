"""The match of waveforms with artificial templates, compiled; waveform by waveform, no GIL."""

from __future__ import annotations

import numpy as np

from spe1_builder.compiled import compiled

#: Bits of the float32 infinity.
_INFINITY_KEY = 0x7F800000
#: Between the bits of a float32 and of its double.
_OCTAVE_KEYS = 1 << 23

_jit = compiled(error_model="numpy")


@_jit
def _count_below(keys, key):
    n = 0
    for i in range(keys.size):
        n += keys[i] < key
    return n


@_jit
def _threshold_key(keys, share):
    """Bits of the least product that counts; -1 where all are negative.

    What counts is at least the quantile ``share`` (linear between order statistics, as
    numpy's) of the products that are not negative. Bits of positive float32 have their
    order, so bisection on them, with counts that the compiler vectorises, ends at the key
    with the right number below, where a selection would wait for mispredicted branches.

    Parameters
    ----------
    keys : np.ndarray
        int32 (n_templates,): bits of the products, none of them -0.0.
    share : float
    """
    n_negative = _count_below(keys, 0)
    n = keys.size - n_negative
    if n == 0:
        return -1
    position = (n - 1) * share
    whole = int(np.floor(position))
    # Between two order statistics the upper one is the first that counts.
    n_below = n_negative + whole + (position - whole > 1e-9)
    low, high = 0, _INFINITY_KEY
    # Half of the largest product is nearly always below, and saves half of the steps.
    guess = max(int(keys.max()) - _OCTAVE_KEYS, 0)
    if _count_below(keys, guess) <= n_below:
        low = guess
    else:
        high = guess
    while high - low > 1:
        middle = (low + high) // 2
        found = _count_below(keys, middle)
        if found <= n_below:
            low = middle
            if found == n_below:
                break
        else:
            high = middle
    return low


@_jit
def match_grid(waveforms_uV, prototype, weights, places_um, share, xyz_um):
    """Mean position of the artificial templates that match best.

    Parameters
    ----------
    waveforms_uV : np.ndarray
        float32 (n_waveforms, n_samples, n_used).
    prototype : np.ndarray
        float64 (n_samples,).
    weights : np.ndarray
        float32 (n_used, n_templates): amplitudes of the artificial templates.
    places_um : np.ndarray
        float64 (n_templates, 3): where their sources are.
    share : float
        Quantile of the products that are not negative from which on they count.
    xyz_um : np.ndarray
        float64 (n_waveforms, 3), written; NaN where nothing matches or a sample is not finite.
    """
    n_samples, n_used = waveforms_uV.shape[1:]
    n_templates = len(places_um)
    seen = np.empty(n_used)
    products = np.empty(n_templates, np.float32)
    keys = products.view(np.int32)
    for i in range(len(waveforms_uV)):
        xyz_um[i] = np.nan
        seen[:] = 0.0
        for t in range(n_samples):
            for c in range(n_used):
                seen[c] += waveforms_uV[i, t, c] * prototype[t]
        if not np.isfinite(seen.sum()):
            continue
        products[:] = 0.0  # and never -0.0, whose bits are those of a negative number
        for c in range(n_used):
            # Channel by channel, so that the compiler vectorises over templates; float32, as
            # SpikeInterface's products are, to stay in the cache.
            amplitude = np.float32(seen[c])
            for k in range(n_templates):
                products[k] += amplitude * weights[c, k]
        threshold_key = _threshold_key(keys, share)
        if threshold_key < 0:
            continue
        total, x_um, y_um, z_um = 0.0, 0.0, 0.0, 0.0
        for k in range(n_templates):
            if keys[k] >= threshold_key:
                product = np.float64(products[k])
                total += product
                x_um += product * places_um[k, 0]
                y_um += product * places_um[k, 1]
                z_um += product * places_um[k, 2]
        if total > 0.0:
            xyz_um[i, 0], xyz_um[i, 1] = x_um / total, y_um / total
            xyz_um[i, 2] = z_um / total
