"""What the Hub's client raises when it fetches, as errors that say what to do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from spe1_builder.errors import (
    HubAccessError,
    HubUnavailableError,
    MissingFileError,
    SpaceError,
    Spe1Error,
)
from spe1_builder.hub.troubles import raise_translated
from spe1_builder.patience import Interrupted


@contextmanager
def hub_errors(where: str) -> Iterator[None]:
    """Within the block, errors of the Hub's client become ours; it has tried again by itself.

    Parameters
    ----------
    where : str
        The repository, for people.
    """
    try:
        yield
    except Spe1Error:
        raise
    except Exception as error:  # noqa: BLE001 - the client raises all kinds; none is kept
        told = _of_fetching(error, where)
        if told is not None:
            raise told from None
        try:
            raise_translated(error, where)
        except Interrupted as passing:
            raise passing.error from None


def _of_fetching(error: Exception, where: str) -> Spe1Error | None:
    """What means something else to one who reads than to one who writes."""
    from huggingface_hub import errors as hub

    status = getattr(getattr(error, "response", None), "status_code", None)
    if isinstance(error, hub.GatedRepoError) or status == 403:
        return HubAccessError(
            "The Hub does not give this data set to this user.",
            where=where,
            got=f"HTTP {status}",
            do="open its page, ask for access or accept its terms, and log in: hf auth login",
        )
    if isinstance(error, hub.RepositoryNotFoundError | hub.RevisionNotFoundError) or status == 404:
        return MissingFileError(
            "The Hub has no such data set, revision or file, or does not show it to this user.",
            where=where,
            got=f"HTTP {status}",
            do="look at the name and the revision; for a private one log in: hf auth login",
        )
    if isinstance(error, hub.LocalEntryNotFoundError):
        return HubUnavailableError(
            "The Hub cannot be reached, or broke off again and again.",
            where=where,
            got=type(error).__name__,
            do="run the same command again: it goes on where it stopped",
        )
    if isinstance(error, OSError) and "Not enough free disk space" in str(error):
        return SpaceError(
            "The disk is full.", where=where, do="free some room, then run the same again"
        )
    return None
