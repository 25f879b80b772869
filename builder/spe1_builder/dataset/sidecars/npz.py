"""Arrays of an ``.npz`` under check."""

from __future__ import annotations

import struct
import tokenize
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from spe1_builder.dataset.findings import Place
from spe1_builder.errors import LoginError, MissingFileError, ServerError

#: name -> (dtype, shape); None stands for any length.
Arrays = Mapping[str, tuple[str, tuple[int | None, ...]]]


class Openable(Protocol):
    """A path, or a file elsewhere: what can be opened, and has a name."""

    @property
    def name(self) -> str: ...

    def open(self, mode: str) -> Any:
        """The file, as a context that closes it; it can be read and sought in."""


#: What numpy and zipfile raise on files that are something else, or cut, or mangled.
NPZ_ERRORS = (
    OSError,
    ValueError,
    LookupError,
    EOFError,
    TypeError,
    OverflowError,
    MemoryError,
    RuntimeError,
    SyntaxError,
    tokenize.TokenError,
    struct.error,
    zipfile.BadZipFile,
    zlib.error,
)

#: Of a member of an archive, before its name.
_ZIP_HEADER_BYTES = 30


def read_arrays(path: Openable, wanted: Arrays, found: Place) -> dict[str, np.ndarray]:
    """Arrays of an ``.npz``, those of the wanted dtype and shape; findings for the others."""
    arrays = {}
    try:
        # Opened here, because np.load leaves a file open that is no archive.
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            found.equal("keys", sorted(wanted), sorted(archive.files))
            for name in [name for name in wanted if name in archive.files]:
                array = archive[name]
                if not isinstance(array, np.ndarray):  # a member without numpy's magic is bytes
                    found.add(f"{name} is no numpy array")
                    continue
                dtype, shape = wanted[name]
                is_kind = array.dtype.kind == "U" if dtype == "str" else array.dtype == dtype
                fits = len(array.shape) == len(shape) and all(
                    length in (None, got) for length, got in zip(shape, array.shape, strict=True)
                )
                if is_kind and fits:
                    arrays[name] = array
                else:
                    found.add(
                        f"dtype and shape of {name}",
                        expected=f"{dtype} {str(shape).replace('None', 'n')}",
                        got=f"{array.dtype} {array.shape}",
                    )
    except (MissingFileError, LoginError, ServerError):
        raise  # of a file elsewhere: nothing is known of what is in it
    except NPZ_ERRORS as error:
        found.add("not an .npz archive that loads without pickle", got=error)
    return arrays


def map_array(path: Path, name: str, dtype: str, shape: tuple[int | None, ...]) -> np.ndarray:
    """An array of an ``.npz`` where it lies, mapped: only what is looked at is read.

    Parameters
    ----------
    path : Path
        As this package writes them, without compression.
    name : str
    dtype, shape : str, tuple
        As in `Arrays`; one dimension.

    Returns
    -------
    np.ndarray
        (n,), read-only.

    Raises
    ------
    NPZ_ERRORS
        The file is something else, or damaged. Its checksums are not looked at.
    """
    with path.open("rb") as file, zipfile.ZipFile(file) as archive:
        member = archive.getinfo(f"{name}.npy")
        with archive.open(member) as stream:
            form = np.lib.format.read_magic(stream)
            length, _, found = np.lib.format.read_array_header_1_0(stream)
            n_header = stream.tell()
        if member.compress_type != zipfile.ZIP_STORED or form != (1, 0):
            raise ValueError("it is compressed, or of another form")
        if found != np.dtype(dtype) or len(length) != len(shape):
            raise ValueError(f"{found} {length} instead of {dtype}")
        file.seek(member.header_offset + _ZIP_HEADER_BYTES - 4)
        n_name, n_extra = struct.unpack("<HH", file.read(4))
    n_before = member.header_offset + _ZIP_HEADER_BYTES + n_name + n_extra + n_header
    if not length[0]:
        return np.empty(0, found)
    return np.asarray(np.memmap(path, found, "r", n_before, length))
