"""Trying again: what may pass by itself, how long to wait, and when to give up."""

from __future__ import annotations

import email.utils
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar

from spe1_builder.errors import SessionError, Spe1Error
from spe1_builder.progress import Progress

T = TypeVar("T")
#: Logins in a row that may bring no byte before the session counts as lost.
_MOST_LOGINS = 3


class Interrupted(Exception):
    """A failure that may pass by itself.

    Parameters
    ----------
    error : Spe1Error
        What to raise if it does not.
    reason : str
        In a few words, for the note between two tries.
    retry_after_s : float, optional
        As long as the server asks to wait.
    """

    def __init__(self, error: Spe1Error, reason: str, retry_after_s: float | None = None):
        super().__init__(reason)
        self.error, self.reason, self.retry_after_s = error, reason, retry_after_s


class LoggedOut(Exception):
    """The server wants a (new) login."""


@dataclass(frozen=True)
class Patience:
    """How failures are met.

    Attributes
    ----------
    attempts : int
        Failures in a row, without a byte gained, before giving up. The default waits
        sum up to 25 minutes.
    first_wait_s, longest_wait_s : float
        The wait doubles from the one to the other; 50 to 100 % of it is taken, so that
        many clients do not come back at once.
    longest_retry_after_s : float
        More than this a server's Retry-After is not obeyed.
    seed : int
        Of the part that is left to chance.
    sleep : callable
        Takes seconds.
    """

    attempts: int = 12
    first_wait_s: float = 1.0
    longest_wait_s: float = 300.0
    longest_retry_after_s: float = 3600.0
    seed: int = 0
    sleep: Callable[[float], None] = time.sleep

    def wait_s(self, failures: int, retry_after_s: float | None, rng: random.Random) -> float:
        """Seconds to wait after this many failures in a row (1 or more)."""
        doubled = self.first_wait_s * 2.0 ** min(failures - 1, 60)
        backoff_s = min(doubled, self.longest_wait_s) * rng.uniform(0.5, 1.0)
        return max(backoff_s, min(retry_after_s or 0.0, self.longest_retry_after_s))


def parse_retry_after_s(value: str | None, now: datetime | None = None) -> float | None:
    """Seconds of a Retry-After header, which holds seconds or a date; None if neither."""
    if value is None:
        return None
    if value.strip().isdecimal():
        return float(value)
    try:
        then = email.utils.parsedate_to_datetime(value)
    except ValueError:
        return None
    then = then if then.tzinfo else then.replace(tzinfo=UTC)
    return max(0.0, (then - (now or datetime.now(UTC))).total_seconds())


def insist(
    action: Callable[[], T],
    login: Callable[[], None] | None,
    patience: Patience,
    progress: Progress,
    mark: Callable[[], int] = lambda: 0,
) -> T:
    """Repeat ``action`` until it ends well or there is no hope.

    Parameters
    ----------
    action : callable
        Raises `Interrupted` or `LoggedOut` where another try may help.
    login : callable
        Called before the next try after `LoggedOut`; None where nothing logs in.
    mark : callable
        How far the work is; failures are counted anew whenever it is farther than ever.

    Raises
    ------
    Spe1Error
        What the last `Interrupted` carries, or a `SessionError`; or whatever else
        ``action`` raises.
    """
    rng = random.Random(patience.seed)
    failures = logins = 0
    furthest = mark()
    needs_login = False
    while True:
        interrupted: Interrupted | None = None
        try:
            if needs_login and login is not None:
                login()
                needs_login = False
            return action()
        except LoggedOut:
            needs_login = True
        except Interrupted as error:
            interrupted = error
        if mark() > furthest:
            furthest, failures, logins = mark(), 0, 0
        if interrupted is None:
            logins += 1
            if logins > _MOST_LOGINS:
                raise _session_error()
            continue
        failures += 1
        if failures >= patience.attempts:
            raise interrupted.error
        pause_s = patience.wait_s(failures, interrupted.retry_after_s, rng)
        progress.note(
            f"{interrupted.reason}; next try in {pause_s:.0f} s "
            f"({failures} of {patience.attempts - 1})"
        )
        patience.sleep(pause_s)


def _session_error() -> SessionError:
    return SessionError(
        "The archive ends the session right after every login.",
        expected="a session that lasts for at least one answer",
        got=f"{_MOST_LOGINS} logins without a byte",
        do="log in with a browser and open the data set once (its terms may wait to be accepted), "
        "then run the same command again",
    )
