"""Requests and answers over HTTP; what goes wrong comes out without any of the request."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin

from spe1_builder import __version__
from spe1_builder.patience import Interrupted
from spe1_builder.source.archive.server.address import split
from spe1_builder.source.archive.server.client import Clock, make_client
from spe1_builder.source.archive.server.limits import parse_size, token
from spe1_builder.source.archive.server.secrets import KEY_NAME, LogFilter, Secrets
from spe1_builder.source.archive.server.troubles import failed, gave_up

if TYPE_CHECKING:
    import requests

_REDIRECTS = {301, 302, 303, 307, 308}
#: More of them in a row lead nowhere.
_MOST_REDIRECTS = 10
#: Bytes taken from the connection at most at a time; of a page, to judge it by.
_CHUNK_BYTES, _PAGE_BYTES = 1 << 18, 1 << 16


@dataclass(frozen=True)
class Timeouts:
    """When a connection counts as lost.

    Attributes
    ----------
    connect_s, read_s : float
        Without an answer, or without the next byte.
    headers_s : float
        For all of connecting, asking and the headers of the answer.
    least_bytes_per_s : float
        Slower than this, over ``read_s``, is no better than silence.
    """

    connect_s: float = 20.0
    read_s: float = 60.0
    headers_s: float = 120.0
    least_bytes_per_s: float = 500.0


class Answer:
    """What a server answers; its body is read as it comes."""

    def __init__(self, response: requests.Response, conversation: _Conversation):
        self.status, self.headers = response.status_code, response.headers
        self._response, self._conversation = response, conversation
        self._timeouts = conversation.timeouts
        self._head = b""

    @property
    def is_redirect(self) -> bool:
        """Whether it sends elsewhere."""
        return self.status in _REDIRECTS

    @property
    def location(self) -> str | None:
        """Where a redirect leads, without any query; None if nowhere that can be read."""
        new = split(self.headers.get("Location", "")) if self.is_redirect else None
        if new is None:
            return None
        return f"{new.scheme}://{new.netloc}{new.path}" if new.hostname else new.path

    @property
    def leads_to_login(self) -> bool:
        """Whether it is a redirect to a login page."""
        new = split(self.location or "")
        path = new.path.lower() if new else ""
        return "login" in path or path.endswith("index.php")

    @property
    def key(self) -> str | None:
        """The session that the answer opens."""
        found = (cookie for cookie in self._response.cookies if cookie.name == KEY_NAME)
        return next((key for cookie in found if (key := token(cookie.value))), None)

    @property
    def length(self) -> int | None:
        """Bytes of the body, as declared; None if it is not told, or not understandably."""
        return parse_size(self.headers.get("Content-Length"))

    @property
    def has_clear_end(self) -> bool:
        """Whether its end can be told from a broken connection."""
        return self.length is not None or "Transfer-Encoding" in self.headers

    def validator(self, name: str) -> str | None:
        """ETag or Last-Modified, if it can be kept and sent back, and holds no secret."""
        value = token(self.headers.get(name))
        return value if value == self._conversation.secrets.hide(value or "") else None

    def describe(self, n_bytes: int | None = None) -> str:
        """What came, in a line for an error; without secrets.

        Parameters
        ----------
        n_bytes : int, optional
            That came; what was declared if left out.
        """
        parts = [f"status {self.status}", self.headers.get("Content-Type", "of no type")[:80]]
        if self.status in (206, 416):
            parts.append(f"range {self.headers.get('Content-Range', 'not told')[:80]}")
        n_bytes = self.length if n_bytes is None else n_bytes
        parts.append("of unknown length" if n_bytes is None else f"{n_bytes} bytes")
        if self._head:
            parts.append(f"beginning with {self._head[:40]!r}")
        return self._conversation.secrets.hide(", ".join(parts))

    def head(self) -> bytes:
        """The first bytes, at least one if there is any; they stay in the body.

        Raises
        ------
        Interrupted
        """
        if not self._head:
            self._head = self._read_some()
        return self._head

    def page(self) -> bytes:
        """The beginning of a web page, as far as it comes; they stay in the body."""
        end = time.monotonic() + self._timeouts.read_s
        try:
            while len(self._head) < _PAGE_BYTES and (chunk := self._read_some()):
                self._head += chunk
                if time.monotonic() > end:
                    break
        except Interrupted:
            return self._head  # judged by what there is, or by its status
        return self._head

    def chunks(self) -> Iterator[bytes]:
        """The bytes as they come, as stored: no content coding is undone.

        Raises
        ------
        Interrupted
            The connection broke, fell silent or came to a trickle.
        """
        chunk = self.head()
        begun, n_bytes = time.monotonic(), 0
        while chunk:
            yield chunk
            n_bytes += len(chunk)
            passed_s = time.monotonic() - begun
            if passed_s > self._timeouts.read_s:
                if n_bytes < self._timeouts.least_bytes_per_s * passed_s:
                    raise gave_up(
                        self._conversation.host, f"only {n_bytes} bytes in {passed_s:.0f} s"
                    )
                begun, n_bytes = time.monotonic(), 0
            chunk = self._read_some()

    def close(self) -> None:
        self._response.close()

    def _read_some(self) -> bytes:
        """The next bytes, as soon as there are any; none at the end."""
        import urllib3

        self._conversation.clock.allow(self._timeouts.read_s)
        try:
            chunk: bytes = self._response.raw.read1(_CHUNK_BYTES, decode_content=False)
            return chunk
        except (urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            failure = failed(error, self._conversation.host)
        raise failure


@dataclass(frozen=True)
class _Conversation:
    """What a connection and its answers share."""

    host: str
    timeouts: Timeouts
    clock: Clock
    secrets: Secrets


class Connection:
    """Connections to one server; use it as a context.

    Parameters
    ----------
    host : str
        For errors.
    timeouts : Timeouts
    secrets : Secrets
        Taken out of whatever the libraries log.
    has_login : bool
        Whether it has a session: then no redirect is followed, so that its key stays here.
    """

    def __init__(self, host: str, timeouts: Timeouts, secrets: Secrets, *, has_login: bool):
        self._share = _Conversation(host, timeouts, Clock(timeouts.read_s), secrets)
        self._most_redirects = 0 if has_login else _MOST_REDIRECTS
        self._http = make_client(self._share.clock, has_login=has_login)
        # Identity: the stored bytes count, and ranges are ranges of these.
        self._http.headers.update(
            {"User-Agent": f"spe1/{__version__}", "Accept-Encoding": "identity"}
        )
        self._log_filter = LogFilter(secrets)

    def __enter__(self) -> Connection:
        self._log_filter.attach()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()
        self._log_filter.detach()

    def forget(self) -> None:
        """Drop the cookies."""
        self._http.cookies.clear()

    def send(self, method: str, url: str, **kwargs: Any) -> Answer:
        """Send a request; the answer is to be closed.

        Raises
        ------
        Interrupted, ServerError
            There is no answer.
        """
        self._share.clock.allow(self._share.timeouts.headers_s)
        for _ in range(self._most_redirects):
            answer = self._send_once(method, url, **kwargs)
            location = answer.headers.get("Location", "")
            if not answer.is_redirect or answer.leads_to_login:
                return answer
            answer.close()
            if answer.location is None or split(url := urljoin(url, location)) is None:
                raise gave_up(self._share.host, "it sends to an address that cannot be read")
        return self._send_once(method, url, **kwargs)

    def _send_once(self, method: str, url: str, **kwargs: Any) -> Answer:
        import requests
        import urllib3

        timeouts = self._share.timeouts
        try:
            response = self._http.request(
                method,
                url,
                stream=True,
                timeout=(timeouts.connect_s, timeouts.read_s),
                allow_redirects=False,
                **kwargs,
            )
        # Not all that a server can provoke is wrapped by the library.
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError) as e:
            failure = failed(e, self._share.host)
        else:
            return Answer(response, self._share)
        # Here and not above: the library's error holds the request, with its secrets.
        raise failure
