"""Numeric arrays of a MATLAB 5 file, without a parser that a hostile file can crash.

scipy's reader follows nested cells as deep as they go and ends the process on a file of a
few kB. Here only the top level is walked; whatever is no plain numeric array is skipped.

Format: MathWorks, "MAT-File Format" (R2023b), Level 5: a header of 128 bytes, then data
elements, each with a tag of type and size, padded to 8 bytes.
"""

from __future__ import annotations

import math
import struct
import zlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass

import numpy as np

_HEADER_BYTES = 128
_MATRIX, _COMPRESSED = 14, 15
#: Data types that numbers are stored as, by the number in the tag.
_STORED = {
    1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8",
}  # fmt: skip
#: Classes of arrays that are plain numbers (double to uint64), by the number in the flags.
_NUMERIC = {6: "f8", 7: "f4", 8: "i1", 9: "u1", 10: "i2", 11: "u2", 12: "i4", 13: "u4", 14: "i8",
            15: "u8"}  # fmt: skip
_KIND_OF_CLASS = {1: "cell", 2: "struct", 3: "object", 4: "text", 5: "sparse"}
_COMPLEX_FLAG = 0x0800
#: A compressed element may grow to this: 384 numbers need 4 kB.
_MAX_ELEMENT_BYTES = 1_000_000
_MAX_ELEMENTS = 1000
_MAX_DIMENSIONS = 32


@dataclass(frozen=True)
class OtherArray:
    """An array that is there, and is no plain numeric one.

    Attributes
    ----------
    kind : str
        "cell", "struct", "text", ...
    """

    kind: str


def read_numeric_arrays(
    content: bytes, names: Collection[str]
) -> tuple[dict[str, np.ndarray | OtherArray], list[str]]:
    """The wanted numeric arrays of a MATLAB 5 file.

    Parameters
    ----------
    content : bytes
        The file.
    names : collection of str
        Variables that are wanted.

    Returns
    -------
    arrays : dict of str to np.ndarray or OtherArray
        Those of ``names`` that are there: 1-D, in the file's (column-major) order. A cell,
        a struct or text of that name is an `OtherArray`.
    found : list of str
        Every variable of the file.

    Raises
    ------
    ValueError
        Not such a file, or damaged.
    """
    if len(content) < _HEADER_BYTES:
        raise ValueError("shorter than a MATLAB file's header")
    if content[:8] == b"\x89HDF\r\n\x1a\n" or content[512:520] == b"\x89HDF\r\n\x1a\n":
        raise ValueError("a MATLAB 7.3 file (HDF5); save it with -v7 or -v6")
    order = {b"IM": "<", b"MI": ">"}.get(content[126:128])
    if order is None:
        raise ValueError("no MATLAB 5 file: the mark of the byte order is missing")
    arrays: dict[str, np.ndarray | OtherArray] = {}
    found: list[str] = []
    for element in _matrices(content, order):
        name, array = _read_matrix(element, order, names)
        if name in found:
            raise ValueError(f"'{name}' is there twice")
        found.append(name)
        if array is not None:
            arrays[name] = array
    return arrays, found


def _matrices(content: bytes, order: str) -> Iterator[bytes]:
    """The bodies of the top-level arrays."""
    at = _HEADER_BYTES
    for _ in range(_MAX_ELEMENTS):
        if at >= len(content):
            return
        kind, body, at = _element(content, at, order)
        if kind == _COMPRESSED:
            kind, body, _ = _element(_inflated(body), 0, order)
        if kind == _MATRIX:
            yield body
    raise ValueError(f"more than {_MAX_ELEMENTS} variables")


def _element(content: bytes, at: int, order: str) -> tuple[int, bytes, int]:
    """(type, body, where the next one begins) of the data element at a place."""
    if len(content) - at < 8:
        raise ValueError("ends within a tag")
    kind, size = struct.unpack_from(order + "II", content, at)
    if kind >> 16:  # a small element: size and type share the first word
        size, kind = kind >> 16, kind & 0xFFFF
        if size > 4:
            raise ValueError("a small element of more than 4 bytes")
        return kind, content[at + 4 : at + 4 + size], at + 8
    if size > len(content) - at - 8:
        raise ValueError("ends within an array")
    padding = 0 if kind == _COMPRESSED else -size % 8  # compressed ones follow each other at once
    return kind, content[at + 8 : at + 8 + size], at + 8 + size + padding


def _inflated(body: bytes) -> bytes:
    inflator = zlib.decompressobj()
    try:
        content = inflator.decompress(body, _MAX_ELEMENT_BYTES + 1)
    except zlib.error as error:
        raise ValueError(f"damaged ({error})") from error
    if len(content) > _MAX_ELEMENT_BYTES:
        raise ValueError(f"a variable of more than {_MAX_ELEMENT_BYTES} bytes")
    return content


def _read_matrix(
    body: bytes, order: str, names: Collection[str]
) -> tuple[str, np.ndarray | OtherArray | None]:
    """Name of an array, and what it holds if it is wanted."""
    _, flag_bytes, at = _element(body, 0, order)
    _, dimension_bytes, at = _element(body, at, order)
    _, name_bytes, at = _element(body, at, order)
    if len(flag_bytes) < 4 or len(dimension_bytes) % 4:
        raise ValueError("an array without flags or dimensions")
    if len(dimension_bytes) > 4 * _MAX_DIMENSIONS:
        raise ValueError(f"an array of more than {_MAX_DIMENSIONS} dimensions")
    name = name_bytes.decode("latin-1")
    if name not in names:
        return name, None
    (flags,) = struct.unpack_from(order + "I", flag_bytes)
    kind = flags & 0xFF
    if kind not in _NUMERIC:
        return name, OtherArray(_KIND_OF_CLASS.get(kind, "unknown"))
    if flags & _COMPLEX_FLAG:
        return name, OtherArray("complex")
    stored, data, _ = _element(body, at, order)
    if stored not in _STORED:
        raise ValueError(f"'{name}' is stored as type {stored}, which is none of numbers")
    dtype = np.dtype(order + _STORED[stored])
    sizes = np.frombuffer(dimension_bytes, order + "i4").tolist()
    if len(data) % dtype.itemsize or len(data) // dtype.itemsize != math.prod(sizes):
        raise ValueError(f"'{name}' does not hold as many values as it says")
    return name, np.frombuffer(data, dtype).astype(_NUMERIC[kind])
