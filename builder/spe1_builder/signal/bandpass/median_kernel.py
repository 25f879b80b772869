"""The exact median over all channels of one sample, compiled."""

from __future__ import annotations

import numpy as np

from spe1_builder.compiled import compiled
from spe1_builder.constants import N_CHANNELS
from spe1_builder.signal.bandpass.vectors import (
    address,
    count_below,
    largest_below,
    load_keys,
    smallest_from,
)

_HALF = N_CHANNELS // 2
_MAX_NEWTON_STEPS = 24
#: Values per uV near the median, to begin with: 384 of s.d. 10 uV; any start converges.
_USUAL_DENSITY = 15.0


@compiled()
def _to_key(bits):
    """Bits of a float32 to an int32 of the same order, and back."""
    return bits ^ ((bits >> np.int32(31)) & np.int32(0x7FFFFFFF))


@compiled()
def median(values, group_step, keys, guess, scratch, scratch_bits):
    """Exact median of N_CHANNELS values, found by counting from a guess.

    Neighbouring samples have neighbouring medians, so a few vectorised counts
    (Newton steps on the empirical distribution, bisection where those fail)
    reach a threshold with half of the values below it.

    Parameters
    ----------
    values : int
        Address of the float32 values of the first group of LANES channels.
    group_step : int
        Bytes from one group to the next.
    keys : np.ndarray
        int32 (N_CHANNELS,), working space.
    guess : float
        Any value; the median of the sample before is best.
    scratch, scratch_bits : np.ndarray
        float32 (1,) and the same memory as int32.

    Returns
    -------
    np.float32
        The mean of the two middle values.
    """
    place = address(keys)
    load_keys(values, group_step, place)
    low, high = np.int64(-(2**31)), np.int64(2**31 - 1)
    position, step, previous, threshold = np.float64(guess), 0.0, 0, np.int64(0)
    for attempt in range(_MAX_NEWTON_STEPS + 64):
        if attempt < _MAX_NEWTON_STEPS:
            scratch[0] = np.float32(position)
            threshold = np.int64(_to_key(scratch_bits[0]))
        if attempt >= _MAX_NEWTON_STEPS or threshold <= low or threshold >= high:
            threshold = (low + high) >> 1
            if threshold == low:
                # The two middle values are equal: no threshold parts them.
                scratch_bits[0] = _to_key(np.int32(low))
                return scratch[0]
            scratch_bits[0] = _to_key(np.int32(threshold))
            position = np.float64(scratch[0])
        n_below = int(count_below(place, np.int32(threshold)))
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
        previous = n_below
        position += step
    scratch_bits[0] = _to_key(largest_below(place, np.int32(threshold)))
    middle = np.float64(scratch[0])
    scratch_bits[0] = _to_key(smallest_from(place, np.int32(threshold)))
    return np.float32(0.5 * (middle + np.float64(scratch[0])))
