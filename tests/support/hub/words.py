"""A request as it came and its answer: what the routes of the Hub take and give."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.support.hub.server import Hub


@dataclass(frozen=True)
class Account:
    """Who a token belongs to.

    Attributes
    ----------
    name : str
    type : str
        "user" or "org".
    is_pro : bool
    orgs : tuple of str
        Where it may write too.
    role : str
        "write", or "read": it may look only.
    """

    name: str
    type: str = "user"
    is_pro: bool = False
    orgs: tuple[str, ...] = ()
    role: str = "write"

    def may_write(self, owner: str) -> bool:
        return self.role == "write" and owner in (self.name, *self.orgs)


@dataclass(frozen=True)
class Request:
    """One request.

    ``put`` is the sha256 and the size of a blob that was uploaded: it is in the store already.
    """

    hub: "Hub"
    method: str
    path: str
    query: Mapping[str, list[str]]
    headers: Mapping[str, str]
    account: Account | None
    body: bytes = b""
    put: tuple[str, int] | None = None

    def json(self) -> Any:
        return json.loads(self.body)

    def flag(self, name: str) -> bool:
        return self.query.get(name, [""])[0].lower() in ("true", "1")


@dataclass(frozen=True)
class Answer:
    """What goes back: a body, or part of a file."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    file: Path | None = None
    start: int = 0
    n_bytes: int = 0


def as_json(value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Answer:
    """An answer in JSON."""
    kind = {"Content-Type": "application/json; charset=utf-8"}
    return Answer(status, json.dumps(value).encode(), kind | dict(headers or {}))


def as_error(
    status: int, message: str, headers: Mapping[str, str] | None = None, **extra: Any
) -> Answer:
    """An answer that says what is wrong, in a header of one plain line and in the body."""
    line = " ".join(message.split()).encode("ascii", "replace").decode()
    said = {"X-Error-Message": line} | dict(headers or {})
    return as_json({"error": message, **extra}, status, said)


class Refusal(Exception):
    """What the Hub does not do, with the code of its own that says why, and more headers."""

    def __init__(
        self,
        status: int,
        message: str,
        code: str | None = None,
        headers: Mapping[str, str] | None = None,
        **extra: Any,
    ) -> None:
        super().__init__(message)
        said = ({"X-Error-Code": code} if code else {}) | dict(headers or {})
        self.answer = as_error(status, message, said, **extra)


Route = Callable[..., Answer]
