"""One file over HTTP, whole and right, however often the connection breaks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from spe1_builder.disk.os_errors import translated_os_errors
from spe1_builder.errors import DamagedFileError, ListingError
from spe1_builder.progress import Progress, stage
from spe1_builder.source.archive.server.connection import GO_ON, Answer
from spe1_builder.source.archive.server.crcns import Session
from spe1_builder.source.archive.server.listing import ListedFile
from spe1_builder.source.archive.server.patience import Interrupted, Patience, insist
from spe1_builder.source.archive.transfer.part import Part

#: Times that a file is fetched whole before its damage counts as the archive's.
_WHOLE_TRIES = 2


@dataclass(frozen=True)
class Fetcher:
    """Fetches files of one session.

    Attributes
    ----------
    session : Session
    patience : Patience
    progress : Progress
    """

    session: Session
    patience: Patience
    progress: Progress

    def fetch(
        self, file: ListedFile, target: Path, check: Callable[[Path], None], *, keep: bool
    ) -> None:
        """Bring a file, check it, and give it its name.

        Parameters
        ----------
        file : ListedFile
        target : Path
            While it arrives it is ``target.part``, which a later run takes up.
        check : callable
            Takes the whole file's path; a `DamagedFileError` fetches it once more.
            Any other error leaves the part, so that the next run need not fetch it.
        keep : bool
            Whether the file stays, as ``target``, when it has been checked.

        Raises
        ------
        Spe1Error
        """
        part = Part(target)
        if target.exists() and self._is_right(target, check):
            return
        with translated_os_errors(
            target.parent,
            full=f"The disk became full; what has arrived of {file.name} is kept.",
            do_full="free some room, then run the same command again to go on",
            do_access="make that folder writable, or choose another (--raw-dir)",
        ):
            part.keep_if_of(file)
            for tries in range(1, _WHOLE_TRIES + 1):
                self._complete(part, file)
                try:
                    check(part.path)
                    break
                except DamagedFileError as error:
                    part.drop()
                    if tries == _WHOLE_TRIES:
                        raise
                    self.progress.note(f"{error.what} It is fetched once more, from its beginning")
            part.finish(keep=keep)

    def _is_right(self, target: Path, check: Callable[[Path], None]) -> bool:
        """Whether the file that an earlier run finished is right."""
        try:
            check(target)
        except DamagedFileError as error:
            self.progress.note(f"{error.what} It is fetched again")
            return False
        return True

    def _complete(self, part: Part, file: ListedFile) -> None:
        if part.size:
            self.progress.note(f"{file.name}: {part.size / 1e6:,.1f} MB are here already")
        with stage(self.progress, file.name, file.size, "B", part.size):
            insist(
                lambda: self._transfer(part, file),
                self.session.login,
                self.patience,
                self.progress,
                lambda: part.size,
            )

    def _transfer(self, part: Part, file: ListedFile) -> None:
        """Ask for what is missing, and add what comes.

        Raises
        ------
        Interrupted, LoggedOut
            It did not come whole.
        """
        if part.identity() is not None and part.path.exists() and part.size == file.size:
            return
        with self.session.open(file.path, part.range_headers()) as answer:
            self._prepare(part, file, answer)
            self._check_length(part, file, answer)
            with part.path.open("ab", buffering=0) as out:
                self._append(answer, out, part.size, file)
        if part.size < file.size:
            raise Interrupted(
                self._wrong_length(file, f"{part.size} bytes, and then the connection's end"),
                f"broke off at {part.size / 1e6:,.1f} of {file.size / 1e6:,.1f} MB",
            )

    def _prepare(self, part: Part, file: ListedFile, answer: Answer) -> None:
        """See to it that what comes can be appended."""
        n_bytes = part.size
        if answer.status == 206 and n_bytes and part.is_continued_by(answer):
            return
        if n_bytes:
            self.progress.advance(-n_bytes)
        if answer.status != 200:
            part.drop()
            reason = f"{file.name}: the archive cannot go on from byte {n_bytes}"
            raise Interrupted(self._wrong_length(file, f"status {answer.status}"), reason)
        if n_bytes:
            self.progress.note(f"{file.name}: the archive sends it from the beginning again")
        part.begin(file, answer)

    def _check_length(self, part: Part, file: ListedFile, answer: Answer) -> None:
        declared = answer.headers.get("Content-Length", "")
        n_bytes = part.size + int(declared) if declared.isdecimal() else file.size
        # A range may hold less than was asked for; the next one brings the rest.
        if n_bytes > file.size or (n_bytes < file.size and answer.status == 200):
            raise self._wrong_length(file, f"{n_bytes} bytes")

    def _append(self, answer: Answer, out: BinaryIO, n_bytes: int, file: ListedFile) -> None:
        for chunk in answer.chunks():
            n_bytes += len(chunk)
            if n_bytes > file.size:
                raise self._wrong_length(file, f"more than {file.size} bytes")
            rest = memoryview(chunk)
            while rest:  # an unbuffered write may take a part
                rest = rest[out.write(rest) :]
            self.progress.advance(len(chunk))

    def _wrong_length(self, file: ListedFile, got: str) -> ListingError:
        return ListingError(
            f"The archive sends {file.name} with another length than it lists.",
            where=f"{self.session.where}/{file.path}",
            expected=f"{file.size} bytes",
            got=got,
            do=f"{GO_ON}; if it stays so, the archive's filelist.txt is out of date: tell CRCNS, "
            "or take another copy (--from)",
        )
