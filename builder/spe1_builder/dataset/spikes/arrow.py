"""Numpy arrays as Arrow columns that are their memory itself.

``pa.array`` would import pandas first, half a second.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa


def column(values: np.ndarray, is_known: np.ndarray | None = None) -> pa.Array:
    """Numbers as an Arrow array, of their dtype.

    Parameters
    ----------
    values : np.ndarray
        (n,)
    is_known : np.ndarray, optional
        bool (n,): where it is not, there is a null. Without a single one the array has no
        bitmap, so that every library takes it without a copy.
    """
    values = np.ascontiguousarray(values)
    bitmap = None
    if is_known is not None and not is_known.all():
        bitmap = pa.py_buffer(np.packbits(is_known, bitorder="little"))
    kind = pa.from_numpy_dtype(values.dtype)
    return pa.Array.from_buffers(kind, len(values), [bitmap, pa.py_buffer(values)])


def lists(values: np.ndarray) -> pa.Array:
    """An array of n dimensions as lists of lists: (n_rows, ...)."""
    array = column(values.ravel())
    for axis in range(values.ndim - 1, 0, -1):
        n_lists = int(np.prod(values.shape[:axis]))
        offsets = np.arange(n_lists + 1, dtype=np.int32) * np.int32(values.shape[axis])
        array = pa.ListArray.from_arrays(column(offsets), array)
    return array


def texts(values: Sequence[Any]) -> pa.Array:
    """Strings, None for a null."""
    return pa.array(list(values), pa.string())
