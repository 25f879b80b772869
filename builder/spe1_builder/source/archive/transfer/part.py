"""A file that is arriving: ``NAME.part``, and beside it what it is a part of."""

from __future__ import annotations

import json
import os
import re
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from spe1_builder.disk.atomic import sync, write_text
from spe1_builder.source.archive.server.connection import Answer
from spe1_builder.source.archive.server.limits import parse_size, token
from spe1_builder.source.archive.server.listing import ListedFile

_CONTENT_RANGE = re.compile(r"bytes ([0-9]+)-([0-9]+)/([0-9]+|\*)", re.IGNORECASE)
#: A path, a size, a sum, two headers; more is not ours.
_IDENTITY_BYTES = 20_000


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
        """Whether the list has this file still: by its MD5, else by its path."""
        if self.is_other_than(file):
            return False
        return bool(self.md5 and file.md5) or self.path == file.path

    def is_other_than(self, file: ListedFile) -> bool:
        """Whether the list has another file now; a sum that it has lost makes it no other."""
        has_other_sum = bool(self.md5 and file.md5) and self.md5 != file.md5
        return self.size != file.size or has_other_sum

    @property
    def validator(self) -> str | None:
        """What goes into If-Range; a weak ETag may not."""
        if self.etag and not self.etag.startswith("W/"):
            return self.etag
        return self.last_modified

    @property
    def listed(self) -> ListedFile:
        """The file, as it was listed."""
        return ListedFile(self.path, self.size, self.md5)


class Part:
    """The part of a file that has arrived.

    It only grows, or is dropped; whoever drops it has compared the whole, or has a list
    that says that the file is another one.

    Parameters
    ----------
    target : Path
        The finished file; the part and its identity lie beside it.
    suffix : str
        Of a second part of the same file, beside the first.
    """

    def __init__(self, target: Path, suffix: str = ""):
        self.target = target
        self.path = target.with_name(f"{target.name}.part{suffix}")
        self._identity_path = target.with_name(f"{target.name}.part{suffix}.json")

    @property
    def rival(self) -> Part:
        """What arrives where the server's file begins with other bytes than this part."""
        return Part(self.target, ".anew")

    @property
    def size(self) -> int:
        """Bytes that are there."""
        return self.path.stat().st_size if self.path.exists() else 0

    def identity(self) -> FileIdentity | None:
        """What the part says that it is of; None if that cannot be told."""
        try:
            with self._identity_path.open("rb") as file:
                found = json.loads(file.read(_IDENTITY_BYTES))
            identity = FileIdentity(
                **{field.name: found[field.name] for field in fields(FileIdentity)}
            )
        except (FileNotFoundError, ValueError, TypeError, KeyError, RecursionError):
            return None
        texts = (identity.md5, identity.etag, identity.last_modified)
        is_sane = isinstance(identity.path, str) and isinstance(identity.size, int)
        if not is_sane or not all(text is None or token(text) == text for text in texts):
            return None
        return identity

    def settle(self, file: ListedFile) -> None:
        """Judge what an earlier run left: dropped if the list says that it is another file.

        If neither that nor the contrary is known, only its identity goes: then its bytes
        are compared with those that come.
        """
        identity = self.identity()
        if self.size > file.size or (identity is not None and identity.is_other_than(file)):
            self.drop()
        elif identity is None or not identity.is_of(file):
            self._identity_path.unlink(missing_ok=True)

    def begin(self, file: ListedFile, answer: Answer) -> None:
        """Note what the answer's bytes are of; what is here stays."""
        identity = FileIdentity(
            file.path,
            file.size,
            file.md5,
            answer.validator("ETag"),
            answer.validator("Last-Modified"),
        )
        # First the identity: bytes without one are compared again.
        write_text(self._identity_path, json.dumps(asdict(identity)))
        self.path.touch()

    def cut(self, n_bytes: int) -> None:
        """Take back what the last answer added, which turned out to be something else."""
        os.truncate(self.path, n_bytes)

    def range_headers(self) -> dict[str, str]:
        """Headers that ask for the rest of the file, if it is still the same."""
        identity = self.identity()
        if not self.size or identity is None:
            return {}
        headers = {"Range": f"bytes={self.size}-"}
        if identity.validator:
            headers["If-Range"] = identity.validator
        return headers

    def is_continued_by(self, answer: Answer) -> bool:
        """Whether an answer with status 206 holds the next bytes of the same file."""
        match = _CONTENT_RANGE.fullmatch(answer.headers.get("Content-Range", "").strip())
        identity = self.identity()
        if match is None or identity is None or parse_size(match[1]) != self.size:
            return False
        for name, known in (("ETag", identity.etag), ("Last-Modified", identity.last_modified)):
            if known and answer.headers.get(name, known) != known:
                return False
        last = parse_size(match[2])
        if last is None or not self.size <= last < identity.size:
            return False
        if answer.length is not None and answer.length != last + 1 - self.size:
            return False
        return match[3] == "*" or parse_size(match[3]) == identity.size

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
