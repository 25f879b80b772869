"""What lies beside the cells of a root and is made from them: views, card, and index of hashes.

All are written under one lock, by whatever changes the root: a build, the benchmark, ``spe1
card``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from spe1_builder.dataset.card.card import TAGS, BuiltCell, card_text, read_built_cells
from spe1_builder.dataset.card.configs import card_configs
from spe1_builder.dataset.card.croissant.document import LISTED_FILES, croissant_text
from spe1_builder.dataset.card.kept import KeptPart, read_kept, require_repo_id
from spe1_builder.dataset.plan.fingerprint import HashCache
from spe1_builder.dataset.scraps.shard import scraps_shard, write_scraps
from spe1_builder.dataset.views.shards import (
    cell_shards,
    clear_shards,
    is_lacking,
    listed_shards,
    make_cell_shards,
)
from spe1_builder.disk.atomic import write_bytes, write_text
from spe1_builder.disk.locks import held_lock
from spe1_builder.disk.os_errors import translated_os_errors
from spe1_builder.errors import OptionError
from spe1_builder.layout import (
    BENCHMARK_NAME,
    CARD_MARKER,
    CARD_NAME,
    CHAN_MAP_NAME,
    CROISSANT_NAME,
    INDEX_NAME,
    METADATA_NAME,
    SUMMARY_CSV_NAME,
    SUMMARY_NAME,
    VIEWS_NAME,
    RootLayout,
)
from spe1_builder.progress import Progress, Silent, stage

#: What lies in a root beside the cells.
ROOT_NAMES = (
    CARD_NAME,
    CROISSANT_NAME,
    CHAN_MAP_NAME,
    SUMMARY_NAME,
    SUMMARY_CSV_NAME,
    BENCHMARK_NAME,
    INDEX_NAME,
    VIEWS_NAME,
)
#: Seconds to wait for another process that is writing the card.
_WAIT_S = 60.0
#: Of a README.md, the part that is looked at for our mark.
_CARD_HEAD_BYTES = 1 << 20
_CHUNK_BYTES = 1 << 20
#: No file beside the cells comes near it.
_LARGEST_BYTES = 200_000_000
#: No view of one cell does: 15 kB a spike.
_LARGEST_VIEW_BYTES = 4_000_000_000


def has_our_card(layout: RootLayout) -> bool:
    """Whether the root's card is there and was written by this package."""
    if not layout.card.is_file():
        return False
    with layout.card.open("rb") as file:
        return CARD_MARKER.encode() in file.read(_CARD_HEAD_BYTES)


def write_card(
    root: Path,
    *,
    repo_id: str | None = None,
    without: str | None = None,
    progress: Progress | None = None,
) -> Path:
    """Write ``README.md`` and ``croissant.json`` for the cells that are present, views, and index.

    What an author wrote below the card's end marker stays, and so do keys of its YAML that are
    not ours. Each file appears whole or not at all. A view's file that is there is not made
    again. The old ones go when the new card names the new ones, so that at any moment what a
    card names is there.

    Parameters
    ----------
    root : Path
    repo_id : str, optional
        The repo on the Hub that the card is for, ``user/name``; the card keeps it, and without
        it has that of before.
    without : str, optional
        A cell to leave out, because it is being replaced.
    progress : Progress, optional
        Gets a stage for each cell whose views are made.

    Returns
    -------
    Path
        Of the card.

    Raises
    ------
    OptionError
        The root holds a README.md, or something called views, of somebody else's; what an
        author wrote cannot be read; or that is no repo's name.
    AccessError, SpaceError, BusyError
        It cannot be written.
    """
    layout, progress = RootLayout(Path(root)), progress or Silent()
    if repo_id is not None:
        require_repo_id(repo_id)
    with _writing(layout):
        require_our_card(layout)
    for cell in read_built_cells(layout):
        if cell.cell_id != without and is_lacking(layout, cell.metadata):
            # The lock for one cell, so that no other build waits for all of them.
            with _writing(layout), stage(progress, "views", 1, "cell"):
                for problem in make_cell_shards(layout, cell.metadata):
                    progress.note(f"{cell.cell_id} is left out of a view: {problem.what}")
    with _writing(layout):
        kept_of_card = require_our_card(layout)
        if repo_id is not None:
            kept_of_card = replace(kept_of_card, repo_id=repo_id)
        cells = read_built_cells(layout)
        kept = {s.path for cell in cells for s in cell_shards(layout, cell.metadata)}
        if cells:
            write_scraps(layout)
            kept.add(scraps_shard(layout))
        page = _page_of(layout, [c for c in cells if c.cell_id != without], kept_of_card)
        write_text(layout.card, page.card)
        write_text(layout.croissant, page.croissant)
        clear_shards(layout, kept)
        _write_index(layout)
    return layout.card


def require_our_card(layout: RootLayout) -> KeptPart:
    """What the next card keeps of this one.

    Raises
    ------
    OptionError
        It is somebody else's, or what an author wrote into it cannot be read.
    """
    if layout.card.exists() and not has_our_card(layout):
        raise OptionError(
            "The folder holds a README.md that spe1 did not write.",
            where=layout.card,
            do="move that file away, or name the dataset root",
        )
    return read_kept(layout.card)


def write_root_files(layout: RootLayout, contents: Mapping[str, bytes]) -> None:
    """Write files of the root, by name, unless they are there already; the index follows.

    Raises
    ------
    AccessError, SpaceError, BusyError
        They cannot be written.
    """
    with _writing(layout):
        for name, content in contents.items():
            target = layout.root / name
            if not (target.is_file() and target.read_bytes() == content):
                write_bytes(target, content)
        if layout.index.is_file():
            _write_index(layout)


@contextmanager
def _writing(layout: RootLayout) -> Iterator[None]:
    """One writer at a time, and a disk that refuses told as an error of ours."""
    with translated_os_errors(
        layout.root,
        full="The disk is full; the dataset card was not written.",
        do_full="free some room, then: spe1 card",
        do_access="make the dataset root writable, or copy it to where it is",
    ):
        layout.private.mkdir(exist_ok=True)
        with held_lock(layout.lock("card"), "the card", wait_s=_WAIT_S):
            yield


@dataclass(frozen=True)
class Page:
    """The card and the Croissant file of a root, which say the same."""

    card: str
    croissant: str


def make_page(layout: RootLayout, kept: KeptPart) -> Page:
    """Those of the cells and the views that are present.

    Parameters
    ----------
    layout : RootLayout
    kept : KeptPart
        What of the card before stays.
    """
    return _page_of(layout, read_built_cells(layout), kept)


def _page_of(layout: RootLayout, cells: list[BuiltCell], kept: KeptPart) -> Page:
    metadata = [cell.metadata for cell in cells]
    scraps_file = scraps_shard(layout)
    configs = card_configs(
        metadata,
        listed_shards(layout, metadata),
        # A root without a cell has no other config either.
        scraps_file if cells and scraps_file.is_file() else None,
    )
    listed = [name for name in LISTED_FILES if (layout.root / name).is_file()]
    hashes = {name: _sha256(layout.root / name, _LARGEST_BYTES) for name in listed}
    return Page(
        card_text(cells, configs, has_benchmark=layout.benchmark.is_file(), kept=kept),
        croissant_text(metadata, configs, hashes, TAGS, kept.repo_id),
    )


def indexed_files(layout: RootLayout) -> list[Path]:
    """Files of the root that the index has: all but those that a cell's metadata lists."""
    files = [layout.root / name for name in ROOT_NAMES if name not in (INDEX_NAME, VIEWS_NAME)]
    files += [layout.cell(cell_id) / METADATA_NAME for cell_id in layout.built_cells()]
    return sorted(path for path in [*files, *layout.view_shards()] if path.is_file())


def _write_index(layout: RootLayout) -> None:
    """The index; of the views, which are GB in a root of all cells, only what is new is read."""
    known = HashCache(layout.private / "views.hashes.json")
    write_text(layout.index, index_text(layout, lambda path: known.hash(path, Silent())))
    known.forget_others(layout.view_shards())
    known.save()


def index_text(layout: RootLayout, hash_view: Callable[[Path], str] | None = None) -> str:
    """The index as ``sha256sum`` writes it: hash, two blanks, path.

    Parameters
    ----------
    layout : RootLayout
    hash_view : callable, optional
        sha256 of a file of a view; left out, it is read as the others are.
    """
    of_views = set(layout.view_shards())
    lines = []
    for path in indexed_files(layout):
        if path not in of_views:
            digest = _sha256(path, _LARGEST_BYTES)
        else:
            digest = hash_view(path) if hash_view else _sha256(path, _LARGEST_VIEW_BYTES)
        lines.append(f"{digest}  {path.relative_to(layout.root).as_posix()}\n")
    return "".join(lines)


def _sha256(path: Path, largest_bytes: int) -> str:
    if path.stat().st_size > largest_bytes:
        return "0" * 64  # no file of ours: whatever it is, it is not read
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()
