"""What goes wrong at the server or on the way, in words that hold nothing of the request."""

from __future__ import annotations

from collections.abc import Callable

from spe1_builder.errors import MaintenanceError, PageError, ServerError, printable
from spe1_builder.patience import Interrupted

#: What every error says that leaves a part behind.
GO_ON = "what has arrived is kept: run the same command again to go on"


def failed(error: Exception, host: str) -> Interrupted | ServerError:
    """What to raise for an error of the HTTP library."""
    import requests

    if isinstance(error, requests.exceptions.SSLError):
        return ServerError(
            f"The connection to {host} is not safe: its certificate cannot be verified.",
            where=host,
            do="check the clock of this machine and its certificates (REQUESTS_CA_BUNDLE); "
            "nothing was sent",
        )
    unusable = (requests.exceptions.InvalidSchema, requests.exceptions.InvalidProxyURL)
    if isinstance(error, unusable):
        return ServerError(
            "The way to the archive cannot be used: its address, or the proxy of this machine.",
            where=host,
            do="correct the address (--base-url, --from) and https_proxy; SOCKS needs PySocks",
        )
    return gave_up(host, _reason(error))


def gave_up(host: str, reason: str) -> Interrupted:
    """A connection that does not do, which another try may mend."""
    error = ServerError(
        "The archive cannot be reached, or the connection to it keeps breaking.",
        where=host,
        got=reason,
        do=f"check the network and the address; {GO_ON}",
    )
    return Interrupted(error, f"{host}: {reason}")


def _reason(error: BaseException) -> str:
    """Why a connection failed: the innermost system error, or what it amounts to."""
    chain: list[BaseException] = [error]
    while len(chain) < 10:  # a chain may bite its own tail
        inner = getattr(chain[-1], "reason", None) or chain[-1].__cause__ or chain[-1].__context__
        if not isinstance(inner, BaseException):
            break
        chain.append(inner)
    for link in reversed(chain):
        if isinstance(link, OSError) and link.strerror:
            return link.strerror.lower()
    names = " ".join(type(link).__name__ for link in chain)
    return "no answer in time" if "imeout" in names else "the connection broke off"


def closed(where: str, retry_after_s: float | None = None) -> Interrupted:
    """Maintenance."""
    error = MaintenanceError(
        "The archive is closed for maintenance.", where=where, do=f"wait; {GO_ON}"
    )
    return Interrupted(error, "the archive is closed for maintenance", retry_after_s)


def broken(where: str, got: str, retry_after_s: float | None = None) -> Interrupted:
    """An error of the server, or half an answer."""
    error = ServerError("The archive does not deliver.", where=where, got=got, do=GO_ON)
    return Interrupted(error, got, retry_after_s)


def moved(
    where: str, location: str | None, hide: Callable[[str], str]
) -> Interrupted | ServerError:
    """A redirect that is not followed; ``location`` is None if it cannot be read."""
    if location is None:
        what = "The archive sends to an address that cannot be read."
        return Interrupted(ServerError(what, where=where, do=GO_ON), what[:-1].lower())
    return ServerError(
        "The archive sends to another address, and no password is taken there.",
        where=where,
        got=hide(location),
        do="if that is CRCNS's new download address, give its folder with --base-url",
    )


def odd(where: str, got: str) -> Interrupted:
    """An answer that is neither bytes of a file nor another of these."""
    error = PageError(
        "The archive answers with something else than the bytes of the file.",
        where=where,
        expected="the file, or the part of it that is missing",
        got=got,
        do=f"{GO_ON}; if it stays so, open that address in a browser: a proxy or a portal may "
        "answer in the archive's place; else tell CRCNS, or take another copy (--from)",
    )
    return Interrupted(error, f"an answer that is not the file ({printable(got)})")
