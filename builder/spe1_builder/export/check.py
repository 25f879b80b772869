"""What was written, held to what was meant."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from spe1_builder.errors import OutputError

_AGAIN = "export again; if it happens again, the disk loses data"


def require_same_traces(path: Path, written: str, read: str) -> None:
    """Refuse traces that are read back with another hash.

    Raises
    ------
    OutputError
    """
    if written != read:
        raise OutputError(
            "The traces that were written are read back differently.",
            where=path,
            expected=f"XXH3 {written}",
            got=read,
            do=_AGAIN,
        )


def require_same_spikes(path: Path, written: np.ndarray, read: np.ndarray) -> None:
    """Refuse spikes that are read back as other samples.

    Raises
    ------
    OutputError
    """
    if not np.array_equal(written, read):
        raise OutputError(
            "The spikes that were written are read back differently.",
            where=path,
            expected=f"{len(written)} spikes",
            got=f"{len(read)}, not the same samples",
            do=_AGAIN,
        )
