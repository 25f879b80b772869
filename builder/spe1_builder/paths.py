"""Places as people write them, resolved in one way for every command and function."""

from __future__ import annotations

import re
from pathlib import Path

from spe1_builder.errors import OptionError

#: ``s3://``, ``hf://`` and the like; of one letter it is a drive. A `Path` has lost a slash.
_REMOTE = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):/")


def local_path(value: str | Path, what: str) -> Path:
    """A folder or file of this machine, as it was named.

    ``~`` and ``~user`` at the start become the home folder. All other characters mean
    themselves; a relative path stays relative, and links stay links.

    Parameters
    ----------
    value : str or Path
    what : str
        The option or parameter, for the error.

    Returns
    -------
    Path

    Raises
    ------
    OptionError
        It is empty, remote, or no path.

    Examples
    --------
    >>> local_path("data/spe 1", "root")
    PosixPath('data/spe 1')
    """
    if not isinstance(value, str | Path):
        raise OptionError(
            f"{what} is no path.",
            where=what,
            expected="str or Path",
            got=f"{value!r:.200} ({type(value).__name__})",
            do="give the path of a folder or file on this machine",
        )
    text = str(value)
    is_remote = _REMOTE.match(text)
    if is_remote is not None and (isinstance(value, Path) or "://" in text):
        scheme = is_remote[1]
        raise OptionError(
            f"{what} is a place elsewhere; only this machine's folders are read and written.",
            where=what,
            expected="a folder or file of this machine",
            got=text if "://" in text else text.replace(":/", "://", 1),
            do="leave file:// out"
            if scheme == "file"
            else "use a folder here, and upload it when it is built (hf upload, aws s3 sync, "
            "rclone); or mount the remote one",
        )
    if not text or (isinstance(value, str) and not text.strip()):
        raise OptionError(
            f"{what} is empty.",
            where=what,
            expected="a folder or file",
            got=repr(text),
            do="name one; '.' is the folder you are in (an unset variable is empty, too)",
        )
    if "\0" in text:
        raise OptionError(
            f"{what} holds a character that no path can have.",
            where=what,
            got=repr(text),
            do="leave the NUL character out",
        )
    try:
        return Path(value).expanduser()
    except RuntimeError as error:
        raise OptionError(
            f"{what} begins with a home folder that is not known.",
            where=what,
            got=text,
            do="write the folder out; or ./~name for a folder of that name",
        ) from error
