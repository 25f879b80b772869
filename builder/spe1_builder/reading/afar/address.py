"""Addresses of cells that lie elsewhere."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, TypeGuard
from urllib.parse import urlsplit

from spe1_builder.errors import OptionError
from spe1_builder.layout import SPLITS

#: A scheme of one letter would be a drive.
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+)://")


@dataclass(frozen=True)
class Address:
    """Where a cell, or one of its splits, lies.

    Attributes
    ----------
    url : str
        Of the cell's folder, without a slash at its end.
    split : str or None
    """

    url: str
    split: str | None = None


def is_far(value: Any) -> TypeGuard[str]:
    """Whether this is an address (``hf://...``, ``https://...``), and no path of this machine."""
    return isinstance(value, str) and _SCHEME.match(value) is not None


def parse_address(text: str, split: str | None = None) -> Address:
    """The address of a cell's folder, or of a split's, as people write it.

    Raises
    ------
    OptionError
        It holds what would be told on, such as a password; it names no folder; or it names
        one split where the other is asked for.

    Examples
    --------
    >>> parse_address("hf://datasets/user/spe1/c14/test")
    Address(url='hf://datasets/user/spe1/c14', split='test')
    """
    scheme = text.partition("://")[0]
    try:
        parts = urlsplit(text)
        host = parts.netloc
    except ValueError as error:
        raise OptionError(
            "This is no address.", where=f"{scheme}://...", do="give https://host/spe1/c14"
        ) from error
    # Of other schemes these are characters of a name, and @ is a revision's.
    if scheme in ("http", "https") and ("@" in host or parts.query or parts.fragment):
        raise OptionError(
            "The address holds a password or a key, and addresses are kept and shown.",
            where=f"{scheme}://{host.rpartition('@')[2]}{parts.path}",
            expected=f"{scheme}://host/folder/c14",
            do="put the login into ~/.netrc, or into the settings of fsspec",
        )
    url = text.rstrip("/")
    folder, _, last = url.rpartition("/")
    named = last if last in SPLITS else None
    if named is not None:
        url = folder
    if named is not None and split not in (None, named):
        raise OptionError(
            "The address names one split, and split= the other.",
            where=text,
            got=f"split={split!r}",
            do="give the cell's folder, or leave split out",
        )
    if url.rstrip(":/") == scheme or "\0" in url:
        raise OptionError(
            "The address names no folder.",
            where=f"{text!r:.200}",
            expected="that of a cell's folder, such as hf://datasets/user/spe1/c14",
            do="name the cell's folder",
        )
    return Address(url, split or named)
