"""An HDF5 file from outside: opened, and its arrays read within bounds."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from spe1_builder.errors import MissingPackageError, SortingError
from spe1_builder.reading.sortings.found import EXPORT_AGAIN, MOST_BYTES

MARK = b"\x89HDF\r\n\x1a\n"
#: What h5py raises of a damaged file.
_TROUBLE = (OSError, KeyError, ValueError, TypeError, RuntimeError, MemoryError, OverflowError)


@contextmanager
def opened(path: Path) -> Iterator[Any]:
    """The file as h5py has it; what it raises inside becomes an error of ours.

    Raises
    ------
    MissingPackageError
        h5py is not installed.
    SortingError
        The file is damaged, or not what is looked for in it.
    """
    try:
        import h5py
    except ImportError as error:
        raise MissingPackageError(
            "HDF5 files are read by h5py, which is not installed.",
            where=path,
            do="pip install 'spe1[nwb]'",
        ) from error
    try:
        with h5py.File(path, "r") as file:
            yield file
    except SortingError:
        raise
    except _TROUBLE as error:
        raise SortingError(
            f"{path.name} cannot be read as HDF5.", where=path, got=error, do=EXPORT_AGAIN
        ) from error


def array(file: Any, name: str, where: Path, most_bytes: int = MOST_BYTES) -> np.ndarray:
    """A dataset of the file as an array of numbers or names.

    Raises
    ------
    SortingError
        It is not there, too large, or lies in another file.
    """
    dataset = require(file, name, where)
    n_bytes = int(np.prod(dataset.shape, dtype=float)) * dataset.dtype.itemsize
    if n_bytes > most_bytes or (dataset.chunks and _chunk_bytes(dataset) > most_bytes):
        raise SortingError(
            f"{name} is far larger than such an array can be.",
            where=where,
            expected=f"at most {most_bytes} bytes",
            got=f"{n_bytes} bytes are declared",
            do=EXPORT_AGAIN,
        )
    values: np.ndarray = np.asarray(dataset[()])
    return values


def require(file: Any, name: str, where: Path) -> Any:
    """A dataset of the file, of which nothing is read.

    Raises
    ------
    SortingError
        It is not there, or lies in another file.
    """
    import h5py

    node = inside(file, name)
    if not isinstance(node, h5py.Dataset):
        raise SortingError(
            f"The file has no dataset {name}.",
            where=where,
            got=", ".join(sorted(map(str, file))[:20]),
            do="name the datasets by the options of kind='hdf5'; or " + EXPORT_AGAIN,
        )
    # A file from outside does not choose which other files are read.
    if node.external or node.is_virtual:
        raise SortingError(
            f"The values of {name} lie in another file.",
            where=where,
            do="export the sorting into one file",
        )
    return node


def inside(file: Any, name: str) -> Any:
    """What stands under a name in this very file, or None; links to other files do not count."""
    import h5py

    node = file
    for part in name.strip("/").split("/"):
        is_group = isinstance(node, h5py.Group)
        if not is_group or isinstance(node.get(part, getlink=True), h5py.ExternalLink):
            return None
        node = node.get(part)
    return node


def _chunk_bytes(dataset: Any) -> float:
    return float(np.prod(dataset.chunks, dtype=float)) * int(dataset.dtype.itemsize)
