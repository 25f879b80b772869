"""A web server of files on loopback that takes ranges, counts, and fails on demand."""

import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

_RANGE = re.compile(r"bytes=(\d+)-(\d+)")


class RangeServer:
    """Serves a folder; use it as a context.

    Attributes
    ----------
    requests : list of tuple
        (path, start, stop) as they came; None and None without a range.
    n_bytes : int
        Of all bodies that were sent.
    faults : list
        What becomes of the next requests of shards, one each: a status, "drop", "short", "moved"
        (another range), "other" (another size); a pair is a status and its headers.
    takes_ranges : bool
    headers_seen : list of dict
        Of each request.
    """

    def __init__(self, folder: Path):
        self.folder = folder
        self.requests: list[tuple[str, int | None, int | None]] = []
        self.n_bytes = 0
        self.faults: list[Any] = []
        self.takes_ranges = True
        self.headers_seen: list[dict[str, str]] = []
        self._lock = threading.Lock()

    def __enter__(self):
        handler = type("RangeHandler", (_Handler,), {"server_of": self})
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._http.daemon_threads = True
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,))
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_address[1]}"

    def forget(self) -> None:
        """Count anew."""
        self.requests, self.n_bytes = [], 0

    def took(self, path: str, found) -> object | None:
        with self._lock:
            bounds = (int(found[1]), int(found[2]) + 1) if found else (None, None)
            self.requests.append((path, *bounds))
            return self.faults.pop(0) if self.faults and path.endswith(".arrow") else None

    def sent(self, n_bytes: int) -> None:
        with self._lock:
            self.n_bytes += n_bytes


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server_of: RangeServer

    def log_message(self, *_) -> None:
        pass

    def do_GET(self) -> None:
        server = self.server_of
        server.headers_seen.append(dict(self.headers))
        path = server.folder / self.path.lstrip("/")
        found = _RANGE.fullmatch(self.headers.get("Range", ""))
        fault = server.took(self.path, found)
        status, headers = fault if isinstance(fault, tuple) else (fault, {})
        if status == "drop":
            self.close_connection = True
            return
        if isinstance(status, int):
            self._answer(status, b"", headers)
        elif not path.is_file():
            self._answer(404, b"", {})
        elif found and server.takes_ranges:
            self._range(path, int(found[1]), int(found[2]) + 1, status)
        else:
            self._whole(path)

    def _range(self, path: Path, start: int, stop: int, fault) -> None:
        size = path.stat().st_size
        shift = 8 if fault == "moved" else 0
        with path.open("rb") as file:
            file.seek(start + shift)
            content = file.read(stop - start)
        told = size + (1 if fault == "other" else 0)
        end = start + shift + len(content) - 1
        headers = {"Content-Range": f"bytes {start + shift}-{end}/{told}"}
        if fault == "short":
            content = content[: len(content) // 2]
        self._answer(206, content, headers)

    def _whole(self, path: Path) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(path.stat().st_size))
        self.end_headers()
        try:
            with path.open("rb") as file:
                while part := file.read(65_536):
                    self.wfile.write(part)
                    self.server_of.sent(len(part))
        except ConnectionError:
            self.close_connection = True

    def _answer(self, status: int, content: bytes, headers: dict[str, str]) -> None:
        # Before the client can go on and look at the count.
        self.server_of.sent(len(content))
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)
