"""The exact median over all channels of one sample, compiled."""

from __future__ import annotations

import numpy as np

from spe1_builder.compiled import compiled
from spe1_builder.constants import N_CHANNELS
from spe1_builder.signal.bandpass.operations import load_keys
from spe1_builder.signal.keys import to_key, to_value

_HALF = N_CHANNELS // 2
_MAX_NEWTON_STEPS = 24
#: Values per uV near the median, to begin with: 384 of s.d. 10 uV; any start converges.
_USUAL_DENSITY = 15.0
_LOWEST, _HIGHEST = np.int32(-(2**31)), np.int32(2**31 - 1)


@compiled("float32(float32[:,:,:], intp, int32[::1], float32)")
def median(values, at, keys, guess):
    """Exact median of N_CHANNELS values, found by counting from a guess.

    Neighbouring samples have neighbouring medians, so a few vectorised counts
    (Newton steps on the empirical distribution, bisection where those fail)
    reach a threshold with half of the values below it. What is counted are the bits of
    the values as int32 of the same order.

    Parameters
    ----------
    values : np.ndarray
        float32 (n_samples, N_GROUPS, LANES) as in `spe1_builder.signal.bandpass.groups`.
    at : int
        Sample.
    keys : np.ndarray
        int32 (N_CHANNELS,), working space.
    guess : float
        Any value; the median of the sample before is best.

    Returns
    -------
    np.float32
        The mean of the two middle values.
    """
    load_keys(values, at, keys)
    low, high = np.int64(_LOWEST), np.int64(_HIGHEST)
    position, step, previous, threshold = np.float64(guess), 0.0, 0, np.int64(0)
    for attempt in range(_MAX_NEWTON_STEPS + 64):
        if attempt < _MAX_NEWTON_STEPS:
            threshold = np.int64(to_key(np.float32(position)))
        if attempt >= _MAX_NEWTON_STEPS or threshold <= low or threshold >= high:
            threshold = (low + high) >> 1
            if threshold == low:
                # The two middle values are equal: no threshold parts them.
                return to_value(np.int32(low))
            position = np.float64(to_value(np.int32(threshold)))
        key, n_below = np.int32(threshold), np.int32(0)
        for c in range(N_CHANNELS):
            # int32 all along: so it is vectorised as it is.
            n_below = np.int32(n_below + np.int32(keys[c] < key))
        if n_below == _HALF:
            break
        if n_below < _HALF:
            low = threshold
        else:
            high = threshold
        if attempt == 0:
            step = (_HALF - n_below) / _USUAL_DENSITY
        else:
            moved = n_below - previous
            if moved != 0 and step != 0.0:
                step = (_HALF - n_below) * step / moved
            else:
                step = 2.0 * step if (step > 0.0) == (n_below < _HALF) else -0.5 * step
        previous = int(n_below)
        position += step
    below, above = _LOWEST, _HIGHEST
    for c in range(N_CHANNELS):
        below = max(below, keys[c] if keys[c] < key else _LOWEST)
    for c in range(N_CHANNELS):
        above = min(above, keys[c] if keys[c] >= key else _HIGHEST)
    return np.float32(0.5 * (np.float64(to_value(below)) + np.float64(to_value(above))))
