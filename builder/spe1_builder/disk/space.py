"""How many bytes are free, and whether they suffice."""

from __future__ import annotations

import shutil
from pathlib import Path

from spe1_builder.errors import SpaceError

#: Bytes that must remain, so that no work fills the disk to the last one.
SPARE_BYTES = 200_000_000


def require_space(folder: Path, n_bytes: int, what: str, *, do: str) -> int:
    """Free bytes of the disk, if they suffice.

    Raises
    ------
    SpaceError
        Less than ``n_bytes`` and a little are free.
    """
    free = shutil.disk_usage(folder).free
    if free < n_bytes + SPARE_BYTES:
        raise SpaceError(
            f"Too little room for {what}.",
            where=folder.resolve(),
            expected=f"{(n_bytes + SPARE_BYTES) / 1e9:.2f} GB free",
            got=f"{free / 1e9:.2f} GB",
            do=do,
        )
    return free
