"""One file over HTTP, whole and right, however often the connection breaks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from spe1_builder.errors import DamagedFileError
from spe1_builder.patience import Patience, insist
from spe1_builder.progress import Progress, stage
from spe1_builder.source.archive.server.crcns import Session
from spe1_builder.source.archive.server.listing import ListedFile
from spe1_builder.source.archive.transfer.arrival import Arrival
from spe1_builder.source.archive.transfer.disk import disk_errors
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
        with disk_errors(target.parent):
            if target.exists() and self._is_right(target, check):
                return
            part.settle(file)
            part.rival.settle(file)
            for tries in range(1, _WHOLE_TRIES + 1):
                whole = self._complete(part, file)
                try:
                    check(whole.path)
                    break
                except DamagedFileError as error:
                    whole.drop()
                    if tries == _WHOLE_TRIES:
                        raise
                    self.progress.note(f"{error.what} It is fetched once more")
            whole.finish(keep=keep)
            part.drop()
            part.rival.drop()

    def _is_right(self, target: Path, check: Callable[[Path], None]) -> bool:
        """Whether the file that an earlier run finished is right."""
        try:
            check(target)
        except DamagedFileError as error:
            self.progress.note(f"{error.what} It is fetched again")
            return False
        return True

    def _complete(self, part: Part, file: ListedFile) -> Part:
        arrival = Arrival(self.session, file, part, self.progress)
        n_bytes = arrival.current.size
        if n_bytes:
            self.progress.note(f"{file.name}: {n_bytes / 1e6:,.1f} MB are here already")
        with stage(self.progress, file.name, file.size, "B", n_bytes):
            return insist(
                arrival.go_on,
                self.session.login,
                self.patience,
                self.progress,
                lambda: arrival.n_bytes,
            )
