"""CRCNS on loopback: form login, session, listing, ranges; and every trouble on demand."""

import contextlib
import secrets
import threading
import time
import zlib
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

from tests.support.crcns_faults import (
    COOKIE,
    DATASET,
    LOGIN_FORM,
    MODIFIED,
    PASSWORD,
    REFUSED,
    USERNAME,
    Faults,
)
from tests.support.crcns_odd import OddAnswers


@dataclass
class Seen:
    """One request for a data file, as it came and as it was answered."""

    path: str
    range: str | None
    if_range: str | None
    n_sent: int = 0


@dataclass
class CrcnsServer:
    """Serves ``files`` (by path in the data set) to who logs in; use it as a context.

    Attributes
    ----------
    files : dict of str to bytes
    faults : deque of Fault
        One for each coming request of a listed data file; then all is well.
    text_faults, login_faults : deque of Fault
        The same for the two lists, and for the login.
    etag : str or None
        "strong", "weak" or None.
    asks_with : str
        "redirect" or "form", to who is not logged in.
    has_login : bool
        A mirror has none.
    chunk_pause_s : float
        Slows every file down, 16 kB at a time.
    content_type : str
        Of every file.
    watch : callable
        Called before each answer, while the client waits.
    """

    files: dict[str, bytes]
    faults: deque = field(default_factory=deque)
    text_faults: deque = field(default_factory=deque)
    login_faults: deque = field(default_factory=deque)
    etag: str | None = "strong"
    asks_with: str = "redirect"
    has_login: bool = True
    chunk_pause_s: float = 0.0
    content_type: str = "application/octet-stream"
    watch: Callable[[], None] = lambda: None
    seen: list[Seen] = field(default_factory=list)
    n_logins: int = 0
    sessions: set[str] = field(default_factory=set)
    posted: list[str] = field(default_factory=list)

    def __enter__(self) -> "CrcnsServer":
        handler = type("Handler", (_Handler,), {"site": self})
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._http.daemon_threads = True
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,))
        self._thread.start()
        return self

    def __exit__(self, *_) -> None:
        self._stopped.set()
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()

    @property
    def url(self) -> str:
        """The base: what stands before ``/spe-1`` and ``/index.php``."""
        return f"http://127.0.0.1:{self._http.server_address[1]}/download"

    @property
    def mirror_url(self) -> str:
        return f"{self.url}/{DATASET}"

    def ranges(self, name: str) -> list[str | None]:
        """The Range headers of the requests for a file."""
        return [seen.range for seen in self.seen if seen.path.endswith(name)]


class _Handler(Faults, OddAnswers, BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # else every answer waits for an acknowledgement
    site: CrcnsServer

    def log_message(self, *_) -> None:
        pass

    def handle(self) -> None:
        with contextlib.suppress(ConnectionError):
            super().handle()

    # --- login -----------------------------------------------------------------
    def do_POST(self) -> None:
        self.site.watch()
        length = int(self.headers["Content-Length"])
        form = parse_qs(self.rfile.read(length).decode(), keep_blank_values=True)
        self.site.posted.append(urlsplit(self.path).path)
        if self.site.login_faults:
            fault = self.site.login_faults.popleft()
            getattr(self, f"fault_{fault.kind}")(fault, b"", "login")
            return
        if not self.path.endswith("/index.php") or form.get("submit") != ["Login"]:
            self._page(LOGIN_FORM)
        elif (form["username"], form["password"]) != ([USERNAME], [PASSWORD]):
            # As servers do, with a cookie that is worth nothing.
            self._page(REFUSED, {"Set-Cookie": f"{COOKIE}=none; path=/"})
        else:
            key = secrets.token_hex(16)
            self.site.sessions.add(key)
            self.site.n_logins += 1
            cookie = {"Set-Cookie": f"{COOKIE}={key}; path=/"}
            data = self.site.files.get(form["fn"][0].removeprefix(f"{DATASET}/"))
            if data is None:
                self._page(self._listing(), cookie)
            else:
                self._send(200, data, {"Content-Type": "text/plain", **cookie})

    # --- files -----------------------------------------------------------------
    def do_GET(self) -> None:
        self.site.watch()
        parts = urlsplit(self.path)
        path = unquote(parts.path).partition(f"/{DATASET}")[2].strip("/")
        if parts.path.endswith("/login.html"):
            self._page(LOGIN_FORM)
            return
        if self.site.has_login and not self._is_known(parts.query):
            self._ask()
            return
        data = self.site.files.get(path)
        if data is None:
            is_folder = not path or any(name.startswith(f"{path}/") for name in self.site.files)
            if is_folder:
                self._page(self._listing())
            else:
                self._send(404, b"<html><title>404</title></html>", {"Content-Type": "text/html"})
            return
        seen = Seen(path, self.headers["Range"], self.headers["If-Range"])
        self._seen = seen
        is_text = path in ("filelist.txt", "checksums.md5")
        if not is_text:
            self.site.seen.append(seen)
        faults = self.site.text_faults if is_text else self.site.faults
        if faults:
            fault = faults.popleft()
            getattr(self, f"fault_{fault.kind}")(fault, data, path)
        else:
            self._serve(data)

    def _is_known(self, query: str) -> bool:
        keys = parse_qs(query).get(COOKIE, [])
        return bool(keys) and keys[0] in self.site.sessions

    def _ask(self) -> None:
        if self.site.asks_with == "redirect":
            self._send(302, b"", {"Location": "/download/login.html?back=1"})
        else:
            self._page(LOGIN_FORM)

    def _etag(self, data: bytes) -> str | None:
        tag = f'"{zlib.crc32(data):x}"'
        return {"strong": tag, "weak": f"W/{tag}", None: None}[self.site.etag]

    def _plan(self, data: bytes) -> tuple[int, int, dict[str, str]]:
        """Status, first byte, headers of an answer as it should be."""
        headers = {"Content-Type": self.site.content_type, "Last-Modified": MODIFIED}
        tag = self._etag(data)
        if tag:
            headers["ETag"] = tag
        condition = self.headers["If-Range"]
        wanted = self.headers["Range"]
        if wanted is None or (condition is not None and condition not in (tag, MODIFIED)):
            return 200, 0, headers
        start = int(wanted.removeprefix("bytes=").rstrip("-"))
        if start >= len(data):
            return 416, 0, headers | {"Content-Range": f"bytes */{len(data)}"}
        headers["Content-Range"] = f"bytes {start}-{len(data) - 1}/{len(data)}"
        return 206, start, headers

    def _serve(self, data: bytes, *, stop: int | None = None, body: bytes | None = None) -> None:
        """Answer properly, with ``body`` in place of the right one, up to ``stop`` bytes."""
        status, start, headers = self._plan(data)
        right = b"" if status == 416 else data[start:]
        self._send(status, right if body is None else body, headers, stop=stop)

    def _send(self, status, body, headers, *, length=True, stop=None) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if length:
            self.send_header("Content-Length", str(len(body)))
        else:
            self.send_header("Connection", "close")
        self.end_headers()
        sent = body if stop is None else body[:stop]
        for begin in range(0, len(sent), 16384):
            self.wfile.write(sent[begin : begin + 16384])
            if hasattr(self, "_seen"):
                self._seen.n_sent += len(sent[begin : begin + 16384])
            if self.site.chunk_pause_s:
                time.sleep(self.site.chunk_pause_s)
        if stop is not None or not length:
            self.close_connection = True

    def _page(self, text: str, headers=None, status=200) -> None:
        self._send(status, text.encode(), {"Content-Type": "text/html", **(headers or {})})

    def _listing(self) -> str:
        links = "".join(f'<a href="/{name}">{name}</a><br>' for name in self.site.files)
        return f"<html><head><title>CRCNS</title></head><h3>Contents of spe-1</h3>{links}</html>"
