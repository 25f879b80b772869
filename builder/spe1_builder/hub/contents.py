"""What of a root belongs to the Hub: an allow-list, file by file; reads no traces."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from spe1_builder.dataset.card.card import BuiltCell, read_built_cells
from spe1_builder.dataset.card.root_files import ROOT_NAMES
from spe1_builder.errors import MissingFileError, PublishError
from spe1_builder.layout import CARD_NAME, METADATA_NAME, VIEWS_NAME, RootLayout

_CHUNK_BYTES = 1 << 20


@dataclass(frozen=True)
class LocalFile:
    """A file that is to be at the Hub.

    Attributes
    ----------
    path : str
        At the Hub, and relative to the root.
    source : Path
    size : int
    sha256 : str or None
        Where the root's index has it, so that nobody need read the file.
    """

    path: str
    source: Path
    size: int
    sha256: str | None = None


@dataclass(frozen=True)
class LocalCell:
    """A built cell: its files, the metadata that list them, and what kind it is."""

    built: BuiltCell
    files: tuple[LocalFile, ...]

    @property
    def cell_id(self) -> str:
        return self.built.cell_id

    @property
    def n_bytes(self) -> int:
        return sum(file.size for file in self.files)


@dataclass(frozen=True)
class RootContents:
    """Everything of a root that belongs to the Hub, and nothing else that may lie there.

    Attributes
    ----------
    layout : RootLayout
    data_version : str
        Of all its cells.
    cells : mapping of str to LocalCell
    beside : tuple of LocalFile
        Views and side files, without the card.
    card : LocalFile
    """

    layout: RootLayout
    data_version: str
    cells: Mapping[str, LocalCell]
    beside: tuple[LocalFile, ...]
    card: LocalFile

    @property
    def n_bytes(self) -> int:
        files = (*self.beside, self.card)
        return sum(cell.n_bytes for cell in self.cells.values()) + sum(f.size for f in files)

    def files(self) -> Iterator[LocalFile]:
        """All that is to be at the Hub: cells, what lies beside, the card last."""
        for cell in self.cells.values():
            yield from cell.files
        yield from self.beside
        yield self.card


def root_contents(layout: RootLayout) -> RootContents:
    """List a root.

    Raises
    ------
    MissingFileError
        It has no cell, or no card.
    PublishError
        Its cells are of several data versions, or metadata cannot be read.
    """
    cells = {built.cell_id: _local_cell(layout, built) for built in read_built_cells(layout)}
    unread = sorted(set(layout.built_cells()) - set(cells))
    if unread:
        raise PublishError(
            "The metadata of a cell cannot be read.",
            where=layout.cell(unread[0]) / METADATA_NAME,
            got=", ".join(unread),
            do=f"see what is wrong: spe1 verify {layout.root}; then build it again",
        )
    if not cells or not layout.card.is_file():
        what = "No cell has been built here." if not cells else "The dataset has no card."
        do = "build one: spe1 build c14 --raw-dir .raw" if not cells else "make it: spe1 card"
        raise MissingFileError(what, where=layout.root, do=f"{do} --root {layout.root}")
    hashes = _indexed(layout)
    beside = [_local_file(layout, path, hashes) for path in _beside(layout)]
    return RootContents(
        layout,
        _data_version(layout, cells),
        cells,
        tuple(beside),
        _local_file(layout, layout.card, hashes),
    )


def _local_file(layout: RootLayout, path: Path, hashes: Mapping[str, str]) -> LocalFile:
    name = path.relative_to(layout.root).as_posix()
    return LocalFile(name, path, path.stat().st_size, hashes.get(name))


def _local_cell(layout: RootLayout, built: BuiltCell) -> LocalCell:
    folder = layout.cell(built.cell_id)
    paths = [*sorted(record.path for record in built.metadata.files), METADATA_NAME]
    missing = [path for path in paths if not (folder / path).is_file()]
    if missing:
        raise PublishError(
            f"{built.cell_id} lacks files that its metadata lists.",
            where=folder / missing[0],
            got=f"{len(missing)} missing",
            do=f"build it again: spe1 build {built.cell_id} --force --root {layout.root}",
        )
    # The index has the metadata's hash, but what the index says of it is verify's to check.
    return LocalCell(built, tuple(_local_file(layout, folder / path, {}) for path in paths))


def _data_version(layout: RootLayout, cells: Mapping[str, LocalCell]) -> str:
    of_cells = {
        cell_id: cell.built.metadata.provenance.data_version for cell_id, cell in cells.items()
    }
    versions = sorted(set(of_cells.values()))
    if len(versions) == 1:
        return versions[0]
    newest = max(versions, key=lambda text: [int(part) for part in text.split(".")])
    older = [cell_id for cell_id, version in of_cells.items() if version != newest]
    raise PublishError(
        "The cells of this root are of several data versions, and a tag has one.",
        where=layout.root,
        expected=newest,
        got=", ".join(f"{cell_id} {of_cells[cell_id]}" for cell_id in older),
        do=f"build these again: spe1 build {' '.join(older)} --force --root {layout.root}",
    )


def _indexed(layout: RootLayout) -> dict[str, str]:
    """sha256 by path, as ``checksums.sha256`` has them; verify holds the files to it."""
    if not layout.index.is_file():
        return {}
    lines = layout.index.read_text(encoding="utf-8").splitlines()
    return dict(line.split("  ", 1)[::-1] for line in lines if "  " in line)


def _beside(layout: RootLayout) -> list[Path]:
    """Views and side files: what is small first, so that a broken run has them."""
    names = [name for name in ROOT_NAMES if name not in (CARD_NAME, VIEWS_NAME)]
    files = [layout.root / name for name in names]
    return [path for path in files if path.is_file()] + layout.view_shards()


def sha256_of(path: Path) -> str:
    """sha256 of a file, as the Hub names large ones."""
    return _digest(path, hashlib.sha256())


def git_sha1_of(path: Path) -> str:
    """sha1 of a file as git names it, and the Hub small ones."""
    return _digest(path, hashlib.sha1(f"blob {path.stat().st_size}\0".encode()))


def _digest(path: Path, digest: hashlib._Hash) -> str:
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()
