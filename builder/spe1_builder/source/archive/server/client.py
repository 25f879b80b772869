"""The HTTP library, held to our rules: deadlines, no redirects by itself, few proxies."""

from __future__ import annotations

import http.client
import io
import math
import socket
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from spe1_builder.source.archive.server.address import is_loopback

if TYPE_CHECKING:
    import requests


class Clock:
    """How long the reads of a connection may still take, all together and each.

    A socket's own timeout counts from byte to byte: a server that sends one a minute
    would never be late.

    Parameters
    ----------
    silence_s : float
        Without a byte.
    """

    def __init__(self, silence_s: float):
        self._silence_s = silence_s
        self._end = math.inf

    def allow(self, seconds: float) -> None:
        """Give all reads from now on this long."""
        self._end = time.monotonic() + seconds

    def next_timeout_s(self) -> float:
        """Timeout of the next read.

        Raises
        ------
        TimeoutError
            There is no time left.
        """
        left_s = self._end - time.monotonic()
        if left_s <= 0:
            raise TimeoutError("timed out")
        return min(left_s, self._silence_s)


def make_client(clock: Clock, *, has_login: bool) -> requests.Session:
    """A session of ``requests`` whose reads obey ``clock``.

    It follows no redirect: the library would read each answer's body to its end, however
    long, and fail on addresses that it cannot parse.

    Parameters
    ----------
    clock : Clock
    has_login : bool
        Whether a password goes through it: then only https takes a proxy, whose tunnel
        hides what is sent. What is on this machine never takes one.
    """
    import requests

    class Client(requests.Session):
        def get_redirect_target(self, resp: requests.Response) -> str | None:
            return None

        def merge_environment_settings(self, url: Any, *args: Any) -> Any:
            settings = super().merge_environment_settings(url, *args)
            parts = urlsplit(str(url))
            if is_loopback(parts.hostname or "") or (has_login and parts.scheme != "https"):
                settings["proxies"] = {}
            return settings

    client = Client()
    # Else requests would send the account of ~/.netrc as a header, to any host in it.
    client.auth = lambda request: request
    adapter = _timed_adapter(clock)
    client.mount("https://", adapter)
    client.mount("http://", adapter)
    return client


def _timed_adapter(clock: Clock) -> Any:
    """An adapter whose connections, direct or through a proxy, read by the clock."""
    from requests.adapters import HTTPAdapter
    from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

    class TimedResponse(http.client.HTTPResponse):
        def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any):
            super().__init__(sock, *args, **kwargs)
            self.fp: Any = io.BufferedReader(_TimedReads(self.fp.detach(), sock, clock))

    def timed(pool: type[HTTPConnectionPool]) -> type[HTTPConnectionPool]:
        connection = type("Timed", (pool.ConnectionCls,), {"response_class": TimedResponse})
        return type("TimedPool", (pool,), {"ConnectionCls": connection})

    pools = {"http": timed(HTTPConnectionPool), "https": timed(HTTPSConnectionPool)}

    class TimedAdapter(HTTPAdapter):
        def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
            super().init_poolmanager(*args, **kwargs)
            self.poolmanager.pool_classes_by_scheme = pools

        def proxy_manager_for(self, *args: Any, **kwargs: Any) -> Any:
            manager = super().proxy_manager_for(*args, **kwargs)
            manager.pool_classes_by_scheme = pools
            return manager

    return TimedAdapter()


class _TimedReads(io.RawIOBase):
    """A socket's reading end, whose timeout is what the clock says at each read."""

    def __init__(self, raw: Any, sock: socket.socket, clock: Clock):
        self._raw, self._sock, self._clock = raw, sock, clock

    def readable(self) -> bool:
        return True

    def fileno(self) -> int:
        return int(self._raw.fileno())

    def readinto(self, buffer: Any) -> int | None:
        self._sock.settimeout(self._clock.next_timeout_s())
        n_bytes: int | None = self._raw.readinto(buffer)
        return n_bytes

    def close(self) -> None:
        self._raw.close()
        super().close()
