"""Whether there is memory for what is to be done, asked before it begins."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from spe1_builder.errors import MemoryShortError

_DO = "give the process more (ulimit -v, the job's limit), or work on another machine"


def require_address_space(n_bytes: int, what: str) -> None:
    """Refuse work under a limit that the compiled libraries do not bear.

    Loading them under a tight limit of address space does not always fail: OpenBLAS tries
    again for ever (0.3, seen at 1.0 GB).

    Raises
    ------
    MemoryShortError
    """
    try:
        import resource
    except ImportError:  # not on this system, and so no such limit
        return
    limit = resource.getrlimit(resource.RLIMIT_AS)[0]
    if limit != resource.RLIM_INFINITY and limit < n_bytes:
        raise MemoryShortError(
            f"The process may use too little memory for {what}.",
            expected=f"{n_bytes / 1e9:.1f} GB of address space",
            got=f"{limit / 1e9:.2f} GB",
            do=_DO,
        )


@contextmanager
def memory_errors(what: str) -> Iterator[None]:
    """Memory that runs out, as an error of ours; it says nothing of any file."""
    try:
        yield
    except MemoryError as error:
        raise _short(what) from error
    except OSError as error:
        if error.errno != errno.ENOMEM:
            raise
        raise _short(what) from error


def _short(what: str) -> MemoryShortError:
    return MemoryShortError(f"There is too little memory for {what}.", do=_DO)
