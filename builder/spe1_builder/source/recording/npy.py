"""A ``.npy`` file as the release has it: written by Python 2, and read without its parser.

``np.load`` warns of a header such as ``(5428L,)``, which ``python -W error`` turns into a
failure, and hands any header to Python's own parser. These have one form.

Format: NumPy Enhancement Proposal 1.
"""

from __future__ import annotations

import math
import re
import struct
from pathlib import Path

import numpy as np

from spe1_builder.disk.bounded import read_bounded
from spe1_builder.errors import RawDataError, Spe1Error

_MAGIC = b"\x93NUMPY"
#: A header of one plain array has about 70 to 120 bytes.
_MAX_HEADER_BYTES = 1000
_MAX_DIMENSIONS = 32
_HEADER = re.compile(
    r"\s*\{\s*'descr':\s*'(?P<descr>[<>|=]?[a-zA-Z]\d{0,9})',"
    r"\s*'fortran_order':\s*(?P<fortran>True|False),"
    r"\s*'shape':\s*\((?P<shape>[\dL, ]*)\),?\s*\}\s*"
)


def read_npy(
    path: Path, limit_bytes: int, what: str, error: type[Spe1Error] = RawDataError
) -> np.ndarray:
    """The array of a ``.npy`` file, of version 1 to 3, without pickled objects.

    Parameters
    ----------
    path : Path
    limit_bytes : int
        The largest size that the file can have.
    what : str
        What it is, as the subject of a sentence.
    error : type, optional
        Class of the error that a file of another kind or size raises.

    Raises
    ------
    ValueError
        The file is no such array, or is cut short.
    MissingFileError
        No such file.
    Spe1Error
        Of the class ``error``: no regular file, or too large.
    """
    return parse_npy(read_bounded(path, limit_bytes, what, error=error))


def parse_npy(content: bytes) -> np.ndarray:
    """The array of a ``.npy`` file's bytes; see `read_npy`."""
    if content[: len(_MAGIC)] != _MAGIC:
        raise ValueError("no .npy file: its mark is missing")
    if len(content) < 12 or content[6] not in (1, 2, 3):
        raise ValueError("a .npy file of an unknown version")
    form, start = ("<H", 10) if content[6] == 1 else ("<I", 12)
    (header_bytes,) = struct.unpack_from(form, content, 8)
    if header_bytes > _MAX_HEADER_BYTES:
        raise ValueError(f"a header of {header_bytes} bytes")
    header = content[start : start + header_bytes].decode("latin-1")
    read = _HEADER.fullmatch(header)
    if read is None:
        raise ValueError(f"a header that is none of a plain array: {header.strip()[:80]!r}")
    sizes = [size.strip().removesuffix("L") for size in read["shape"].split(",") if size.strip()]
    if len(sizes) > _MAX_DIMENSIONS or not all(re.fullmatch(r"\d{1,18}", size) for size in sizes):
        raise ValueError(f"a shape that is none: ({read['shape']})")
    shape = tuple(map(int, sizes))
    try:
        dtype = np.dtype(read["descr"])
    except TypeError as cause:
        raise ValueError(f"an unknown type {read['descr']!r}") from cause
    if dtype.hasobject:
        raise ValueError("pickled objects, which are never loaded")
    data = content[start + header_bytes :]
    if len(data) != math.prod(shape) * dtype.itemsize:
        raise ValueError(f"{len(data)} bytes of data for a shape of {shape} and type {dtype}")
    if not dtype.itemsize:
        raise ValueError("values of no size")
    values = np.frombuffer(data, dtype)
    if read["fortran"] == "True":
        return values.reshape(shape[::-1]).T
    return values.reshape(shape)
