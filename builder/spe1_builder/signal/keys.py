"""float32 values as int32 keys of the same order, compiled: medians are found by counting keys."""

from __future__ import annotations

import numpy as np

from spe1_builder.compiled import compiled

SIGN_BIT, MAGNITUDE = np.int32(31), np.int32(2**31 - 1)


@compiled("int32(float32)")
def to_key(value):
    """The key of a value: its bits, those of the magnitude flipped if it is negative."""
    bits = np.float32(value).view(np.int32)
    return bits ^ ((bits >> SIGN_BIT) & MAGNITUDE)


@compiled("float32(int32)")
def to_value(key):
    """The value of a key."""
    return np.int32(key ^ ((key >> SIGN_BIT) & MAGNITUDE)).view(np.float32)
