"""Addresses of an archive: CRCNS, a mirror, or a folder, checked before they are used."""

from __future__ import annotations

import ipaddress
from urllib.parse import SplitResult, urlsplit

from spe1_builder.errors import OptionError


def is_url(place: str) -> bool:
    """Whether ``--from`` names a server rather than a folder."""
    return "://" in place


def check_url(url: str, option: str, *, has_login: bool) -> str:
    """An address that can be used as a base.

    Parameters
    ----------
    url : str
    option : str
        Where it was given, for errors.
    has_login : bool
        Whether a password will be sent there.

    Raises
    ------
    OptionError
        Not http or https; holds an account or a query; a password would go unencrypted;
        a Google Drive page.
    """
    parts = split(url)
    if parts is None:
        raise _no_address(url, option)
    if parts.username or parts.password or parts.query or parts.fragment:
        raise OptionError(
            "The address holds more than a place: a login, a query or a fragment.",
            where=option,
            expected="https://host/folder",
            do="leave the account out: it comes from CRCNS_USERNAME and CRCNS_PASSWORD or ~/.netrc",
        )
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise _no_address(url, option)
    if parts.hostname.endswith("drive.google.com"):
        raise OptionError(
            "Google Drive shows pages, not files, at that address.",
            where=option,
            got=url,
            do="download the folder with a browser or rclone, then --from THAT_FOLDER",
        )
    if has_login and parts.scheme == "http" and not is_loopback(parts.hostname):
        raise OptionError(
            "The password would be sent unencrypted.",
            where=option,
            expected="https://",
            got=url,
            do=f"use the https address in {option}",
        )
    return url.rstrip("/")


def split(url: str) -> SplitResult | None:
    """The parts of an address; None if it cannot be read."""
    try:
        parts = urlsplit(url)
        _ = parts.port  # read only now
    except ValueError:
        return None
    return parts


def _no_address(url: str, option: str) -> OptionError:
    return OptionError(
        "That is no address of an archive.",
        where=option,
        expected="https://host/folder",
        got=url,
        do=f"correct {option}; a folder on this machine is given as a path (--from DIR)",
    )


def is_loopback(host: str) -> bool:
    """Whether a host is this machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
