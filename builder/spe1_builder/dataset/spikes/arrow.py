"""Numpy arrays as Arrow columns that are their memory itself.

``pa.array`` would import pandas first, half a second.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa


def column(values: np.ndarray, is_known: np.ndarray | None = None) -> pa.Array:
    """Numbers, or True and False, as an Arrow array, of their dtype.

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
    if pa.types.is_boolean(kind):  # a bit each, not a byte
        n_values, values = len(values), np.packbits(values, bitorder="little")
        return pa.Array.from_buffers(kind, n_values, [bitmap, pa.py_buffer(values)])
    return pa.Array.from_buffers(kind, len(values), [bitmap, pa.py_buffer(values)])


def lists(values: np.ndarray) -> pa.Array:
    """An array of n dimensions as lists of lists: (n_rows, ...)."""
    array = column(values.ravel())
    for axis in range(values.ndim - 1, 0, -1):
        n_lists = int(np.prod(values.shape[:axis]))
        offsets = np.arange(n_lists + 1, dtype=np.int32) * np.int32(values.shape[axis])
        array = pa.ListArray.from_arrays(column(offsets), array)
    return array


def texts(values: Sequence[str | None]) -> pa.Array:
    """Strings, None for a null."""
    parts = [b"" if value is None else value.encode() for value in values]
    is_known = np.array([value is not None for value in values], dtype=bool)
    return _pieces(pa.string(), parts, is_known)


def contents(values: Sequence[bytes]) -> pa.Array:
    """Bytes, such as whole files."""
    return _pieces(pa.binary(), values, np.ones(len(values), dtype=bool))


def _pieces(kind: pa.DataType, parts: Sequence[bytes], is_known: np.ndarray) -> pa.Array:
    ends = np.cumsum([0, *map(len, parts)]).astype(np.int32)
    bitmap = None if is_known.all() else pa.py_buffer(np.packbits(is_known, bitorder="little"))
    buffers = [bitmap, pa.py_buffer(ends), pa.py_buffer(b"".join(parts))]
    return pa.Array.from_buffers(kind, len(parts), buffers)
