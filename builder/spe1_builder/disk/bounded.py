"""A small file read whole, once it is known to be a small file."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from spe1_builder.errors import MissingFileError, RawDataError, Spe1Error


def read_bounded(
    path: Path,
    limit_bytes: int,
    what: str,
    *,
    error: type[Spe1Error] = RawDataError,
    do: str = "fetch the file again",
) -> bytes:
    """The content of a file that is a regular one and no larger than it can be.

    Kind and size are looked at before anything is read: a pipe would wait for ever, and a
    sparse file of 6 GB fills the memory.

    Parameters
    ----------
    path : Path
        A link is followed.
    limit_bytes : int
        The largest size that the file can have.
    what : str
        What it is, as the subject of a sentence: "The channel map".
    error : type, optional
        Class of the error that a file of another kind or size raises.
    do : str, optional
        What the user can do about that.

    Returns
    -------
    bytes

    Raises
    ------
    MissingFileError
        No such file.
    Spe1Error
        Of the class ``error``: no regular file, or too large.
    """
    # Without O_NONBLOCK the opening of a pipe waits for a writer.
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    try:
        _require_regular(path.stat().st_mode, path, what, error, do)
        descriptor = os.open(path, flags)
    except FileNotFoundError as cause:
        raise MissingFileError(f"{what} is missing.", where=path, do=do) from cause
    with os.fdopen(descriptor, "rb") as file:
        found = os.fstat(descriptor)
        _require_regular(found.st_mode, path, what, error, do)
        # A file may grow while it is read: one byte more than the limit is asked for.
        content = b"" if found.st_size > limit_bytes else file.read(limit_bytes + 1)
    if max(found.st_size, len(content)) > limit_bytes:
        raise error(
            f"{what} is far larger than such a file can be.",
            where=path,
            expected=f"at most {limit_bytes} bytes",
            got=f"{found.st_size} bytes",
            do=do,
        )
    return content


def _require_regular(mode: int, path: Path, what: str, error: type[Spe1Error], do: str) -> None:
    if not stat.S_ISREG(mode):
        raise error(
            f"{what} is no regular file.", where=path, expected="a file", got=_kind(mode), do=do
        )


def _kind(mode: int) -> str:
    for is_kind, name in (
        (stat.S_ISDIR, "a folder"),
        (stat.S_ISFIFO, "a pipe"),
        (stat.S_ISSOCK, "a socket"),
    ):
        if is_kind(mode):
            return name
    return "a device"
