"""Cells from an origin into the raw folder: shared files first, then each cell, atomically."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from spe1_builder.cells import get_cell
from spe1_builder.disk.atomic import sync_tree
from spe1_builder.disk.locks import held_lock
from spe1_builder.errors import (
    ChecksumError,
    DamagedFileError,
    ListingError,
    OptionError,
    RawDataError,
)
from spe1_builder.layout import CHAN_MAP_NAME, SUMMARY_NAME, RawLayout
from spe1_builder.probe import read_positions_um
from spe1_builder.progress import Progress
from spe1_builder.source.archive.server.listing import ListedFile, Listing
from spe1_builder.source.archive.transfer.checksums import check_sum
from spe1_builder.source.archive.transfer.disk import disk_errors
from spe1_builder.source.archive.transfer.origin import Origin
from spe1_builder.source.archive.transfer.part import Part
from spe1_builder.source.archive.transfer.space import SpaceNeeded, plan_space
from spe1_builder.source.archive.transfer.unpack import unpack
from spe1_builder.source.recording.held_lengths import require_lengths
from spe1_builder.source.recording.raw import open_raw_cell
from spe1_builder.source.recording.summary import Summary, read_summary

#: Seconds to wait for another run that is fetching the two small shared files.
_SHARED_FILES_WAIT_S = 120.0


@dataclass(frozen=True)
class DownloadedCell:
    """A cell that is in the raw folder, checked.

    Attributes
    ----------
    cell_id : str
    folder : Path
    status : str
        "downloaded" or "already here".
    n_bytes : int
        Of its files.
    """

    cell_id: str
    folder: Path
    status: str
    n_bytes: int


class Download:
    """Brings cells of one origin into one raw folder.

    Parameters
    ----------
    raw_dir : Path
        Made if it is not there.
    origin : Origin
    keep_archive : bool
        Whether a packed cell stays beside the unpacked one.

    Raises
    ------
    OptionError
        The folder is a file, or holds a simulated archive.
    AccessError
        It cannot be written.
    """

    def __init__(self, raw_dir: Path, origin: Origin, *, keep_archive: bool = False):
        self._layout, self._origin = RawLayout(Path(raw_dir)), origin
        self._keep_archive = keep_archive
        self._listing: Listing | None = None
        self._summary: Summary | None = None
        self._private = self._layout.raw_dir / ".spe1"
        with self._disk_errors():
            _refuse_foreign(self._layout)
            self._private.mkdir(parents=True, exist_ok=True)
            self._layout.recordings.mkdir(exist_ok=True)

    def shared_files(self, progress: Progress) -> None:
        """Bring the channel map and the summary; those that are there are only read.

        Raises
        ------
        Spe1Error
        """
        readers: dict[str, Callable[[Path], object]] = {
            CHAN_MAP_NAME: read_positions_um,
            SUMMARY_NAME: read_summary,
        }
        lock = self._private / "side_files.lock"
        with (
            self._disk_errors(),
            held_lock(lock, "the shared files", wait_s=_SHARED_FILES_WAIT_S),
        ):
            for name, read in readers.items():
                target = self._layout.raw_dir / name
                if not target.exists():
                    file = self._list(progress).shared_file(name)
                    check = partial(_check_shared, file=file, read=read, progress=progress)
                    self._origin.fetch(file, target, check, progress, keep=True)
                read(target)

    def require_space(
        self, cell_ids: Sequence[str], root: Path | None, window_s: float, progress: Progress
    ) -> SpaceNeeded | None:
        """Check the disks for the cells that are not here; needs the shared files.

        Parameters
        ----------
        cell_ids : sequence of str
        root : Path, optional
            Where the cells will be built, if room is to be kept for that.
        window_s : float
            Longest analysis window of that build.

        Returns
        -------
        SpaceNeeded or None
            What it will take; None if every cell is here.

        Raises
        ------
        SpaceError, ListingError
        """
        with self._disk_errors():
            return self._require_space(cell_ids, root, window_s, progress)

    def _require_space(
        self, cell_ids: Sequence[str], root: Path | None, window_s: float, progress: Progress
    ) -> SpaceNeeded | None:
        missing = [cell_id for cell_id in cell_ids if not self._is_here(cell_id)]
        if not missing:
            return None
        listing, cells = self._list(progress), []
        for cell_id in missing:
            with suppress(ListingError):  # told when that cell's turn comes
                cells.append(listing.cell(cell_id))
        fetched = {
            cell.cell_id: Part(self._archive_path(cell.packed)).size
            for cell in cells
            if cell.packed is not None
        }
        needed = plan_space(
            cells,
            self._known_summary(),
            fetched=fetched,
            is_local=self._origin.is_local,
            keep_archive=self._keep_archive,
            window_s=window_s,
        )
        needed.require(self._layout.raw_dir, root)
        return needed

    def cell(self, cell_id: str, progress: Progress) -> DownloadedCell:
        """Bring one cell, or find it here; it appears by one rename. Needs the shared files.

        Raises
        ------
        Spe1Error
            BusyError if another run is bringing this cell.
        """
        get_cell(cell_id)
        folder = self._layout.cell_dir(cell_id)
        lock = self._private / f"{cell_id}.download.lock"
        with self._disk_errors(), held_lock(lock, cell_id):
            is_here = self._is_here(cell_id)
            if is_here:
                self._check_raw(cell_id, folder)
                self._clear(cell_id, progress)
            else:
                files = self._list(progress).cell(cell_id)
                if files.packed is not None:
                    self._bring_packed(cell_id, files.packed, progress)
                else:
                    self._bring_loose(cell_id, files.loose, progress)
            n_bytes = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
        return DownloadedCell(cell_id, folder, "already here" if is_here else "downloaded", n_bytes)

    def _bring_packed(self, cell_id: str, file: ListedFile, progress: Progress) -> None:
        def put_in_place(archive: Path) -> None:
            staging = self._staging(cell_id)
            _empty(staging)
            try:
                self._put_in_place(cell_id, unpack(archive, file, staging, progress))
            finally:
                shutil.rmtree(staging, ignore_errors=True)

        # A packed file on this machine is read where it lies.
        keep = self._keep_archive and not self._origin.is_local
        self._origin.fetch(file, self._archive_path(file), put_in_place, progress, keep=keep)

    def _bring_loose(self, cell_id: str, files: Sequence[ListedFile], progress: Progress) -> None:
        incoming = self._incoming(cell_id)
        incoming.mkdir(exist_ok=True)
        for file in files:
            check = partial(check_sum, file=file, progress=progress)
            self._origin.fetch(file, incoming / file.name, check, progress, keep=True)
        self._put_in_place(cell_id, incoming)

    def _put_in_place(self, cell_id: str, staging: Path) -> None:
        self._check_raw(cell_id, staging)
        sync_tree(staging)
        staging.rename(self._layout.cell_dir(cell_id))

    def _check_raw(self, cell_id: str, folder: Path) -> None:
        row = self._known_summary().row(cell_id)
        raw = open_raw_cell(
            self._layout.raw_dir, cell_id, cell_dir=folder, patch_rate_hz=row.patch_rate_hz
        )
        require_lengths(raw, row)

    def _clear(self, cell_id: str, progress: Progress) -> None:
        """Remove what a run left that was killed right after the rename.

        It may have been killed before the packed file, which was to be kept, had its name.
        """
        for name in (f"{cell_id}.tar.gz", f"{cell_id}.tgz"):
            part = Part(self._layout.raw_dir / name)
            if self._keep_archive and not part.target.exists() and _is_right(part, progress):
                part.finish(keep=True)
            part.drop()
            part.rival.drop()
        for folder in (self._staging(cell_id), self._incoming(cell_id)):
            shutil.rmtree(folder, ignore_errors=True)

    def _is_here(self, cell_id: str) -> bool:
        folder = self._layout.cell_dir(cell_id)
        return folder.is_dir() and any(folder.iterdir())

    def _known_summary(self) -> Summary:
        if self._summary is None:
            self._summary = read_summary(self._layout.summary)
        return self._summary

    def _list(self, progress: Progress) -> Listing:
        if self._listing is None:
            self._listing = self._origin.listing(progress)
        return self._listing

    def _archive_path(self, file: ListedFile) -> Path:
        return self._layout.raw_dir / file.name

    def _staging(self, cell_id: str) -> Path:
        return self._layout.recordings / f".{cell_id}.extracting"

    def _incoming(self, cell_id: str) -> Path:
        return self._layout.recordings / f".{cell_id}.incoming"

    def _disk_errors(self) -> AbstractContextManager[None]:
        return disk_errors(self._layout.raw_dir)


def _check_shared(
    path: Path, file: ListedFile, read: Callable[[Path], object], progress: Progress
) -> None:
    """Hold a shared file to its sum, and read it; without a sum, what cannot be read is damaged."""
    check_sum(path, file, progress)
    try:
        read(path)
    except RawDataError as error:
        if file.md5 is not None:
            raise
        raise DamagedFileError(
            f"{file.name} cannot be read, and no sum of it is published.",
            where=path,
            got=error.what,
            do="run the same command again, or take another copy (--from)",
        ) from error


def _is_right(part: Part, progress: Progress) -> bool:
    """Whether a part is the whole of what it says that it is a part of."""
    identity = part.identity()
    if identity is None or part.size != identity.size:
        return False
    try:
        check_sum(part.path, identity.listed, progress)
    except ChecksumError:
        return False
    return True


def _empty(folder: Path) -> None:
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir()


def _refuse_foreign(layout: RawLayout) -> None:
    from spe1_builder.source.simulation.truth import simulated_cells

    if layout.raw_dir.exists() and not layout.raw_dir.is_dir():
        raise OptionError(
            "The raw folder is not a folder.",
            where=layout.raw_dir.absolute(),
            do="choose another (--raw-dir)",
        )
    if simulated_cells(layout.raw_dir):
        raise OptionError(
            "The raw folder holds a simulated archive: real cells do not go there.",
            where=layout.raw_dir.absolute(),
            expected="a new folder, or one that holds the release",
            do="choose another (--raw-dir)",
        )
