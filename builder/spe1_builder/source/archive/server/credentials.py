"""The user's CRCNS account: from the environment, ``~/.netrc``, or a prompt."""

from __future__ import annotations

import netrc
import os
import stat
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from spe1_builder.errors import LoginError

USERNAME_VARIABLE, PASSWORD_VARIABLE = "CRCNS_USERNAME", "CRCNS_PASSWORD"
#: Names under which an account may stand in ``~/.netrc``, after the server's own.
NETRC_MACHINES = ("crcns.org",)
#: No list of accounts is longer; what is, is another file.
_NETRC_BYTES = 1_000_000
_HOW = (
    f"set {USERNAME_VARIABLE} and {PASSWORD_VARIABLE}, or put 'machine crcns.org login NAME "
    "password PASSWORD' into ~/.netrc (chmod 600); a free account: https://crcns.org/register"
)


@dataclass(frozen=True)
class Credentials:
    """A name and a password; neither shows in any representation."""

    username: str = field(repr=False)
    password: str = field(repr=False)


def find_credentials(
    hosts: Sequence[str] = (), prompt: Callable[[], Credentials] | None = None
) -> Credentials:
    """The account to log in with.

    Parameters
    ----------
    hosts : sequence of str
        The server's names, looked up in ``~/.netrc`` before "crcns.org".
    prompt : callable, optional
        Asks a person; called when nothing else has an account.

    Raises
    ------
    LoginError
        There is none, half of one, or ``~/.netrc`` cannot be read.
    """
    found = _from_environment() or _from_netrc([*hosts, *NETRC_MACHINES])
    if found is None and prompt is not None:
        found = prompt()
    if found is None or not (found.username and found.password):
        raise LoginError(
            "The archive asks for a login, and there is no account to log in with.",
            where="the environment and ~/.netrc",
            expected="a user name and a password",
            do=_HOW,
        )
    return found


def has_credentials(hosts: Sequence[str] = ()) -> bool:
    """Whether an account is there without asking anybody.

    Raises
    ------
    LoginError
        Half of one, or an unreadable ``~/.netrc``.
    """
    return (_from_environment() or _from_netrc([*hosts, *NETRC_MACHINES])) is not None


def _from_environment() -> Credentials | None:
    username, password = os.environ.get(USERNAME_VARIABLE), os.environ.get(PASSWORD_VARIABLE)
    if not username and not password:
        return None
    if not username or not password:
        missing = PASSWORD_VARIABLE if username else USERNAME_VARIABLE
        raise LoginError(
            f"{missing} is not set, but its companion is.",
            where="the environment",
            expected=f"both {USERNAME_VARIABLE} and {PASSWORD_VARIABLE}, or neither",
            do=f"set {missing} too, or unset both to use ~/.netrc",
        )
    return Credentials(username, password)


def _from_netrc(machines: Sequence[str]) -> Credentials | None:
    path = Path.home() / ".netrc"
    line: int | None = None
    try:
        if not stat.S_ISREG(path.stat().st_mode) or path.stat().st_size > _NETRC_BYTES:
            raise OSError
        entries = netrc.netrc(str(path)).hosts
    except FileNotFoundError:
        return None
    except netrc.NetrcParseError as error:
        # Its message quotes the file, and that may be the password.
        line = error.lineno
    except (OSError, ValueError, RecursionError):
        line = 0
    else:
        for machine in machines:
            if machine in entries:
                _refuse_shared(path)
                login, _, password = entries[machine]
                return Credentials(login or "", password or "")
        return None
    raise LoginError(
        "~/.netrc cannot be read.",
        where=f"{path}, line {line}" if line else path,
        expected="'machine crcns.org login NAME password PASSWORD', readable by you alone",
        do=f"mend that line and 'chmod 600 ~/.netrc', or set {USERNAME_VARIABLE} and "
        f"{PASSWORD_VARIABLE}",
    )


def _refuse_shared(path: Path) -> None:
    """A password that others can read, or have put there, is no secret of this user.

    Raises
    ------
    LoginError
    """
    if os.name != "posix":
        return
    found = path.stat()
    mode = stat.S_IMODE(found.st_mode)
    is_own = found.st_uid in (os.geteuid(), 0)
    if is_own and not mode & (stat.S_IRWXG | stat.S_IRWXO):
        return
    raise LoginError(
        "~/.netrc is open to others, and it holds the password.",
        where=path,
        expected="a file of this user that nobody else can read (mode 600)",
        got=f"mode {mode:o}" if is_own else f"a file of the user with the number {found.st_uid}",
        do=f"chmod 600 ~/.netrc, as its owner; or set {USERNAME_VARIABLE} and {PASSWORD_VARIABLE}",
    )
