"""How much of what a server says is read, before anything looks into it."""

from __future__ import annotations

import re
import stat
from pathlib import Path

from spe1_builder.errors import ListingError

#: The release has about a hundred files; a list of a million bytes has room for ten thousand.
LIST_BYTES = 4_000_000
#: Longest line of a list; paths end at 4,096 bytes on every system.
LINE_CHARACTERS = 5_000
#: 10**15 bytes; no disk is larger.
_SIZE_DIGITS = 15
#: Longest ETag, date or session key that is kept.
_TOKEN_CHARACTERS = 300
_TOKEN = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?")


def parse_size(text: str | None) -> int | None:
    """A number of bytes, as a list or a header has it; None if it is none, or unbelievable."""
    text = (text or "").strip()
    if not (text.isascii() and text.isdecimal()):
        return None
    digits = text.lstrip("0") or "0"
    return int(digits) if len(digits) <= _SIZE_DIGITS else None


def token(text: str | None) -> str | None:
    """A header's value that can be kept and sent back; None if it cannot."""
    if text is None or len(text) > _TOKEN_CHARACTERS or not _TOKEN.fullmatch(text):
        return None
    return text


def decode_list(data: bytes) -> str:
    """Text of a list; a byte order mark says how it was written (PowerShell's is UTF-16)."""
    encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    return data.decode(encoding, errors="replace")


def read_list(path: Path) -> str:
    """Text of a list on this machine.

    Raises
    ------
    ListingError
        It is no plain file, or too long.
    """
    if not stat.S_ISREG(path.stat().st_mode):
        raise too_long(path)
    with path.open("rb") as file:
        data = file.read(LIST_BYTES + 1)
    if len(data) > LIST_BYTES:
        raise too_long(path)
    return decode_list(data)


def too_long(where: str | Path) -> ListingError:
    """What is no list, by its length."""
    return ListingError(
        "A list of the archive is too long to be one.",
        where=where,
        expected=f"a text of at most {LIST_BYTES} bytes",
        do="check the address or the folder (--from, --base-url): this is not the data set spe-1",
    )
