"""Requests and answers over HTTP; what goes wrong comes out without any of the request."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from spe1_builder import __version__
from spe1_builder.errors import ServerError
from spe1_builder.source.archive.server.patience import Interrupted

if TYPE_CHECKING:
    import requests

#: Name of CRCNS's session, as a cookie and in the query of every request.
KEY_NAME = "crcns_nersc_download"
#: What every error says that leaves a part behind.
GO_ON = "what has arrived is kept: run the same command again to go on"
_REDIRECTS = {301, 302, 303, 307, 308}
#: Bytes taken from the connection at most at a time; of a page, to judge it by.
_CHUNK_BYTES, _PAGE_BYTES = 1 << 18, 1 << 16


@dataclass(frozen=True)
class Timeouts:
    """When a connection counts as lost.

    Attributes
    ----------
    connect_s, read_s : float
        Without an answer, or without the next byte.
    least_bytes_per_s : float
        Slower than this, over ``read_s``, is no better than silence.
    """

    connect_s: float = 20.0
    read_s: float = 60.0
    least_bytes_per_s: float = 500.0


class Answer:
    """What a server answers; its body is read as it comes."""

    def __init__(self, response: requests.Response, host: str, timeouts: Timeouts):
        self.status, self.headers = response.status_code, response.headers
        self._response, self._host, self._timeouts = response, host, timeouts
        self._head = b""

    @property
    def location(self) -> str | None:
        """Where a redirect leads, without any query; None if this is none."""
        if self.status not in _REDIRECTS:
            return None
        new = urlsplit(self.headers.get("Location", ""))
        return f"{new.scheme}://{new.netloc}{new.path}" if new.hostname else new.path

    @property
    def leads_to_login(self) -> bool:
        """Whether it is a redirect to a login page."""
        path = urlsplit(self.location or "").path.lower()
        return "login" in path or path.endswith("index.php")

    @property
    def key(self) -> str | None:
        """The session that the answer opens."""
        return self._response.cookies.get(KEY_NAME)

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
        try:
            while len(self._head) < _PAGE_BYTES and (chunk := self._read_some()):
                self._head += chunk
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
                    raise _gave_up(self._host, f"only {n_bytes} bytes in {passed_s:.0f} s")
                begun, n_bytes = time.monotonic(), 0
            chunk = self._read_some()

    def close(self) -> None:
        self._response.close()

    def _read_some(self) -> bytes:
        """The next bytes, as soon as there are any; none at the end."""
        import urllib3

        try:
            chunk: bytes = self._response.raw.read1(_CHUNK_BYTES, decode_content=False)
            return chunk
        except (urllib3.exceptions.HTTPError, OSError) as error:
            failure = _failure(error, self._host)
        raise failure


class Connection:
    """Connections to one server; use it as a context.

    Parameters
    ----------
    host : str
        For errors.
    timeouts : Timeouts
    follows : bool
        Whether redirects are followed. Not where a session is: its key stays here.
    """

    def __init__(self, host: str, timeouts: Timeouts, *, follows: bool):
        import requests

        self.host, self._timeouts, self._follows = host, timeouts, follows
        self._http = requests.Session()
        # Else requests would send the account of ~/.netrc as a header, to any host in it.
        self._http.auth = lambda request: request
        # Identity: the stored bytes count, and ranges are ranges of these.
        self._http.headers.update(
            {"User-Agent": f"spe1/{__version__}", "Accept-Encoding": "identity"}
        )
        self._log_filter = _KeyFilter()

    def __enter__(self) -> Connection:
        logging.getLogger("urllib3.connectionpool").addFilter(self._log_filter)
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()
        logging.getLogger("urllib3.connectionpool").removeFilter(self._log_filter)

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
        import requests

        try:
            response = self._http.request(
                method,
                url,
                stream=True,
                timeout=(self._timeouts.connect_s, self._timeouts.read_s),
                allow_redirects=self._follows,
                **kwargs,
            )
        except requests.RequestException as error:
            failure = _failure(error, self.host)
        else:
            return Answer(response, self.host, self._timeouts)
        # Here and not above: the library's error holds the request, with its secrets.
        raise failure


class _KeyFilter(logging.Filter):
    """Takes the session key out of what the HTTP library logs of addresses."""

    _KEY = re.compile(rf"({KEY_NAME}=)[^&\s\"']+")

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple):
            record.args = tuple(
                self._KEY.sub(r"\1***", value) if isinstance(value, str) else value
                for value in record.args
            )
        return True


def _failure(error: Exception, host: str) -> Interrupted | ServerError:
    """A failed connection, in words that hold nothing of the request."""
    import requests

    if isinstance(error, requests.exceptions.SSLError):
        return ServerError(
            f"The connection to {host} is not safe: its certificate cannot be verified.",
            where=host,
            do="check the clock of this machine and its certificates (REQUESTS_CA_BUNDLE); "
            "nothing was sent",
        )
    return _gave_up(host, _reason(error))


def _gave_up(host: str, reason: str) -> Interrupted:
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
