"""Arrays in npz and npy files, read within bounds that are known before a parser sees a byte.

They may come from anywhere. Nothing in them is unpickled, and what they declare of themselves
is held against their size before memory is taken for it.
"""

from __future__ import annotations

import io
import lzma
import math
import struct
import tokenize
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Literal

import numpy as np

from spe1_builder.disk.bounded import read_bounded
from spe1_builder.errors import MissingFileError, Spe1Error

#: An npz has a handful of arrays, or one for each unit.
_MOST_MEMBERS = 1000
#: Of an array's header, which is Python's syntax; numpy's own bound.
_MOST_HEADER_BYTES = 10_000
_LAST_CHARACTER = 0x10FFFF
#: What a damaged zip file or array raises.
_TROUBLE = (
    ValueError,
    OSError,
    EOFError,
    KeyError,
    RuntimeError,  # an encrypted member; NotImplementedError, an unknown compression
    MemoryError,
    SyntaxError,
    tokenize.TokenError,  # of a header, from numpy's second try
    TypeError,
    ArithmeticError,
    struct.error,
    zlib.error,
    lzma.LZMAError,
    zipfile.BadZipFile,
)


def npz_names(path: Path, *, error: type[Spe1Error], do: str) -> list[str]:
    """Names of the arrays of an npz file; of none is more read than its place in the file.

    Raises
    ------
    MissingFileError
        There is no such file.
    Spe1Error
        Of the class ``error``: it is no npz file.
    """
    with _opened(path, "arrays", error, do) as file:
        return [name.removesuffix(".npy") for name in file.namelist()]


def read_npz(
    path: Path, names: Sequence[str], most_bytes: int, *, error: type[Spe1Error], do: str
) -> dict[str, np.ndarray]:
    """Arrays of an npz file, by name.

    Parameters
    ----------
    path : Path
    names : sequence of str
    most_bytes : int
        That they may have together, by what the file declares.
    error : type
        Class of the error that a file of another kind or size raises.
    do : str
        What the user can do about that.

    Returns
    -------
    dict of str to np.ndarray
        None of them holds Python objects.

    Raises
    ------
    MissingFileError
        There is no such file.
    Spe1Error
        Of the class ``error``: it is no npz file, lacks one of the arrays, or they are larger
        than that.
    """
    with _opened(path, f"arrays {', '.join(names)}", error, do) as file:
        _require_bounds(file, names, most_bytes)
        return {name: _read_array(file, f"{name}.npy") for name in names}


def read_npy(path: Path, most_bytes: int, *, error: type[Spe1Error], do: str) -> np.ndarray:
    """The array of an npy file, whose values may have fields.

    Parameters, exceptions as `read_npz`.
    """
    content = read_bounded(path, most_bytes, path.name, error=error, do=do)
    try:
        return _read_values(io.BytesIO(content), path.name, len(content))
    except _TROUBLE as cause:
        raise _unreadable(path, "one array of numbers", cause, error, do) from cause


@contextmanager
def _opened(
    path: Path, expected: str, error: type[Spe1Error], do: str
) -> Iterator[zipfile.ZipFile]:
    # A pipe in the place of a file would be waited for.
    if not path.is_file():
        raise MissingFileError(f"{path.name} is missing.", where=path, do=do)
    try:
        with zipfile.ZipFile(path) as file:
            if len(file.infolist()) > _MOST_MEMBERS:
                raise ValueError(f"{len(file.infolist())} arrays")
            yield file
    except _TROUBLE as cause:
        raise _unreadable(path, expected, cause, error, do) from cause


def _unreadable(
    path: Path, expected: str, cause: BaseException, error: type[Spe1Error], do: str
) -> Spe1Error:
    return error(
        f"{path.name} cannot be read.",
        where=path,
        expected=expected,
        got=str(cause) or type(cause).__name__,
        do=do,
    )


def _require_bounds(file: zipfile.ZipFile, names: Sequence[str], most_bytes: int) -> None:
    n_bytes = sum(file.getinfo(f"{name}.npy").file_size for name in names)
    if n_bytes > most_bytes:
        raise ValueError(f"{n_bytes} bytes are declared, {most_bytes} are possible")


def _read_array(file: zipfile.ZipFile, member: str) -> np.ndarray:
    """One array, whose shape and type must account for the member's size."""
    with file.open(member) as stream:
        return _read_values(stream, member, file.getinfo(member).file_size)


def _read_values(stream: IO[bytes], name: str, file_bytes: int) -> np.ndarray:
    shape, is_fortran, dtype = _read_header(stream)
    n_bytes = math.prod(shape) * dtype.itemsize
    # One byte more than there should be tells of what is left over.
    content = stream.read(n_bytes + 1) if n_bytes <= file_bytes else b""
    if len(content) != n_bytes:
        raise ValueError(f"{name} declares {n_bytes} bytes of values, and has others")
    order: Literal["C", "F"] = "F" if is_fortran else "C"
    values = np.frombuffer(content, dtype).reshape(shape, order=order).copy(order="C")
    require_text(values)
    return values


def require_text(values: np.ndarray) -> None:
    """Refuse text of characters that there are not: reading one is a `SystemError`.

    Raises
    ------
    ValueError
    """
    if values.dtype.kind == "U" and values.size:
        codes = np.ascontiguousarray(values).reshape(-1).view(values.dtype.byteorder + "u4")
        if int(codes.max()) > _LAST_CHARACTER:
            raise ValueError("it holds text of characters that there are not")


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
