"""Pages of mapped files, given back when they have been read."""

from __future__ import annotations

import ctypes
import mmap
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np


@cache
def _madvise() -> Any:
    """``madvise`` of the C library; None where there is none."""
    function = getattr(ctypes.CDLL(None), "madvise", None)
    if function is not None:
        function.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
    return function


def release_pages(mapped: np.ndarray) -> None:
    """Take the pages of a read-only mapped array out of this process's memory.

    The array stays as it is: what is read again comes from the system's cache, or the disk.
    Advice only: where the system does not take it, nothing changes.

    Parameters
    ----------
    mapped : np.ndarray
        A contiguous view of a file that is mapped for reading. Of memory that was written to,
        the values would be lost.
    """
    advise = _madvise()
    if advise is None or not hasattr(mmap, "MADV_DONTNEED"):
        return
    if mapped.flags.writeable or not mapped.flags.c_contiguous:
        raise ValueError("only a contiguous read-only view of a file can be given back")
    first = mapped.__array_interface__["data"][0]
    # Whole pages only: those at the ends may be of a neighbour.
    begin = -(-first // mmap.PAGESIZE) * mmap.PAGESIZE
    end = (first + mapped.nbytes) // mmap.PAGESIZE * mmap.PAGESIZE
    if end > begin:
        advise(begin, end - begin, mmap.MADV_DONTNEED)
