"""Arrays of an ``.npz`` under check."""

from __future__ import annotations

import struct
import tokenize
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from spe1_builder.dataset.findings import Place

#: name -> (dtype, shape); None stands for any length.
Arrays = Mapping[str, tuple[str, tuple[int | None, ...]]]

#: What numpy and zipfile raise on files that are something else, or cut, or mangled.
_NPZ_ERRORS = (
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


def read_arrays(path: Path, wanted: Arrays, found: Place) -> dict[str, np.ndarray]:
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
    except _NPZ_ERRORS as error:
        found.add("not an .npz archive that loads without pickle", got=error)
    return arrays
