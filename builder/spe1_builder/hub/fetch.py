"""Cells from a data set on the Hub into a root of this machine, held to their hashes."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

from spe1_builder.cells import catalogue, expand_cells
from spe1_builder.dataset.card.root_files import write_card
from spe1_builder.dataset.write.root import prepare_root
from spe1_builder.dataset.write.transaction import clear_leftovers, growing_cell, locked
from spe1_builder.disk.os_errors import translated_os_errors
from spe1_builder.disk.space import require_space
from spe1_builder.errors import MissingFileError, OptionError
from spe1_builder.hub.arrived import Arrival, is_here, require_whole
from spe1_builder.hub.fetch_errors import hub_errors
from spe1_builder.hub.shared_files import bring_shared_files
from spe1_builder.hub.snapshot import Snapshot, find_snapshot
from spe1_builder.layout import METADATA_NAME, RootLayout
from spe1_builder.paths import local_path
from spe1_builder.progress import Progress, Silent, stage


@dataclass(frozen=True)
class FetchedCell:
    """A cell after `fetch`.

    Attributes
    ----------
    cell_id : str
    status : {"fetched", "up to date"}
    folder : Path
    n_bytes : int
        Of its files.
    """

    cell_id: str
    status: Literal["fetched", "up to date"]
    folder: Path
    n_bytes: int


@dataclass(frozen=True)
class FetchResult:
    """What `fetch` brought.

    Attributes
    ----------
    repo : str
    revision : str
        The commit that everything is of.
    root : Path
    cells : tuple of FetchedCell
    """

    repo: str
    revision: str
    root: Path
    cells: tuple[FetchedCell, ...]


def fetch(
    repo: str,
    cells: str | Iterable[str] | None = None,
    root: str | Path = "spe1",
    *,
    revision: str | None = None,
    force: bool = False,
    progress: Progress | None = None,
) -> FetchResult:
    """Bring built cells from a data set on the Hugging Face Hub into a root of this machine.

    A cell appears in the root, in one step, when all of its files have come and are what its
    metadata list, by size and hash; what was there before stays until then. Run it again after
    an interruption: it goes on where it stopped. The card and the views are made here, of the
    cells that are present.

    Parameters
    ----------
    repo : str
        ``user/name`` of the data set.
    cells : str or iterable of str, optional
        Cells, or sets; by default all that it has.
    root : str or Path
        Dataset root.
    revision : str, optional
        Branch, tag or commit; default: the newest.
    force : bool
        Replace a cell that is there and was built from other data or with other options.
    progress : Progress, optional

    Returns
    -------
    FetchResult

    Raises
    ------
    OptionError, UnknownCellError
        There can be no such data set, cell or root.
    MissingFileError
        The Hub has no such data set, or that has no such cell.
    LoginError, ServerError
        The Hub does not give it.
    DamagedFileError
        A file did not come as its cell's metadata list it.
    StaleOutputError
        Another build of the cell is there.
    SpaceError, AccessError, BusyError
        The root cannot be written.
    """
    place, progress = local_path(root, "root"), progress or Silent()
    if not isinstance(repo, str) or "://" in repo:
        raise OptionError(
            "This is no name of a data set on the Hub.",
            where="repo",
            expected="user/name",
            got=f"{repo!r:.200}",
            do="give it as on its page, without https:// or hf://datasets/",
        )
    with hub_errors(repo):
        snapshot = find_snapshot(repo, revision)
    chosen = _choose(snapshot, cells)
    layout = prepare_root(place)
    with locked(layout, "fetch"):
        arrival = Arrival(layout.private / "fetch" / f"{repo.replace('/', '--')}@{snapshot.commit}")
        _forget_others(arrival.folder)
        with translated_os_errors(layout.root, full="The disk is full.", do_full=_FREE_ROOM):
            arrival.folder.mkdir(parents=True, exist_ok=True)
            bring_shared_files(layout, snapshot, arrival)
            try:
                done = [
                    _fetch_cell(layout, snapshot, arrival, cell_id, force, progress)
                    for cell_id in chosen
                ]
            finally:
                if layout.built_cells():
                    write_card(layout.root, progress=progress)
            shutil.rmtree(arrival.folder)
    return FetchResult(repo, snapshot.commit, layout.root, tuple(done))


_FREE_ROOM = "free some room, then run the same again: it goes on where it stopped"


def _choose(snapshot: Snapshot, cells: str | Iterable[str] | None) -> list[str]:
    there = [name for name in catalogue() if f"{name}/{METADATA_NAME}" in snapshot.sizes]
    chosen = there if cells is None else expand_cells(cells)
    absent = [cell_id for cell_id in chosen if cell_id not in there]
    if absent or not chosen:
        raise MissingFileError(
            f"The data set has no {', '.join(absent)}." if absent else "The data set has no cell.",
            where=f"{snapshot.repo} at {snapshot.commit[:12]}",
            got=f"there: {', '.join(there) or 'none'}",
            do="choose cells that are there, or another data set",
        )
    return chosen


def _forget_others(folder: Path) -> None:
    """What interrupted runs left of other commits, which nobody goes on with."""
    if folder.parent.is_dir():
        for other in folder.parent.iterdir():
            if other != folder:
                shutil.rmtree(other)


def _fetch_cell(
    layout: RootLayout,
    snapshot: Snapshot,
    arrival: Arrival,
    cell_id: str,
    force: bool,
    progress: Progress,
) -> FetchedCell:
    cell = layout.cell(cell_id)
    with locked(layout, cell_id):
        clear_leftovers(layout, cell_id)
        with hub_errors(snapshot.repo):
            arrival.bring(snapshot, [f"{cell_id}/{METADATA_NAME}"])
        metadata = arrival.metadata(cell_id)
        n_bytes = sum(record.size for record in metadata.files)
        if is_here(cell, metadata, force):
            return FetchedCell(cell_id, "up to date", cell, n_bytes)
        names = [f"{cell_id}/{record.path}" for record in metadata.files]
        _require_there(snapshot, names)
        # What an earlier run brought takes its room already.
        missing = n_bytes - arrival.n_bytes(cell_id)
        require_space(layout.root, max(0, missing), cell_id, do=_FREE_ROOM)
        with stage(progress, f"fetch {cell_id}", n_bytes, "B"), hub_errors(snapshot.repo):
            arrival.bring(snapshot, names, progress.advance)
        require_whole(snapshot, arrival, cell_id, metadata, progress)
        with growing_cell(layout, cell_id, partial(_list_cell, layout.root, cell_id)) as folder:
            for path in sorted((arrival.folder / cell_id).iterdir()):
                path.rename(folder / path.name)
        clear_leftovers(layout, cell_id)
    return FetchedCell(cell_id, "fetched", cell, n_bytes)


def _list_cell(root: Path, cell_id: str, is_there: bool) -> None:
    write_card(root, without=None if is_there else cell_id)


def _require_there(snapshot: Snapshot, names: Iterable[str]) -> None:
    sizes: Mapping[str, int] = snapshot.sizes
    for name in names:
        if name not in sizes:
            raise MissingFileError(
                "The data set lacks a file of a cell.",
                where=f"{snapshot.repo}/{name}",
                do="tell whoever published it; other cells may be whole",
            )
