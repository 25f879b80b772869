"""Small files of a cell, read within bounds that are known before a parser sees a byte.

A cell may come from anywhere. Nothing in it is unpickled, and what a file declares of
itself is held against its size before memory is taken for it.
"""

from __future__ import annotations

import io
import json
import lzma
import math
import struct
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any, Literal

import numpy as np

from spe1_builder.disk.bounded import read_bounded
from spe1_builder.errors import MissingFileError, OutputError

#: Ours have some 10 kB; a list of every channel and file does not make a MB.
MOST_JSON_BYTES = 8_000_000
#: An npz has a handful of arrays.
_MOST_MEMBERS = 1000
#: Of an array's header, which is Python's syntax; numpy's own bound.
_MOST_HEADER_BYTES = 10_000
_REBUILD = "build the cell again (spe1 build --force), or fetch the file again"
#: What a damaged zip file or array raises.
_TROUBLE = (
    ValueError,
    OSError,
    EOFError,
    KeyError,
    RuntimeError,  # an encrypted member; NotImplementedError, an unknown compression
    MemoryError,
    SyntaxError,
    TypeError,
    ArithmeticError,
    struct.error,
    zlib.error,
    lzma.LZMAError,
    zipfile.BadZipFile,
)


def read_json(path: Path) -> tuple[bytes, Any]:
    """A JSON file: its bytes and its values.

    Raises
    ------
    MissingFileError
        There is no such file.
    OutputError
        It is larger than `MOST_JSON_BYTES`, no JSON, or nested without end.
    """
    content = read_bounded(path, MOST_JSON_BYTES, path.name, error=OutputError, do=_REBUILD)
    try:
        return content, json.loads(content)
    except RecursionError as error:
        raise OutputError(f"{path.name} is nested too deeply.", where=path, do=_REBUILD) from error
    except ValueError as error:
        raise OutputError(f"{path.name} is no JSON.", where=path, got=error, do=_REBUILD) from error


def read_arrays(path: Path, names: Sequence[str], most_bytes: int) -> dict[str, np.ndarray]:
    """Arrays of an npz file, by name.

    Parameters
    ----------
    path : Path
    names : sequence of str
    most_bytes : int
        That they may have together, by what the file declares.

    Returns
    -------
    dict of str to np.ndarray
        None of them holds Python objects.

    Raises
    ------
    MissingFileError
        There is no such file.
    OutputError
        It is no npz file, lacks one of the arrays, or they are larger than that.
    """
    _require_file(path)
    try:
        with zipfile.ZipFile(path) as file:
            _require_bounds(file, names, most_bytes)
            return {name: _read_array(file, f"{name}.npy") for name in names}
    except _TROUBLE as error:
        raise OutputError(
            f"{path.name} cannot be read.",
            where=path,
            expected=f"arrays {', '.join(names)}",
            got=str(error) or type(error).__name__,
            do=_REBUILD,
        ) from error


def _require_file(path: Path) -> None:
    # A pipe in the place of a file would be waited for.
    if not path.is_file():
        raise MissingFileError(f"{path.name} is missing.", where=path, do=_REBUILD)


def _require_bounds(file: zipfile.ZipFile, names: Sequence[str], most_bytes: int) -> None:
    if len(file.infolist()) > _MOST_MEMBERS:
        raise ValueError(f"{len(file.infolist())} arrays")
    n_bytes = sum(file.getinfo(f"{name}.npy").file_size for name in names)
    if n_bytes > most_bytes:
        raise ValueError(f"{n_bytes} bytes are declared, {most_bytes} are possible")


def _read_array(file: zipfile.ZipFile, member: str) -> np.ndarray:
    """One array, whose shape and type must account for the member's size."""
    with file.open(member) as stream:
        shape, is_fortran, dtype = _read_header(stream)
        n_bytes = math.prod(shape) * dtype.itemsize
        # One byte more than there should be tells of what is left over.
        content = stream.read(n_bytes + 1) if n_bytes <= file.getinfo(member).file_size else b""
    if len(content) != n_bytes:
        raise ValueError(f"{member} declares {n_bytes} bytes of values, and has others")
    order: Literal["C", "F"] = "F" if is_fortran else "C"
    return np.frombuffer(content, dtype).reshape(shape, order=order).copy(order="C")


def _read_header(stream: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Shape, order and type of an array."""
    version = np.lib.format.read_magic(stream)
    if version not in ((1, 0), (2, 0)):
        raise ValueError(f"an array of version {version}")
    length = stream.read(2 if version == (1, 0) else 4)
    n_header = int.from_bytes(length, "little")
    if n_header > _MOST_HEADER_BYTES:
        raise ValueError(f"an array's header of {n_header} bytes")
    header = io.BytesIO(length + stream.read(n_header))
    read = (
        np.lib.format.read_array_header_1_0
        if version == (1, 0)
        else np.lib.format.read_array_header_2_0
    )
    shape, is_fortran, dtype = read(header)
    if dtype.hasobject:
        raise ValueError("it holds Python objects")
    if any(length < 0 for length in shape):
        raise ValueError(f"a shape of {shape}")
    return shape, is_fortran, dtype
