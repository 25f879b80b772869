"""What can go wrong with an answer: one method a kind, mixed into the server's handler."""

import select
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

USERNAME, PASSWORD = "marie", "s3cr3t+&=%40 pässword"
COOKIE = "crcns_nersc_download"
DATASET = "spe-1"
MODIFIED = "Tue, 06 Nov 2018 10:00:00 GMT"
LOGIN_FORM = (
    "<!DOCTYPE html><html><head><title>CRCNS download login</title></head><body>"
    "<form method='post' action='index.php'>User name <input name='username'>"
    "Password <input type='password' name='password'></form></body></html>"
)
REFUSED = (
    "<html><head><title>CRCNS.org</title></head><body>"
    "<p>Error: Invalid user name or password</p></body></html>"
)
MAINTENANCE = (
    "<html><head><title>NERSC</title></head><body>"
    "<h1>The portal is down for scheduled maintenance.</h1></body></html>"
)
PORTAL = "<html><head><title>Hotel WiFi</title></head><body>SpaceNeeded number?</body></html>"


@dataclass(frozen=True)
class Fault:
    """One answer that goes wrong.

    Attributes
    ----------
    kind : str
        A method of the handler: ``fault_<kind>``.
    at : int
        Bytes of the body that are still right, or the status.
    header : str
        Retry-After of a status.
    """

    kind: str
    at: int = 0
    header: str | None = None


class Faults:
    """Answers that go wrong; each takes the fault, the file's bytes and its path."""

    def fault_none(self, fault, data, path) -> None:
        self._serve(data)

    def fault_cut(self, fault, data, path) -> None:
        """The connection ends after so many bytes of the body."""
        self._serve(data, stop=fault.at)

    def fault_hang_up(self, fault, data, path) -> None:
        """Not even a status line."""
        self.close_connection = True

    def fault_stall(self, fault, data, path) -> None:
        """Silence after so many bytes, until the client goes."""
        status, start, headers = self._plan(data)
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data) - start))
        self.end_headers()
        self.wfile.write(data[start:][: fault.at])
        self._seen.n_sent += len(data[start:][: fault.at])
        self.wfile.flush()
        while not self.site._stopped.is_set():
            if select.select([self.connection], [], [], 0.02)[0]:
                break
        self.close_connection = True

    def fault_status(self, fault, data, path) -> None:
        headers = {"Retry-After": fault.header} if fault.header else {}
        self._send(fault.at, b"trouble", headers | {"Content-Type": "text/plain"})

    def fault_maintenance_503(self, fault, data, path) -> None:
        self._page(MAINTENANCE, {"Retry-After": fault.header or "1"}, 503)

    def fault_maintenance(self, fault, data, path) -> None:
        self._page(MAINTENANCE)

    def fault_portal(self, fault, data, path) -> None:
        self._page(PORTAL)

    def fault_echo(self, fault, data, path) -> None:
        """A page that repeats what it knows of the user."""
        key = parse_qs(urlsplit(self.path).query)[COOKIE][0]
        title = f"{key} {USERNAME} {PASSWORD}"
        self._page(f"<html><title>{title}</title></html>")

    def fault_listing(self, fault, data, path) -> None:
        self._page(self._listing())

    def fault_page_as_data(self, fault, data, path) -> None:
        """A login form that calls itself data."""
        self.site.sessions.clear()
        self._send(200, LOGIN_FORM.encode(), {"Content-Type": "application/octet-stream"})

    def fault_expire(self, fault, data, path) -> None:
        """The session is over."""
        self.site.sessions.clear()
        self._ask()

    def fault_forbidden(self, fault, data, path) -> None:
        self._send(403, b"no", {"Content-Type": "text/plain"})

    def fault_moved(self, fault, data, path) -> None:
        self._send(301, b"", {"Location": f"https://elsewhere.example/x?{COOKIE}=leak"})

    def fault_ignore_range(self, fault, data, path) -> None:
        """The whole file, whatever was asked for."""
        self.headers.replace_header("Range", "") if "Range" in self.headers else None
        del self.headers["Range"]
        self._serve(data, stop=fault.at or None)

    def fault_unsatisfiable(self, fault, data, path) -> None:
        self._send(416, b"", {"Content-Range": f"bytes */{len(data)}"})

    def fault_no_length(self, fault, data, path) -> None:
        """Only the connection's end tells where the body ends; it may come too soon."""
        status, start, headers = self._plan(data)
        body = data[start:][: fault.at or None] if status != 416 else b""
        self._send(status, body, headers, length=False)

    def fault_corrupt(self, fault, data, path) -> None:
        """Right length, wrong bytes."""
        status, start, _ = self._plan(data)
        body = bytearray(data[start:])
        if body and status != 416:
            body[fault.at % len(body)] ^= 0x55
        self._serve(data, body=bytes(body) if status != 416 else None)

    def fault_wrong_range(self, fault, data, path) -> None:
        """Status 206, with other bytes than were asked for, and honest about it."""
        headers = {"Content-Range": f"bytes 0-{len(data) - 1}/{len(data)}"}
        self._send(206, data, headers)

    def fault_less(self, fault, data, path) -> None:
        """A range that is shorter than what was asked for, as the standard permits."""
        status, start, headers = self._plan(data)
        if status != 206:
            self._serve(data, stop=fault.at)
            return
        stop = min(start + max(1, fault.at), len(data))
        headers["Content-Range"] = f"bytes {start}-{stop - 1}/{len(data)}"
        self._send(206, data[start:stop], headers)

    def fault_too_long(self, fault, data, path) -> None:
        status, start, headers = self._plan(data)
        self._send(status, data[start:] + b"more", headers, length=False)
