"""One place that makes a path of what a user gives for one."""

from __future__ import annotations

import re
from pathlib import Path

from spe1_builder.errors import OptionError

#: ``s3://bucket``; as a `Path` it has one slash left. One letter is a drive of Windows.
_REMOTE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:/")


def local_path(value: str | Path, what: str) -> Path:
    """A path on this machine: ``~`` becomes the home folder, a relative one stays relative.

    Parameters
    ----------
    value : str or Path
    what : str
        What it is a path of, for the error: "the dataset root".

    Returns
    -------
    Path

    Raises
    ------
    OptionError
        It is no path, or one of another machine.
    """
    if not isinstance(value, str | Path):
        raise OptionError(
            f"This is no path: {what}.",
            where=what,
            expected="str or Path",
            got=f"{value!r:.200} ({type(value).__name__})",
            do="give the path of a folder or file on this machine",
        )
    text = str(value)
    if not text or "\0" in text:
        raise OptionError(
            f"This is no path: {what}.",
            where=what,
            expected="the path of a folder or file; '.' is the current folder",
            got=repr(text),
            do="give the path; an empty one often comes from a variable that is not set",
        )
    if _REMOTE.match(text):
        raise OptionError(
            f"This is not on this machine: {what}.",
            where=what,
            expected="a path on this machine",
            got=text,
            do="copy it here first, or mount it and give the path of the mount",
        )
    try:
        return Path(text).expanduser()
    except RuntimeError as error:  # no such user, or no home
        raise OptionError(
            f"The home folder in this path is not known: {what}.",
            where=what,
            got=text,
            do="write the path out",
        ) from error
