"""How the bytes of one file come to lie in its part, whatever a server answers.

A part is never replaced. What is asked for is what is missing; where the server sends the
file from its beginning instead, its bytes are compared with those that are here, and what
goes beyond them is added. Where they differ, one of the two is wrong, and nobody can tell
which: the new ones go into a second part, the rival, until one is whole and can be
compared with what the archive publishes. What is no answer to the question adds nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from typing import BinaryIO

from spe1_builder.errors import ListingError
from spe1_builder.patience import Interrupted
from spe1_builder.progress import Progress
from spe1_builder.source.archive.server.connection import Answer
from spe1_builder.source.archive.server.crcns import Session
from spe1_builder.source.archive.server.listing import ListedFile
from spe1_builder.source.archive.server.troubles import GO_ON
from spe1_builder.source.archive.transfer.part import Part

#: Answers in a row that were no continuation, after which the whole file is asked for as often.
_ODD_RANGES = 2
_COPY_BYTES = 1 << 20


class Arrival:
    """One file on its way.

    Parameters
    ----------
    session : Session
    file : ListedFile
    part : Part
    progress : Progress
        Its running stage counts the bytes of the part that grows.
    """

    def __init__(self, session: Session, file: ListedFile, part: Part, progress: Progress):
        self._session, self._file, self._progress = session, file, progress
        self._parts = (part, part.rival)
        self._odd_ranges = 0
        self._shown = self.current.size

    @property
    def n_bytes(self) -> int:
        """All that is here; grows with every byte that is gained."""
        return sum(part.size for part in self._parts)

    @property
    def current(self) -> Part:
        """The part that is asked to go on: the rival, where there is one."""
        part, rival = self._parts
        return rival if rival.size else part

    @property
    def whole(self) -> Part | None:
        """The part that has all its bytes and can be compared, if one has."""
        for part in self._parts:
            # Without sum and identity only its length would speak for it.
            is_known = self._file.md5 is not None or part.identity() is not None
            if part.size == self._file.size and part.path.exists() and is_known:
                return part
        return None

    def go_on(self) -> Part:
        """Ask for what is missing, and add what comes; the part that is whole by it.

        Raises
        ------
        Interrupted, LoggedOut
            It did not come whole.
        Spe1Error
        """
        whole = self.whole or self._empty()
        if whole is not None:
            return whole
        part = self.current
        asks_rest = self._odd_ranges % (2 * _ODD_RANGES) < _ODD_RANGES
        headers = part.range_headers() if asks_rest else {}
        n_before = self.n_bytes
        with self._session.open(self._file.path, headers) as answer:
            if answer.status == 206 and headers and part.is_continued_by(answer):
                self._append(part, answer, answer.chunks())
            elif answer.status == 200:
                self._from_beginning(answer)
            else:
                self._odd_ranges += 1
                raise self._session.odd(self._file.path, answer)
        if self.n_bytes > n_before:
            self._odd_ranges = 0
        whole = self.whole
        if whole is None:
            n_bytes = self.current.size
            raise Interrupted(
                self._wrong_length(f"{n_bytes} bytes, and then the connection's end").error,
                f"broke off at {n_bytes / 1e6:,.1f} of {self._file.size / 1e6:,.1f} MB",
            )
        return whole

    def _empty(self) -> Part | None:
        """The part of a file without a byte, of which no server need be asked."""
        if self._file.size:
            return None
        self._parts[0].path.touch()
        return self._parts[0]

    def _from_beginning(self, answer: Answer) -> None:
        """Compare what comes with what is here, and add what goes beyond it."""
        if answer.length not in (None, self._file.size):
            raise self._wrong_length(answer.describe())
        if self.n_bytes:
            self._progress.note(
                f"{self._file.name}: the archive sends it from the beginning; what is here "
                "is compared"
            )
        chunks = answer.chunks()
        part, rest = self._compared(answer, chunks)
        part.begin(self._file, answer)
        self._append(part, answer, _chain(rest, chunks))

    def _compared(self, answer: Answer, chunks: Iterator[bytes]) -> tuple[Part, bytes]:
        """The part that the answer's bytes go on, and the first of these.

        That is a part all of whose bytes have come again, or else the rival, made anew.
        """
        position = 0
        with ExitStack() as stack:
            alike = {
                part: stack.enter_context(part.path.open("rb")) for part in self._parts if part.size
            }
            if not alike:
                return self._parts[0], b""
            for chunk in chunks:
                last = next(iter(alike))
                for part, here in list(alike.items()):
                    known = here.read(len(chunk))
                    if not chunk.startswith(known):
                        del alike[part]
                    elif len(known) < len(chunk) or position + len(known) == part.size:
                        return part, chunk[len(known) :]
                if not alike:
                    return self._begin_rival(answer, last, position), chunk
                position += len(chunk)
        if answer.has_clear_end:
            raise self._wrong_length(answer.describe(position))
        raise Interrupted(
            self._wrong_length(f"{position} bytes, and then the connection's end").error,
            f"broke off at {position / 1e6:,.1f} MB, which were here already",
        )

    def _begin_rival(self, answer: Answer, like: Part, n_alike: int) -> Part:
        """A second part for other bytes, with the first ones, which are the same."""
        if answer.length is None:
            # Nothing says that this is the file at all.
            raise self._session.odd(self._file.path, answer, n_alike)
        self._progress.note(
            f"{self._file.name}: other bytes come than are here already; they are fetched "
            "beside them, and both are compared with the published sum"
        )
        rival = self._parts[1]
        if like is rival:
            rival.cut(n_alike)
            return rival
        rival.drop()
        with like.path.open("rb") as source, rival.path.open("wb", buffering=0) as out:
            while n_alike and (chunk := source.read(min(n_alike, _COPY_BYTES))):
                _write_all(out, chunk)
                n_alike -= len(chunk)
        return rival

    def _append(self, part: Part, answer: Answer, chunks: Iterator[bytes]) -> None:
        n_before = n_bytes = part.size
        self._show(n_bytes)
        with part.path.open("ab", buffering=0) as out:
            for chunk in chunks:
                room = self._file.size - n_bytes
                _write_all(out, chunk[:room])
                n_bytes += min(len(chunk), room)
                self._show(n_bytes)
                if len(chunk) > room:
                    self._judge_surplus(part, n_before)
                    return
        if n_bytes < self._file.size and answer.status == 200 and answer.has_clear_end:
            part.cut(n_before)
            raise self._wrong_length(answer.describe(n_bytes))

    def _judge_surplus(self, part: Part, n_before: int) -> None:
        """More comes than is listed: the published sum tells whether the rest is the file."""
        if self._file.md5 is None:
            part.cut(n_before)
            raise self._wrong_length(f"more than {self._file.size} bytes")

    def _show(self, n_bytes: int) -> None:
        self._progress.advance(n_bytes - self._shown)
        self._shown = n_bytes

    def _wrong_length(self, got: str) -> Interrupted:
        error = ListingError(
            f"The archive sends {self._file.name} with another length than it lists.",
            where=f"{self._session.where}/{self._file.path}",
            expected=f"{self._file.size} bytes",
            got=got,
            do=f"{GO_ON}; if it stays so, something answers in the archive's place, or its "
            "filelist.txt is out of date: tell CRCNS, or take another copy (--from)",
        )
        return Interrupted(error, f"{self._file.name} comes with another length than is listed")


def _chain(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    if first:
        yield first
    yield from rest


def _write_all(out: BinaryIO, data: bytes) -> None:
    rest = memoryview(data)
    while rest:  # an unbuffered write may take a part
        rest = rest[out.write(rest) :]
