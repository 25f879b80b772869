"""Web pages that come in place of files, told apart by what they say.

The archive answers a wrong password, an ended session and a folder's name with status
200 and a page, so that the status alone tells nothing.
"""

from __future__ import annotations

import enum
import re

_PAGE_TYPES = {"text/html", "application/xhtml+xml"}
_HTML_START = re.compile(rb"(?:<!doctype\s+html|<html|<head|<body)", re.IGNORECASE)
_TITLE = re.compile(r"<title[^>]*>(.*?)</title>", re.IGNORECASE | re.DOTALL)

#: What files begin with, by the end of their name: gzip (RFC 1952), zip, npy.
_STARTS = {
    ".gz": b"\x1f\x8b",
    ".tgz": b"\x1f\x8b",
    ".xlsx": b"PK\x03\x04",
    ".npy": b"\x93NUMPY",
}


class PageKind(enum.Enum):
    """What a page is."""

    REFUSED = re.compile(r"invalid\s+user\s*name\s+or\s+password", re.IGNORECASE)
    LOGIN = re.compile(r"<input[^>]+(?:type|name)\s*=\s*[\"']?password", re.IGNORECASE)
    LISTING = re.compile(r"contents\s+of|index\s+of|directory\s+listing", re.IGNORECASE)
    MAINTENANCE = re.compile(r"maintenance|temporarily\s+(?:closed|unavailable|down)", re.I)
    OTHER = re.compile("")


def is_page(content_type: str | None, head: bytes, *, from_start: bool) -> bool:
    """Whether an answer is a web page.

    Its bytes decide: scripts send files as text/html too, when nobody told them otherwise.

    Parameters
    ----------
    content_type : str or None
        The header.
    head : bytes
        The first bytes that came.
    from_start : bool
        Whether these are the first of the file; in its middle any bytes may stand.
    """
    if not from_start:
        return False
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if _HTML_START.match(text):
        return True
    if (content_type or "").split(";")[0].strip().lower() not in _PAGE_TYPES:
        return False
    # A page's fragment; or a sentence of the server that we know, without any tag.
    return text.startswith(b"<") or (b"\0" not in head and page_kind(head) is not PageKind.OTHER)


def can_begin(path: str, head: bytes) -> bool:
    """Whether a file of that name can begin with these bytes, as far as its kind tells.

    Parameters
    ----------
    path : str
    head : bytes
        At least the first, unless there is none.
    """
    start = next((start for end, start in _STARTS.items() if path.lower().endswith(end)), b"")
    n_bytes = min(len(start), len(head))
    return bool(head) and head[:n_bytes] == start[:n_bytes]


def page_kind(page: bytes) -> PageKind:
    """What a page is, the surest sign first."""
    text = page.decode("utf-8", errors="replace")
    return next(kind for kind in PageKind if kind.value.search(text))


def page_title(page: bytes) -> str:
    """A page's title, in at most 80 characters, for an error."""
    match = _TITLE.search(page.decode("utf-8", errors="replace"))
    title = " ".join(match[1].split())[:80] if match else ""
    return f"a web page, {title!r}" if title else "a web page without a title"
