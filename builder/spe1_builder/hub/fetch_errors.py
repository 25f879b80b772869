"""What the Hub's client raises, as errors that say what to do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from spe1_builder.errors import (
    LoginError,
    MissingFileError,
    OptionError,
    ServerError,
    SpaceError,
    Spe1Error,
)


@contextmanager
def hub_errors(where: str) -> Iterator[None]:
    """Within the block, errors of the Hub's client become ours.

    Their own words are left out where they may quote a request, and with it a token.

    Parameters
    ----------
    where : str
        The repository, for people.
    """
    try:
        yield
    except Spe1Error:
        raise
    except Exception as error:
        told = _told(error, where)
        if told is None:
            raise
        raise told from None


def _told(error: Exception, where: str) -> Spe1Error | None:
    from huggingface_hub import errors as hub

    status = getattr(getattr(error, "response", None), "status_code", None)
    if isinstance(error, hub.GatedRepoError) or status == 403:
        return LoginError(
            "The Hub does not give this data set to this user.",
            where=where,
            got=f"HTTP status {status}",
            do="open its page, ask for access or accept its terms, and log in: hf auth login",
        )
    if isinstance(error, hub.RepositoryNotFoundError | hub.RevisionNotFoundError):
        return MissingFileError(
            "The Hub has no such data set or revision, or does not show it to this user.",
            where=where,
            got=f"HTTP status {status}",
            do="look at the name and the revision; for a private one log in: hf auth login",
        )
    if status == 401:
        return LoginError(
            "The Hub does not know the token that it was given.",
            where=where,
            got="HTTP status 401",
            do="log in again: hf auth login; or unset HF_TOKEN",
        )
    if isinstance(error, hub.HFValidationError):
        return OptionError(
            "The Hub can have no data set of that name.",
            where=where,
            expected="user/name",
            do="give it as on its page, without https:// and without @revision",
        )
    if isinstance(error, hub.OfflineModeIsEnabled):
        return OptionError(
            "The Hub must not be asked: HF_HUB_OFFLINE is set.",
            where=where,
            do="unset it; what is here already needs no Hub",
        )
    if isinstance(error, hub.HfHubHTTPError | hub.LocalEntryNotFoundError) or _is_network(error):
        got = type(error).__name__ if status is None else f"HTTP status {status}"
        return ServerError(
            "The Hub cannot be reached, or broke off again and again.",
            where=where,
            got=got,
            do="run the same again: it goes on where it stopped",
        )
    if isinstance(error, OSError) and "Not enough free disk space" in str(error):
        return SpaceError(
            "The disk is full.", where=where, do="free some room, then run the same again"
        )
    return None


def _is_network(error: BaseException) -> bool:
    """Whether an HTTP library, or Xet's, gave up; which one it is differs between versions."""
    if isinstance(error, ConnectionError | TimeoutError):
        return True
    roots = {kind.__module__.partition(".")[0] for kind in type(error).__mro__}
    is_wrapped = isinstance(error, RuntimeError) and error.__cause__ is not None
    return bool(roots & {"httpx", "httpx2", "requests", "urllib3", "hf_xet"}) or (
        is_wrapped and _is_network(error.__cause__)  # type: ignore[arg-type]
    )
