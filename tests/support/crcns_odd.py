"""Answers that are neither a file nor a known trouble, and headers that no parser likes."""

import secrets
import select
from urllib.parse import parse_qs, urlsplit

from tests.support.crcns_faults import COOKIE

ODD_BODIES = [
    ("text/plain", b"please try later on.\n"[:20]),
    ("application/json", b'{"error": "quota exceeded", "code": 17}'),
    ("text/plain", b""),
    ("application/octet-stream", b"\x1f\x8b\x08\x00 and no more"),
    ("text/plain", b"\x1b]0;title\x07\x1b[2J"),
]
BAD_LOCATIONS = ["http://[::1", "http://a:99999/x", "//[", "http://\x1b[2J.example/x", "ftp://x/y"]
BAD_HEADERS = [
    "no colon here crcns_nersc_download=KEY",
    "Set-Cookie crcns_nersc_download KEY",
    " folded: KEY",
    "Set-Cookie: crcns_nersc_download=KEY; path=/; expires=KEY\r\nbroken KEY",
    "X-A: b\r\n\tKEY\r\n: KEY",
    'ETag: "KEY"\r\nLast-Modified: KEY',
    f"Set-Cookie: {COOKIE}=one; path=/a\r\nSet-Cookie: {COOKIE}=two; path=/b",
]


class OddAnswers:
    """One method a kind, mixed into the server's handler; each takes fault, bytes and path."""

    def fault_odd_200(self, fault, data, path) -> None:
        """Status 200, and something else: empty, a sentence, JSON; `at` chooses."""
        content_type, body = ODD_BODIES[fault.at % len(ODD_BODIES)]
        self._send(200, body, {"Content-Type": content_type})

    def fault_odd_200_open(self, fault, data, path) -> None:
        """The same, and nothing says how long it should be."""
        content_type, body = ODD_BODIES[fault.at % len(ODD_BODIES)]
        self._send(200, body, {"Content-Type": content_type}, length=False)

    def fault_odd_200_chunked(self, fault, data, path) -> None:
        """The same in chunks, properly ended."""
        content_type, body = ODD_BODIES[fault.at % len(ODD_BODIES)]
        chunks = b"%x\r\n%s\r\n" % (len(body), body) if body else b""
        headers = {"Content-Type": content_type, "Transfer-Encoding": "chunked"}
        self._raw(200, headers, chunks + b"0\r\n\r\n")

    def fault_right_length(self, fault, data, path) -> None:
        """As long as the file, called the file, and of other bytes."""
        body = (b"\x1f\x8b" + b"no such file " * (len(data) // 13 + 1))[: len(data)]
        self._send(200, body, {"Content-Type": "application/octet-stream"}, stop=fault.at or None)

    def fault_odd_416(self, fault, data, path) -> None:
        text = ["bytes */0", f"bytes */{len(data) * 2}", "bytes */*", "junk", "9" * 5000]
        self._send(416, b"", {"Content-Range": text[fault.at % len(text)]})

    def fault_odd_range(self, fault, data, path) -> None:
        """Status 206 with a Content-Range that is none, or another one."""
        n = len(data)
        text = [
            "junk",
            f"bytes {n - 9}-{n - 1}/{n}",
            f"bytes 0-{'9' * 5000}/{n}",
            "bytes 5-2/9",
            "",
        ]
        headers = {"Content-Range": text[fault.at % len(text)]}
        self._send(206, data[-9:], headers)

    def fault_multipart(self, fault, data, path) -> None:
        """Ranges in a multipart body, for one that was asked for."""
        part = b"--x\r\nContent-Range: bytes 0-4/%d\r\n\r\n%s\r\n--x--\r\n" % (len(data), data[:5])
        self._send(206, part, {"Content-Type": "multipart/byteranges; boundary=x"})

    def fault_endless_size(self, fault, data, path) -> None:
        """Content-Length has 5,000 digits."""
        self._raw(200, {"Content-Length": "9" * 5000}, data)

    # --- hostile headers ----------------------------------------------------------------
    def fault_bad_location(self, fault, data, path) -> None:
        self._send(302, b"", {"Location": BAD_LOCATIONS[fault.at % len(BAD_LOCATIONS)]})

    def fault_codes_as_location(self, fault, data, path) -> None:
        self._raw(302, {"Location": "http://a.example/\x1b[2J\x07", "Content-Length": "0"}, b"")

    def fault_bad_headers(self, fault, data, path) -> None:
        """Headers that no parser likes, with the key in them."""
        key = parse_qs(urlsplit(self.path).query).get(COOKIE, [secrets.token_hex(16)])[0]
        self.site.sessions.add(key)
        lines = BAD_HEADERS[fault.at % len(BAD_HEADERS)].replace("KEY", key)
        self._start(f"HTTP/1.1 200 OK\r\nContent-Length: {len(data)}\r\n{lines}\r\n\r\n")
        self.wfile.write(data)

    def fault_key_as_etag(self, fault, data, path) -> None:
        """The session's key where a file's identity should stand; then it breaks off."""
        key = parse_qs(urlsplit(self.path).query)[COOKIE][0]
        self._send(200, data, {"ETag": f'"{key}"'}, stop=fault.at)

    def fault_drip_headers(self, fault, data, path) -> None:
        """A byte of the headers every 20 ms, without an end."""
        self._start("HTTP/1.1 200 OK\r\nX-Drip: ")
        self._drip(b"x")

    def fault_drip_interim(self, fault, data, path) -> None:
        """``100 Continue`` for ever."""
        self._drip(b"HTTP/1.1 100 Continue\r\n\r\n")

    def fault_drip_chunk_size(self, fault, data, path) -> None:
        """The length of the first chunk never ends."""
        self._start("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        self._drip(b"0")

    def _drip(self, piece: bytes) -> None:
        while not self.site._stopped.wait(0.02):
            if select.select([self.connection], [], [], 0)[0]:
                break
            self.wfile.write(piece)
            self.wfile.flush()
        self.close_connection = True

    def _start(self, text: str) -> None:
        self.wfile.write(text.encode("latin-1"))
        self.close_connection = True

    def _raw(self, status: int, headers: dict[str, str], body: bytes) -> None:
        """Headers and body as they are, whatever they promise."""
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        self._start(f"HTTP/1.1 {status} Odd\r\n{lines}\r\n")
        self.wfile.write(body)
