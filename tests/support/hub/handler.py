"""HTTP: a request is read whole, meets its fault if it has one, and is answered."""

import contextlib
import itertools
import shutil
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, unquote, urlsplit

from tests.support.hub.routes import RULES, Rule
from tests.support.hub.words import Account, Answer, Refusal, Request, as_error

if TYPE_CHECKING:
    from tests.support.hub.server import Hub

_CHUNK = 1 << 20
#: Clients ask these or not, by where they run.
_BY_THE_WAY = ("/api/agent-harnesses", "/api/telemetry")


class Handler(BaseHTTPRequestHandler):
    """Requests of one connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # else every answer waits for an acknowledgement
    timeout = 60
    hub: "Hub"

    def log_message(self, *_) -> None:
        pass

    def handle(self) -> None:
        with contextlib.suppress(ConnectionError):
            super().handle()

    def do_GET(self) -> None:
        self._serve()

    do_HEAD = do_POST = do_PUT = do_DELETE = do_GET

    def _serve(self) -> None:
        parts = urlsplit(self.path)
        rule, words = _find(self.command, parts.path)
        stage = rule.stage if rule else ""
        put, body = None, b""
        if stage == "put":
            put = self.hub.blobs.put(self._body())
        else:
            body = b"".join(self._body())
        answer = self._faulty(stage)
        if answer is None:
            answer = self._answered(rule, words, body, put)
            if self._is_lost:
                self._break(parts.path, stage)
                return
        elif answer.status == 0:
            self._break(parts.path, stage)
            return
        if not parts.path.startswith(_BY_THE_WAY):
            self.hub.saw(self.command, parts.path, answer.status, stage)
        self._send(answer)

    def _body(self) -> Iterator[bytes]:
        if "chunked" in self.headers.get("Transfer-Encoding", ""):
            while size := int(self.rfile.readline().split(b";")[0], 16):
                yield self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
            return
        left = int(self.headers.get("Content-Length", 0))
        while left > 0:
            chunk = self.rfile.read(min(_CHUNK, left))
            if not chunk:
                raise ConnectionAbortedError("the client went away")
            left -= len(chunk)
            yield chunk

    def _faulty(self, stage: str) -> Answer | None:
        """The answer of a fault: status 0 to break the connection, None if there is none."""
        self._is_lost = False
        fault = self.hub.faults.take(stage)
        if fault is None:
            return None
        if fault.call is not None:
            fault.call()
        if fault.slow_s:
            self.hub.closing.wait(fault.slow_s)
        if fault.status == "drop":
            return Answer(0)
        self._is_lost = fault.status == "lost"
        if fault.status is None or fault.status == "lost":
            return None
        return as_error(int(fault.status), fault.message, fault.headers)

    def _answered(
        self, rule: Rule | None, words: dict[str, str], body: bytes, put: tuple[str, int] | None
    ) -> Answer:
        parts = urlsplit(self.path)
        try:
            if rule is None:
                raise Refusal(404, f"This Hub does not know {self.command} {parts.path}")
            request = Request(
                hub=self.hub,
                method=self.command,
                path=parts.path,
                query=parse_qs(parts.query),
                headers=self.headers,
                account=self._account(),
                body=body,
                put=put,
            )
            with self.hub.lock:
                return rule.route(request, **words)
        except Refusal as refusal:
            return refusal.answer

    def _account(self) -> Account | None:
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        if not token:
            return None
        if token not in self.hub.accounts:
            raise Refusal(401, "Invalid credentials in Authorization header")
        return self.hub.accounts[token]

    def _break(self, path: str, stage: str) -> None:
        self.hub.saw(self.command, path, 0, stage)
        self.close_connection = True

    def _send(self, answer: Answer) -> None:
        n_bytes = answer.n_bytes if answer.file else len(answer.body)
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(n_bytes))
        self.end_headers()
        if self.command == "HEAD":
            return
        if answer.file is None:
            self.wfile.write(answer.body)
            return
        with answer.file.open("rb") as file:
            file.seek(answer.start)
            if answer.start + n_bytes == answer.file.stat().st_size:
                shutil.copyfileobj(file, self.wfile, _CHUNK)
                return
            for left in itertools.count(n_bytes, -_CHUNK):
                if left <= 0:
                    return
                self.wfile.write(file.read(min(_CHUNK, left)))


def _find(method: str, path: str) -> tuple[Rule | None, dict[str, str]]:
    for rule in RULES:
        if rule.method == method and (found := rule.path.fullmatch(path)):
            return rule, {name: unquote(value) for name, value in found.groupdict().items()}
    return None, {}
