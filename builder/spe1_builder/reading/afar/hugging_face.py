"""Cells on the Hugging Face Hub: one revision, by the addresses of its files."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from urllib.parse import quote, unquote

from spe1_builder.errors import MissingFileError, OptionError, ServerError
from spe1_builder.reading.afar.web import WebStore, get

SCHEME = "hf://"
_PLACE = re.compile(
    r"hf://datasets/(?P<repo>[\w.-]+/[\w.-]+)"
    r"(?:@(?P<revision>refs/(?:pr|convert)/[^/]+|[^/]+))?/(?P<folder>.+)"
)
_COMMIT = re.compile(r"[0-9a-f]{40}")
#: It lists the names of all files.
_LARGEST_ANSWER_BYTES = 50_000_000


class HubStore(WebStore):
    """A folder of a data set on the Hub, of one commit.

    Parameters
    ----------
    url : str
        ``hf://datasets/user/repo[@revision]/folder``.

    Attributes
    ----------
    url : str
        The same with the commit as its revision.

    Raises
    ------
    OptionError
        The address is another one, or the Hub must not be asked.
    MissingFileError
        There is no such repository or revision, or it is private.
    """

    def __init__(self, url: str):
        from huggingface_hub import constants

        place = _PLACE.fullmatch(url)
        if place is None:
            raise OptionError(
                "The address is not that of a folder of a data set on the Hub.",
                where=url,
                expected="hf://datasets/user/repo/c14, or hf://datasets/user/repo@revision/c14",
                do="name user, repository and cell",
            )
        if constants.HF_HUB_OFFLINE:
            raise OptionError(
                "The Hub must not be asked: HF_HUB_OFFLINE is set.",
                where=url,
                do="unset it, or read a cell of this machine",
            )
        repo, endpoint = place["repo"], constants.ENDPOINT.rstrip("/")
        revision = unquote(place["revision"] or "main")
        if _COMMIT.fullmatch(revision) is None:
            revision = self._commit(endpoint, repo, revision, url)
        folder = place["folder"]
        super().__init__(
            f"hf://datasets/{repo}@{revision}/{folder}",
            f"{endpoint}/datasets/{repo}/resolve/{revision}/{quote(folder)}",
        )

    def _commit(self, endpoint: str, repo: str, revision: str, url: str) -> str:
        asked = f"{endpoint}/api/datasets/{repo}/revision/{quote(revision, safe='')}"
        try:
            content = get(asked, self._headers(), _LARGEST_ANSWER_BYTES)
        except (MissingFileError, PermissionError) as error:
            raise MissingFileError(
                "The Hub has no such data set or revision, or does not show it to this user.",
                where=url,
                do="look at the name; for a private one log in: hf auth login",
            ) from error
        try:
            commit = json.loads(content)["sha"]
            if isinstance(commit, str) and _COMMIT.fullmatch(commit):
                return commit
        except (ValueError, LookupError, TypeError):
            pass
        raise ServerError(
            "The Hub does not tell which commit this is.",
            where=asked,
            do="try again later, or name the commit: hf://datasets/user/repo@commit/c14",
        )

    def _headers(self) -> Mapping[str, str]:
        from huggingface_hub.utils import build_hf_headers

        # With the token, if there is one; it stays with the Hub, and is kept nowhere here.
        headers: dict[str, str] = build_hf_headers(library_name="spe1")
        return headers
