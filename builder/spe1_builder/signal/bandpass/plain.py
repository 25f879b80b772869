"""The operations of `spe1_builder.signal.bandpass.groups` in plain loops, and their bits.

For where `spe1_builder.signal.bandpass.vectors` cannot be compiled.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import types
from numba.extending import intrinsic as _typed_intrinsic

from spe1_builder.constants import N_CHANNELS
from spe1_builder.signal.bandpass.groups import (
    LANES,
    N_GROUPS,
    N_SECTIONS,
    on_counts,
    on_values,
    to_channels,
    to_keys,
)

#: Its type stub takes the compiler's context for an argument of the call.
intrinsic: Any = _typed_intrinsic


@intrinsic
def _fused(ctx, a, b, c):
    """``a * b + c`` with one rounding, which numba and Python 3.11 have no name for."""

    def generate(context: Any, builder: Any, _: Any, arguments: Any) -> Any:
        return builder.fma(*arguments)

    return types.float64(types.float64, types.float64, types.float64), generate


def _run(src, first, dst, slot, n, step, scale, feedback, state):
    x = np.empty(LANES, np.float64)
    for g in range(N_GROUPS):
        for i in range(0, n * step, step):
            for lane in range(LANES):
                x[lane] = src[first + i, g, lane] * scale
            for s in range(0, 2 * N_SECTIONS, 2):
                for lane in range(LANES):
                    y = x[lane] + state[g, s, lane]
                    state[g, s, lane] = _fused(feedback[s], y, state[g, s + 1, lane])
                    state[g, s + 1, lane] = _fused(feedback[s + 1], y, -x[lane])
                    x[lane] = y
            for lane in range(LANES):
                dst[slot + i, g, lane] = x[lane]


run_on_counts, run_on_values = on_counts(_run), on_values(_run)


@to_keys
def load_keys(src, at, keys):
    for c in range(N_CHANNELS):
        bits = np.float32(src[at, c // LANES, c % LANES]).view(np.int32)
        keys[c] = bits ^ ((bits >> np.int32(31)) & np.int32(2**31 - 1))


@to_channels
def write_channels(src, n, medians, out, first):
    for c in range(N_CHANNELS):
        for j in range(n):
            out[c, first + j] = src[j, c // LANES, c % LANES] - medians[j]
