"""A file that is arriving: ``NAME.part``, and beside it what it is a part of."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass
from pathlib import Path

from spe1_builder.disk.atomic import sync, write_text
from spe1_builder.source.archive.server.connection import Answer
from spe1_builder.source.archive.server.listing import ListedFile

_CONTENT_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+|\*)")


@dataclass(frozen=True)
class FileIdentity:
    """What a part is a part of; only bytes of the very same file may follow.

    Attributes
    ----------
    path, size, md5
        As listed by the archive.
    etag, last_modified : str or None
        As the server named the file when its first byte came.
    """

    path: str
    size: int
    md5: str | None
    etag: str | None
    last_modified: str | None

    def is_of(self, file: ListedFile) -> bool:
        return (self.path, self.size, self.md5) == (file.path, file.size, file.md5)

    @property
    def validator(self) -> str | None:
        """What goes into If-Range; a weak ETag may not."""
        if self.etag and not self.etag.startswith("W/"):
            return self.etag
        return self.last_modified


class Part:
    """The part of a file that has arrived.

    Parameters
    ----------
    target : Path
        The finished file; the part and its identity lie beside it.
    """

    def __init__(self, target: Path):
        self.target = target
        self.path = target.with_name(f"{target.name}.part")
        self._identity_path = target.with_name(f"{target.name}.part.json")

    @property
    def size(self) -> int:
        """Bytes that are there."""
        return self.path.stat().st_size if self.path.exists() else 0

    def identity(self) -> FileIdentity | None:
        """What the part says that it is of; None if that cannot be told."""
        try:
            return FileIdentity(**json.loads(self._identity_path.read_text(encoding="utf-8")))
        except (FileNotFoundError, ValueError, TypeError):
            return None

    def keep_if_of(self, file: ListedFile) -> None:
        """Drop what an earlier run left, unless it is of this very file."""
        identity = self.identity()
        if identity is None or not identity.is_of(file) or self.size > file.size:
            self.drop()

    def begin(self, file: ListedFile, answer: Answer) -> None:
        """Start the part anew, as one of the file that the server now sends."""
        headers = answer.headers
        identity = FileIdentity(
            file.path, file.size, file.md5, headers.get("ETag"), headers.get("Last-Modified")
        )
        self.drop()
        # First the identity: a part without one is dropped, a wrong one would be trusted.
        write_text(self._identity_path, json.dumps(asdict(identity)))
        self.path.touch()

    def range_headers(self) -> dict[str, str]:
        """Headers that ask for the rest of the file, if it is still the same."""
        if not self.size:
            return {}
        identity = self.identity()
        headers = {"Range": f"bytes={self.size}-"}
        if identity is not None and identity.validator:
            headers["If-Range"] = identity.validator
        return headers

    def is_continued_by(self, answer: Answer) -> bool:
        """Whether an answer with status 206 holds the next bytes of the same file."""
        match = _CONTENT_RANGE.fullmatch(answer.headers.get("Content-Range", "").strip())
        identity = self.identity()
        if match is None or identity is None or int(match[1]) != self.size:
            return False
        for name, known in (("ETag", identity.etag), ("Last-Modified", identity.last_modified)):
            if known and answer.headers.get(name, known) != known:
                return False
        return match[3] in ("*", str(identity.size))

    def drop(self) -> None:
        """Remove the part and its identity."""
        self.path.unlink(missing_ok=True)
        self._identity_path.unlink(missing_ok=True)

    def finish(self, *, keep: bool) -> None:
        """The part has been checked: give it its name, or remove it."""
        if keep:
            sync(self.path)
            self.path.replace(self.target)
            self._identity_path.unlink(missing_ok=True)
        else:
            self.drop()
