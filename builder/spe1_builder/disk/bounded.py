"""Files that are read whole, held to a size before they are."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from spe1_builder.errors import MissingFileError, OutputError, Spe1Error


def read_bounded(
    path: Path, limit_bytes: int, what: str, error: type[Spe1Error] = OutputError
) -> bytes:
    """The bytes of a small file.

    A pipe is not waited for, a device not read, and a file beyond the limit not loaded.

    Parameters
    ----------
    path : Path
    limit_bytes : int
        More is no file of this kind.
    what : str
        What the file is, for the message.
    error : type, optional
        What is raised for a file that cannot be one.

    Raises
    ------
    MissingFileError
        There is nothing.
    Spe1Error
        Of the given class: no regular file, or too large.
    """
    path = Path(path)
    try:
        # Not blocking, as opening a pipe would wait for its writer.
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    except FileNotFoundError as cause:
        raise MissingFileError(
            f"There is no {path.name}.", where=path, do=f"put {what} there"
        ) from cause
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise error(
                f"{path.name} is no regular file.",
                where=path,
                expected=what,
                got="a folder" if stat.S_ISDIR(status.st_mode) else "a pipe or a device",
                do="put the file itself there",
            )
        if status.st_size > limit_bytes:
            raise error(
                f"{path.name} is far too large.",
                where=path,
                expected=f"{what}, at most {limit_bytes} bytes",
                got=f"{status.st_size} bytes",
                do="put the right file there",
            )
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            return file.read(limit_bytes + 1)[:limit_bytes]
    finally:
        os.close(descriptor)
