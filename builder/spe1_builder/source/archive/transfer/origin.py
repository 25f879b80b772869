"""Where cells come from: a server (CRCNS, a mirror), or a folder that somebody filled."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol, TypeVar
from urllib.parse import urlsplit

from spe1_builder.disk.space import require_space
from spe1_builder.errors import ListingError, MissingFileError, OptionError
from spe1_builder.patience import Interrupted, Patience, insist
from spe1_builder.progress import Progress, stage
from spe1_builder.source.archive.server.address import check_url, is_url
from spe1_builder.source.archive.server.connection import Timeouts
from spe1_builder.source.archive.server.crcns import CRCNS_URL, DATASET, NotThereError, Session
from spe1_builder.source.archive.server.credentials import Credentials, find_credentials
from spe1_builder.source.archive.server.limits import read_list
from spe1_builder.source.archive.server.listing import (
    CHECKSUMS_NAME,
    FILELIST_NAME,
    ListedFile,
    Listing,
    join_checksums,
    parse_checksums,
    parse_filelist,
)
from spe1_builder.source.archive.transfer.fetch import Fetcher

T = TypeVar("T")
#: Another CRCNS, for tests and for the day when it moves.
URL_VARIABLE = "SPE1_CRCNS_URL"
#: Tries before the first answer: an address that is wrong should say so soon.
_FIRST_TRIES = 4
_COPY_BYTES = 1 << 22
#: Folders below a copy's top that are looked into: ``spe-1/data/Recordings/c14``.
_DEEPEST = 5


class Origin(Protocol):
    """Gives the list of files, and the files."""

    @property
    def is_local(self) -> bool:
        """Whether its files lie on this machine."""

    def listing(self, progress: Progress) -> Listing:
        """Every file that is there.

        Raises
        ------
        Spe1Error
        """

    def fetch(
        self,
        file: ListedFile,
        target: Path,
        check: Callable[[Path], None],
        progress: Progress,
        *,
        keep: bool,
    ) -> None:
        """Bring a file, check it whole, and leave it as ``target`` if ``keep``.

        Raises
        ------
        Spe1Error
        """


@dataclass(frozen=True)
class OriginOptions:
    """Where to fetch from, and how patiently.

    Attributes
    ----------
    source : str, optional
        A copy: a folder, or the address of one; CRCNS if left out.
    base_url : str, optional
        CRCNS's download address; default `URL_VARIABLE` of the environment, or NERSC's.
    patience : Patience
    timeouts : Timeouts
    """

    source: str | None = None
    base_url: str | None = None
    patience: Patience = field(default_factory=Patience)
    timeouts: Timeouts = field(default_factory=Timeouts)

    @property
    def folder(self) -> Path | None:
        """The folder that is copied, if it is one."""
        return None if self.source is None or is_url(self.source) else Path(self.source)

    def absolute(self) -> OriginOptions:
        """The same wherever a process runs, and whatever is in its environment."""
        if self.folder is not None:
            return replace(self, source=str(self.folder.absolute()))
        if self.source is not None:
            return self
        return replace(self, base_url=self.base_url or os.environ.get(URL_VARIABLE))


def crcns_url(base_url: str | None, environment: Mapping[str, str] = os.environ) -> str:
    """CRCNS's address: as given, as in the environment, or NERSC's."""
    return base_url or environment.get(URL_VARIABLE) or CRCNS_URL


@contextmanager
def open_origin(
    options: OriginOptions, prompt: Callable[[], Credentials] | None = None
) -> Iterator[Origin]:
    """The origin that the options name; nothing is sent before it is asked.

    Parameters
    ----------
    options : OriginOptions
    prompt : callable, optional
        Asks a person for the account.

    Raises
    ------
    OptionError, MissingFileError
        An address or a folder that cannot be one.
    """
    if options.source is not None and options.base_url is not None:
        raise OptionError(
            "A copy and CRCNS's address are given: only one can be the origin.",
            where="--from and --base-url",
            do="leave one of them out",
        )
    if options.folder is not None:
        yield LocalOrigin(options.folder)
    elif options.source is not None:
        url = check_url(options.source, "--from", has_login=False)
        with Session(url, "", None, options.timeouts) as session:
            yield HttpOrigin(session, options.patience)
    else:
        option = "--base-url" if options.base_url else URL_VARIABLE
        url = check_url(crcns_url(options.base_url), option, has_login=True)

        def account() -> Credentials:
            return find_credentials([urlsplit(url).hostname or ""], prompt)

        with Session(url, DATASET, account, options.timeouts) as session:
            yield HttpOrigin(session, options.patience)


@dataclass(frozen=True)
class HttpOrigin:
    """CRCNS, or a mirror that holds ``filelist.txt`` and, if it can, ``checksums.md5``."""

    session: Session
    patience: Patience
    is_local: bool = False

    def listing(self, progress: Progress) -> Listing:
        patience = replace(self.patience, attempts=min(_FIRST_TRIES, self.patience.attempts))

        def read(name: str, parse: Callable[[str, str], dict[str, T]]) -> dict[str, T]:
            def read_once() -> dict[str, T]:
                text = self.session.read_text(name)
                try:
                    return parse(text, f"{self.session.where}/{name}")
                except ListingError as error:
                    # It may be something else that answered in its place.
                    trouble = Interrupted(error, f"{name} cannot be read")
                raise trouble

            return insist(read_once, self.session.login, patience, progress)

        try:
            sizes = read(FILELIST_NAME, parse_filelist)
        except NotThereError as error:
            raise ListingError(
                f"There is no {FILELIST_NAME}, which tells where the files are.",
                where=self.session.where,
                do="check --base-url (--from); a mirror of yours gets one by: "
                "find . -type f -printf '%p %s\\n' > filelist.txt; "
                "find . -name 'c*' -type f -exec md5sum {} + > checksums.md5",
            ) from error
        sums: dict[str, str] = {}
        try:
            sums = read(CHECKSUMS_NAME, parse_checksums)
        except NotThereError:
            progress.note(f"no {CHECKSUMS_NAME} there: files are checked by size and by opening")
        return Listing(self.session.where, join_checksums(sizes.items(), sums))

    def fetch(
        self,
        file: ListedFile,
        target: Path,
        check: Callable[[Path], None],
        progress: Progress,
        *,
        keep: bool,
    ) -> None:
        Fetcher(self.session, self.patience, progress).fetch(file, target, check, keep=keep)


class LocalOrigin:
    """A folder that holds packed cells or unpacked ones, as the copy on Google Drive does.

    Raises
    ------
    MissingFileError
        There is no such folder.
    OptionError
        Its recordings were simulated.
    """

    is_local = True

    def __init__(self, folder: Path):
        from spe1_builder.source.simulation.truth import simulated_cells

        if not folder.is_dir():
            raise MissingFileError(
                "The folder to copy from is not there.",
                where=folder.absolute(),
                do="name the folder that holds chanMap.mat and the cells (--from DIR)",
            )
        if simulated_cells(folder):
            raise OptionError(
                "The folder to copy from holds simulated recordings.",
                where=folder.absolute(),
                expected="a copy of the release",
                do=f"build from it as it is: spe1 build c14 --raw-dir {folder}",
            )
        self._folder = folder

    def listing(self, progress: Progress) -> Listing:
        sizes = {
            path.relative_to(self._folder).as_posix(): path.stat().st_size
            for depth in range(_DEEPEST)  # links are followed, but not in circles
            for path in self._folder.glob("*/" * depth + "*")
            if path.is_file()
        }
        filelist, checksums = self._folder / FILELIST_NAME, self._folder / CHECKSUMS_NAME
        if filelist.is_file():
            # Its sizes hold, so that a file that was cut short is found.
            listed = parse_filelist(read_list(filelist), str(filelist))
            sizes |= {path: size for path, size in listed.items() if path in sizes}
        sums = {}
        if checksums.is_file():
            sums = parse_checksums(read_list(checksums), str(checksums))
        return Listing(str(self._folder), join_checksums(sizes.items(), sums))

    def fetch(
        self,
        file: ListedFile,
        target: Path,
        check: Callable[[Path], None],
        progress: Progress,
        *,
        keep: bool,
    ) -> None:
        source = self._folder / file.path
        check(source)
        if not keep or (target.exists() and target.samefile(source)):
            return
        partial = target.with_name(f"{target.name}.part")
        partial.unlink(missing_ok=True)
        try:
            os.link(source.resolve(), partial)
        except OSError:  # another file system, or one without hard links
            _copy(source, partial, file, progress)
        partial.replace(target)


def _copy(source: Path, target: Path, file: ListedFile, progress: Progress) -> None:
    do = "free some room, or build from the copy as it is (--raw-dir)"
    require_space(target.parent, file.size, f"a copy of {file.name}", do=do)
    try:
        with (
            source.open("rb") as data,
            target.open("wb") as out,
            stage(progress, f"copy {file.name}", file.size, "B"),
        ):
            while chunk := data.read(_COPY_BYTES):
                out.write(chunk)
                progress.advance(len(chunk))
        shutil.copystat(source, target)
    except BaseException:
        target.unlink(missing_ok=True)
        raise
