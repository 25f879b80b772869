"""What goes wrong at the Hub, from its client's many exceptions to our few, without the token."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, NoReturn, TypeVar

from spe1_builder.errors import (
    HubAccessError,
    HubConflictError,
    HubError,
    HubQuotaError,
    HubUnavailableError,
    OptionError,
    Spe1Error,
)
from spe1_builder.patience import Interrupted, Patience, insist, parse_retry_after_s
from spe1_builder.progress import Progress

T = TypeVar("T")
#: Statuses that may pass by themselves; 5xx do too.
_PASSING = {408, 425, 429}
_GO_ON = "what has been sent is kept: run the same command again to go on"
#: Whatever looks like a token of the Hub.
_TOKEN = re.compile(r"hf_[A-Za-z0-9]{8,}|(?<=[Bb]earer )\S+")
_LONGEST = 300

#: Status that stops: its error, what it means, what to do.
_STOPPING: dict[int, tuple[type[HubError], str, str]] = {
    401: (
        HubAccessError,
        "The Hub does not know who asks: there is no token, or it is not valid.",
        "log in: hf auth login (or set HF_TOKEN) with a token that may write",
    ),
    402: (
        HubQuotaError,
        "The account at the Hub has no room left for this.",
        "see https://huggingface.co/settings/billing; publish with --public, or fewer cells",
    ),
    403: (
        HubAccessError,
        "The Hub does not allow this.",
        "take a token that may write to this dataset (hf auth login), or another --repo",
    ),
    404: (
        HubAccessError,
        "There is no such dataset at the Hub, or it is private and the token may not see it.",
        "check the name, user/name, and who is logged in: hf auth whoami",
    ),
    409: (
        HubConflictError,
        "The Hub has something of that name already, or changes it at this moment.",
        "look at the dataset at the Hub, then run the same command again",
    ),
    412: (
        HubConflictError,
        "Somebody else changed the dataset at the Hub meanwhile.",
        "wait until they are done, then run the same command again: it plans anew",
    ),
    413: (
        HubQuotaError,
        "The Hub takes nothing of that size.",
        "see https://huggingface.co/docs/hub/storage-limits; publish fewer cells in one dataset",
    ),
}


def without_token(text: object) -> str:
    """A text of the client's with ``***`` in place of tokens, shortened."""
    from huggingface_hub import get_token

    shown = str(text)
    token = get_token()
    if token:
        shown = shown.replace(token, "***")
    shown = " ".join(_TOKEN.sub("***", shown).split())
    return shown if len(shown) <= _LONGEST else f"{shown[:_LONGEST]}..."


def ask(
    action: Callable[[], T],
    where: str,
    patience: Patience,
    progress: Progress,
) -> T:
    """Do what asks the Hub, again where that may help.

    Parameters
    ----------
    action : callable
        May be done twice.
    where : str
        The dataset, for errors.
    patience : Patience
    progress : Progress
        Told of every wait.

    Raises
    ------
    HubError
        What stops, or does not pass.
    """

    def once() -> T:
        try:
            return action()
        except Exception as error:  # noqa: BLE001 - the client raises all kinds; none is kept
            raise_translated(error, where)

    return insist(once, None, patience, progress)


def raise_translated(error: Exception, where: str) -> NoReturn:
    """Raise what an exception of the client's amounts to; a foreign one goes on as it is.

    Raises
    ------
    Interrupted
        It may pass by itself.
    HubError
        It does not.
    """
    if isinstance(error, Interrupted | Spe1Error):
        raise error
    status, response = _status_of(error)
    if status is not None:
        _raise_status(status, response, error, where)
    if _is_broken_connection(error):
        raise _unavailable(where, _reason(error)) from None
    from huggingface_hub.errors import HFValidationError

    if isinstance(error, HFValidationError):
        raise OptionError(
            "The Hub can have no dataset of that name.",
            where=where,
            expected="user/name, of letters, digits, '-', '_' and '.'",
            got=without_token(error),
            do="correct the name",
        ) from None
    if isinstance(error, ValueError) and "metadata" in str(error).lower():
        raise HubError(
            "The Hub refuses the card.",
            where=f"{where}: README.md",
            got=without_token(error),
            do="correct what was added to its YAML by hand, or make it again: spe1 card",
        ) from None
    raise error


def _status_of(error: BaseException) -> tuple[int | None, Any]:
    """The HTTP status in an exception or in its causes, and the response."""
    link: BaseException | None = error
    for _ in range(10):  # a chain may bite its own tail
        if link is None:
            break
        response = getattr(link, "response", None)
        status = getattr(response, "status_code", None)
        if isinstance(status, int):
            return status, response
        link = link.__cause__ or link.__context__
    # hf_xet's exceptions have their status in words alone.
    if isinstance(error, ConnectionError | RuntimeError | PermissionError):
        found = re.search(r"\b(?:status(?: code)?:? ?|HTTP |Code: )\(?(4\d\d|5\d\d)\b", str(error))
        if found:
            return int(found[1]), None
        if re.search(r"unauthori[sz]ed|forbidden", str(error), re.IGNORECASE):
            return (403 if "orbidden" in str(error) else 401), None
    return None, None


def _raise_status(status: int, response: Any, error: Exception, where: str) -> NoReturn:
    message = getattr(error, "server_message", None) or without_token(error)
    got = f"HTTP {status}: {without_token(message)}"
    if status in _PASSING or status >= 500:
        reason = f"the Hub answers {status}"
        asked_s = retry_after_s(getattr(response, "headers", {}) or {})
        raise _unavailable(where, reason, asked_s, got) from None
    kind, what, do = _STOPPING.get(
        status, (HubError, "The Hub refuses this.", "read what it says; then run it again")
    )
    raise kind(what, where=where, got=got, do=do) from None


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Seconds that the Hub asks to wait: its ``RateLimit``, or ``Retry-After``."""
    from huggingface_hub.utils import parse_ratelimit_headers

    limit = parse_ratelimit_headers(headers)
    if limit is not None and limit.remaining == 0:
        # One more, since it counts in whole seconds.
        return float(limit.reset_in_seconds) + 1.0
    return parse_retry_after_s(
        next((value for name, value in headers.items() if name.lower() == "retry-after"), None)
    )


def _unavailable(
    where: str, reason: str, wait_s: float | None = None, got: str | None = None
) -> Interrupted:
    error = HubUnavailableError(
        "The Hub cannot be reached, or does not do its part.",
        where=where,
        got=got or reason,
        do=f"look at https://status.huggingface.co and the network; {_GO_ON}",
    )
    return Interrupted(error, reason, wait_s)


def _chain(error: BaseException) -> list[BaseException]:
    chain: list[BaseException] = [error]
    while len(chain) < 10:
        inner = chain[-1].__cause__ or chain[-1].__context__
        if inner is None:
            break
        chain.append(inner)
    return chain


def _is_broken_connection(error: Exception) -> bool:
    """Of httpx under whichever name the client has it, of hf_xet, of the system."""
    from huggingface_hub.errors import OfflineModeIsEnabled

    for link in _chain(error):
        if isinstance(link, OfflineModeIsEnabled):
            raise HubUnavailableError(
                "The Hub's client is told to stay offline.",
                where="HF_HUB_OFFLINE",
                do="unset HF_HUB_OFFLINE, then run the same command again",
            ) from None
        names = {kind.__name__ for kind in type(link).__mro__}
        if names & {"TransportError", "TimeoutException"} or isinstance(
            link, ConnectionError | TimeoutError
        ):
            return True
        # hf_xet raises a bare RuntimeError for what befell its connection.
        if type(link) is RuntimeError and re.search(
            r"connect|network|timed? ?out|request|upload", str(link), re.IGNORECASE
        ):
            return True
    return False


def _reason(error: Exception) -> str:
    names = " ".join(type(link).__name__ for link in _chain(error))
    return "no answer in time" if "imeout" in names else "the connection to the Hub broke off"
