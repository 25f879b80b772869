"""What lies beside the cells of a root and is made from them: the card, and the index of hashes.

Both are written under one lock, by whatever changes the root: a build, the benchmark, ``spe1
card``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from spe1_builder.dataset.card.card import card_text, read_built_cells
from spe1_builder.disk.atomic import write_bytes, write_text
from spe1_builder.disk.locks import held_lock
from spe1_builder.disk.os_errors import translated_os_errors
from spe1_builder.errors import OptionError
from spe1_builder.layout import (
    BENCHMARK_NAME,
    CARD_MARKER,
    CARD_NAME,
    CHAN_MAP_NAME,
    INDEX_NAME,
    METADATA_NAME,
    SUMMARY_CSV_NAME,
    SUMMARY_NAME,
    RootLayout,
)

#: Files of a root.
ROOT_NAMES = (
    CARD_NAME,
    CHAN_MAP_NAME,
    SUMMARY_NAME,
    SUMMARY_CSV_NAME,
    BENCHMARK_NAME,
    INDEX_NAME,
)
#: Seconds to wait for another process that is writing the card.
_WAIT_S = 60.0
#: Of a README.md, the part that is looked at for our mark.
_CARD_HEAD_BYTES = 1 << 20
_CHUNK_BYTES = 1 << 20
#: No file beside the cells comes near it.
_LARGEST_BYTES = 200_000_000


def has_our_card(layout: RootLayout) -> bool:
    """Whether the root's card is there and was written by this package."""
    if not layout.card.is_file():
        return False
    with layout.card.open("rb") as file:
        return CARD_MARKER.encode() in file.read(_CARD_HEAD_BYTES)


def write_card(root: Path, *, without: str | None = None) -> Path:
    """Write ``README.md`` for the cells that are present, and the index; returns its path.

    Each file appears whole or not at all.

    Parameters
    ----------
    root : Path
    without : str, optional
        A cell to leave out, because it is being replaced.

    Raises
    ------
    OptionError
        The root holds a README.md of somebody else's.
    AccessError, SpaceError, BusyError
        It cannot be written.
    """
    layout = RootLayout(Path(root))
    with _writing(layout):
        if layout.card.exists() and not has_our_card(layout):
            raise OptionError(
                "The folder holds a README.md that spe1 did not write.",
                where=layout.card,
                do="move that file away, or name the dataset root",
            )
        write_text(layout.card, make_card(layout, without=without))
        write_text(layout.index, index_text(layout))
    return layout.card


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
            write_text(layout.index, index_text(layout))


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


def make_card(layout: RootLayout, *, without: str | None = None) -> str:
    """The card of the cells that are present."""
    cells = [cell for cell in read_built_cells(layout) if cell.cell_id != without]
    return card_text(cells, has_benchmark=layout.benchmark.is_file())


def indexed_files(layout: RootLayout) -> list[Path]:
    """Files of the root that the index has: all but those that a cell's metadata lists."""
    files = [layout.root / name for name in ROOT_NAMES if name != INDEX_NAME]
    files += [layout.cell(cell_id) / METADATA_NAME for cell_id in layout.built_cells()]
    return sorted(path for path in files if path.is_file())


def index_text(layout: RootLayout) -> str:
    """The index as ``sha256sum`` writes it: hash, two blanks, path."""
    lines = (
        f"{_sha256(path)}  {path.relative_to(layout.root).as_posix()}\n"
        for path in indexed_files(layout)
    )
    return "".join(lines)


def _sha256(path: Path) -> str:
    if path.stat().st_size > _LARGEST_BYTES:
        return "0" * 64  # no file of ours: whatever it is, it is not read
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()
