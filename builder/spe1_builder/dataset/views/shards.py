"""Files of views: one for each cell and split, named after what it was made from."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from spe1_builder.cells import catalogue
from spe1_builder.dataset import views
from spe1_builder.dataset.metadata import ConversionMetadata, read_model
from spe1_builder.dataset.scraps.shard import SCRAPS_NAME, SCRAPS_SPLIT
from spe1_builder.dataset.spikes.cell import CellSpikes, read_cell_spikes
from spe1_builder.dataset.views.view import View
from spe1_builder.disk.atomic import INCOMPLETE, replacing, sync
from spe1_builder.errors import MissingFileError, OptionError, OutputError, Spe1Error
from spe1_builder.layout import METADATA_NAME, SHARD_GLOB, RootLayout


@dataclass(frozen=True)
class ViewShard:
    """The rows of one cell in one split of a view.

    Attributes
    ----------
    view : View
    split : str
    cell_id : str
    path : Path
        Where it is, or will be. The name is the content's: it has the view's version and all
        that the metadata says, which are the hashes of the cell's files. A cell that is rebuilt
        gets other files, and none is ever written twice with different rows.
    n_rows : int
    """

    view: View
    split: str
    cell_id: str
    path: Path
    n_rows: int


def view_mark(view: View, seal: str) -> str:
    """What tells the rows of a view from those of another build, or another version of it.

    Parameters
    ----------
    view : View
    seal : str
        Of the cell's metadata.
    """
    text = f"{view.name} {view.version} {seal}"
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def cell_shards(layout: RootLayout, metadata: ConversionMetadata) -> list[ViewShard]:
    """The files that a cell has in all views; a split without a row has none.

    ``datasets`` cannot open a split without any row. Metadata that name no cell, which somebody
    must have edited, have no place to go.
    """
    shards: list[ViewShard] = []
    if metadata.cell_id not in catalogue():
        return shards
    seal = metadata.right_seal()
    for view in views.VIEWS:
        mark = view_mark(view, seal)
        for split in view.splits:
            path = layout.view_shard(view.name, split, metadata.cell_id, mark)
            n_rows = view.n_rows(metadata, split)
            if n_rows > 0:
                shards.append(ViewShard(view, split, metadata.cell_id, path, n_rows))
    return shards


def is_lacking(layout: RootLayout, metadata: ConversionMetadata) -> bool:
    """Whether a cell lacks one of its files."""
    return not all(shard.path.is_file() for shard in cell_shards(layout, metadata))


def make_cell_shards(layout: RootLayout, metadata: ConversionMetadata) -> list[Spe1Error]:
    """Write the files of a cell that are not there; each appears whole or not at all.

    Needs the card's lock.

    Returns
    -------
    list of Spe1Error
        A damaged cell has no file in the views that need what is damaged.

    Raises
    ------
    OptionError
        Something else lies where the views go.
    OSError
        They cannot be written.
    """
    lacking = [s for s in cell_shards(layout, metadata) if not s.path.is_file()]
    if not lacking:
        return []
    with np.errstate(all="ignore"):  # nonsense in a file is a problem, not a warning
        try:
            cell = read_cell_spikes(layout.cell(metadata.cell_id))
        except (OutputError, MissingFileError) as error:
            return [error]
        problems: list[Spe1Error] = []
        for shard in lacking:
            _make_folder(layout, shard.path.parent)
            try:
                _write(shard, cell, metadata)
            except (OutputError, MissingFileError) as error:
                problems.append(error)
            sync(shard.path.parent)
    return problems


def _make_folder(layout: RootLayout, folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        raise OptionError(
            "Something that spe1 did not write lies where the views go.",
            where=layout.views,
            expected="a folder, or nothing",
            do="move it away, or choose another root",
        ) from error


def _write(shard: ViewShard, cell: CellSpikes, metadata: ConversionMetadata) -> None:
    with replacing(shard.path) as partial:
        with partial.open("xb") as file, pa.ipc.new_stream(file, shard.view.schema) as stream:
            for batch in shard.view.batches(cell, shard.split):
                stream.write_batch(batch)
        # A build may have replaced the cell under the reader.
        now = read_model(cell.folder / METADATA_NAME, ConversionMetadata)
        if not now.right_seal() == cell.metadata.right_seal() == metadata.right_seal():
            raise OutputError(
                f"{shard.cell_id} was rebuilt at this moment.",
                where=cell.folder,
                do="write the card again when the build is done: spe1 card",
            )


def listed_shards(
    layout: RootLayout, cells: Iterable[ConversionMetadata]
) -> dict[str, list[ViewShard]]:
    """The files that are there, by view: those of each split in the order of the cells."""
    found: dict[str, list[ViewShard]] = {view.name: [] for view in views.VIEWS}
    for metadata in cells:
        for shard in cell_shards(layout, metadata):
            if shard.path.is_file():
                found[shard.view.name].append(shard)
    return found


def clear_shards(layout: RootLayout, keep: Collection[Path]) -> None:
    """Remove the files of cells that are no longer there, and what an interrupted run left.

    Needs the card's lock. What other programs put there stays.
    """
    emptied = []
    of_views = [(view.name, view.splits) for view in views.VIEWS]
    for name, splits in [*of_views, (SCRAPS_NAME, (SCRAPS_SPLIT,))]:
        for split in splits:
            folder = layout.views / name / split
            unfinished = folder.glob(f"{SHARD_GLOB}{INCOMPLETE}")
            for path in [*folder.glob(SHARD_GLOB), *unfinished]:
                if path not in keep and not path.is_dir():
                    path.unlink()
            emptied.append(folder)
        emptied.append(layout.views / name)
    for folder in [*emptied, layout.views]:
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()
