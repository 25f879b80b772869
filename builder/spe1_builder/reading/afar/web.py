"""Files behind a web server, by HTTP Range."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from spe1_builder.errors import ServerError, Spe1Error
from spe1_builder.patience import Interrupted, parse_retry_after_s
from spe1_builder.reading.afar.store import (
    missing,
    patiently,
    refused,
    short,
    too_large,
    unreachable,
)

#: A server that is busy, or out of order for now.
_PASSING = {408, 425, 429, 500, 502, 503, 504}
#: Some servers give a small file whole, whatever the range.
_SMALL_BYTES = 1_000_000
_CONNECT_S, _SILENCE_S = 20.0, 60.0
_CONTENT_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+|\*)")


class WebStore:
    """A folder behind a web server.

    Parameters
    ----------
    url : str
        What the folder is known by.
    base : str, optional
        Address that its files lie under, if that is another.
    """

    def __init__(self, url: str, base: str | None = None):
        self.url, self._base = url, url if base is None else base

    def fetch(self, name: str, start: int, stop: int, size: int) -> bytes:
        return get(f"{self._base}/{quote(name)}", self._headers(), (start, stop, size))

    def fetch_whole(self, name: str, limit_bytes: int) -> bytes:
        return get(f"{self._base}/{quote(name)}", self._headers(), limit_bytes)

    def _headers(self) -> Mapping[str, str]:
        return {}


def get(url: str, headers: Mapping[str, str], wanted: tuple[int, int, int] | int) -> bytes:
    """Content of a file of the web; a server that is busy is asked again.

    Parameters
    ----------
    url : str
    headers : mapping of str to str
        Kept from other hosts that the server may lead to.
    wanted : tuple of int, or int
        (start, stop, size of the file), or the most bytes that a whole file may have.

    Raises
    ------
    MissingFileError, LoginError, ServerError
        As `spe1_builder.reading.afar.store.Store`.
    """
    import fsspec
    from fsspec.asyn import sync

    def action() -> bytes:
        # Looked up each time: fsspec keeps it, and makes another in a forked process.
        fs = fsspec.filesystem("https", client_kwargs={"trust_env": True})
        answer: bytes | Spe1Error | Interrupted = sync(fs.loop, _try_get, fs, url, headers, wanted)
        if isinstance(answer, bytes):
            return answer
        raise answer

    return patiently(action)


async def _try_get(
    fs: Any, url: str, headers: Mapping[str, str], wanted: tuple[int, int, int] | int
) -> bytes | Spe1Error | Interrupted:
    """Content; or the error, returned, so that no library's own goes with it."""
    import aiohttp

    given = dict(fs.kwargs)
    sent = {**given.pop("headers", {}), **headers, "Accept-Encoding": "identity"}
    if isinstance(wanted, tuple):
        sent["Range"] = f"bytes={wanted[0]}-{wanted[1] - 1}"
    given["timeout"] = aiohttp.ClientTimeout(sock_connect=_CONNECT_S, sock_read=_SILENCE_S)
    try:
        session = await fs.set_session()
        async with session.get(fs.encode_url(url), headers=sent, **given) as answer:
            return await _content(answer, url, wanted)
    except aiohttp.InvalidURL:
        return missing(url)
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        broken = unreachable(url, type(error).__name__)
        return Interrupted(broken, "the connection broke")


async def _content(
    answer: Any, url: str, wanted: tuple[int, int, int] | int
) -> bytes | Spe1Error | Interrupted:
    status = answer.status
    if status in _PASSING:
        wait_s = parse_retry_after_s(answer.headers.get("Retry-After"))
        return Interrupted(unreachable(url, f"HTTP status {status}"), f"status {status}", wait_s)
    if status in (404, 410):
        return missing(url)
    if status in (401, 403, 407):
        return refused(url, f"HTTP status {status}")
    if isinstance(wanted, int):
        if status != 200:
            return _odd(url, "status 200", status)
        content = await _read(answer, wanted + 1)
        return content if len(content) <= wanted else too_large(url, wanted)
    start, stop, size = wanted
    if status == 416:
        return short(url, stop - start, 0)
    if status == 200 and (answer.content_length or _SMALL_BYTES + 1) <= _SMALL_BYTES:
        whole = await _read(answer, _SMALL_BYTES)
        content = whole[start:stop]
    elif status == 200:
        return ServerError(
            "The server gives whole files only, not ranges of them.",
            where=url,
            expected="status 206 to a request with Range",
            got="status 200",
            do="download the cell (spe1 fetch, or the server's own way), and read it here",
        )
    elif status != 206:
        return _odd(url, "status 206", status)
    else:
        told = _CONTENT_RANGE.fullmatch(answer.headers.get("Content-Range", ""))
        if told is None or int(told[1]) != start or told[3] not in ("*", str(size)):
            got = answer.headers.get("Content-Range", "no Content-Range")
            return _odd(url, f"bytes {start}-{stop - 1}/{size}", f"{got:.100}")
        content = await _read(answer, stop - start + 1)
    if len(content) != stop - start:
        return Interrupted(short(url, stop - start, len(content)), "a short answer")
    return content


async def _read(answer: Any, limit_bytes: int) -> bytes:
    """The body, or as much of it."""
    parts, n_bytes = [], 0
    while n_bytes < limit_bytes:
        part = await answer.content.read(limit_bytes - n_bytes)
        if not part:
            break
        parts.append(part)
        n_bytes += len(part)
    return b"".join(parts)


def _odd(url: str, expected: str, got: object) -> ServerError:
    return ServerError(
        "The server gives something else than the file.",
        where=url,
        expected=expected,
        got=got,
        do="look at the address; the file there may be another one than the cell's",
    )
