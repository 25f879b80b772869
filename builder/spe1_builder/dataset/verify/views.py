"""The views of a root: a file for each cell and split, its rows what the cell gives."""

from __future__ import annotations

import errno
from collections.abc import Collection, Mapping, Sequence
from itertools import zip_longest
from pathlib import Path

import pyarrow as pa

from spe1_builder.dataset.findings import Place, Report, listing
from spe1_builder.dataset.metadata import ConversionMetadata
from spe1_builder.dataset.scraps.shard import scraps_bytes, scraps_shard
from spe1_builder.dataset.spikes.cell import CellSpikes, read_cell_spikes
from spe1_builder.dataset.verify.index import Index
from spe1_builder.dataset.verify.shard import Shard
from spe1_builder.dataset.views.shards import ViewShard, cell_shards
from spe1_builder.disk.atomic import INCOMPLETE
from spe1_builder.errors import MissingFileError, OutputError
from spe1_builder.layout import VIEWS_NAME, RootLayout


def check_views(
    layout: RootLayout,
    cells: Mapping[str, ConversionMetadata],
    present: Sequence[str],
    checked: Collection[str],
    index: Index,
    report: Report,
) -> None:
    """Check the views, once the cells have been.

    What a damaged cell has in them is not looked at: it is made of what is damaged.

    Parameters
    ----------
    layout : RootLayout
    cells : mapping of str to ConversionMetadata
        Cells whose metadata can be read and are as they were written.
    present : sequence of str
        Cells that have a folder.
    checked : collection of str
        Cells whose rows of the views are made again and compared.
    index : Index
        Tells which files are not as they were written; those are not looked at.
    report : Report
    """
    if cells:
        _check_scraps(layout, index, report)
    sound = [cell_id for cell_id in cells if not report.has_under(cell_id)]
    wanted = {cell_id: cell_shards(layout, cells[cell_id]) for cell_id in sound}
    _check_entries(layout, wanted, set(present).difference(sound), report)
    for cell_id, shards in wanted.items():
        whole = [shard for shard in shards if _is_as_written(layout, shard, index, report)]
        if cell_id in checked:
            _check_rows(layout, cells[cell_id], whole, report)


def _where(layout: RootLayout, path: Path) -> str:
    return path.relative_to(layout.root).as_posix()


def _check_entries(
    layout: RootLayout,
    wanted: Mapping[str, Sequence[ViewShard]],
    damaged: Collection[str],
    report: Report,
) -> None:
    """Nothing but the files of cells that are here, or are damaged."""
    known = {shard.path for shards in wanted.values() for shard in shards}
    known.add(scraps_shard(layout))
    for path in sorted(layout.views.rglob("*")):
        where = _where(layout, path)
        # Named ``data-<cell>-<mark>-...``.
        of_damaged = any(path.name.startswith(f"data-{cell_id}-") for cell_id in damaged)
        is_expected = path in known or path.is_dir() or of_damaged
        # What grows is told with the other leftovers.
        if not (is_expected or path.name.startswith(".") or path.name.endswith(INCOMPLETE)):
            report.add(where, "a view's file that no cell here has (spe1 card removes it)")


def _check_scraps(layout: RootLayout, index: Index, report: Report) -> None:
    path = scraps_shard(layout)
    where = _where(layout, path)
    if not path.is_file():
        report.add(where, "the scraps of the real recordings are missing (spe1 card writes them)")
    elif not index.tell(where, report) and path.read_bytes() != scraps_bytes():
        report.add(where, "not the scraps that this version of spe1 has (spe1 card writes them)")


def _is_as_written(layout: RootLayout, shard: ViewShard, index: Index, report: Report) -> bool:
    where = _where(layout, shard.path)
    if not shard.path.is_file():
        report.add(where, f"rows of {shard.cell_id} are missing (spe1 card makes them)")
        return False
    return not index.tell(where, report)


def _check_rows(
    layout: RootLayout,
    metadata: ConversionMetadata,
    shards: Sequence[ViewShard],
    report: Report,
) -> None:
    try:
        cell = read_cell_spikes(layout.cell(metadata.cell_id))
    except (OutputError, MissingFileError) as error:
        report.add(f"{VIEWS_NAME}/", f"{metadata.cell_id} cannot be read", got=error.what)
        return
    for shard in shards:
        found = report.at(_where(layout, shard.path))
        try:
            _compare(shard, cell, found)
        except OutputError as error:
            found.add(error.what.rstrip("."), got=error.got)
        except MemoryError:  # pyarrow's is one of both kinds; it says nothing of the file
            raise
        except (pa.ArrowException, OSError, ValueError) as error:
            if getattr(error, "errno", None) == errno.ENOMEM:
                raise
            found.add("not a whole Arrow stream", got=error)


def _compare(shard: ViewShard, cell: CellSpikes, found: Place) -> None:
    """A file with the rows that its cell gives now."""
    file, schema = Shard(shard.path), shard.view.schema
    if not found.equal("schema", schema, file.schema.remove_metadata()):
        return
    if not file.schema.equals(schema, check_metadata=True):
        found.add("schema metadata", expected="none", got=file.schema.metadata)
    n_rows, there = 0, file.batches()
    for batch, wanted in zip_longest(there, shard.view.batches(cell, shard.split)):
        if batch is not None:
            batch.validate(full=True)
            n_rows += batch.num_rows
        if batch is None or wanted is None:
            n_rows += sum(rest.num_rows for rest in there)
            found.add("rows", expected=shard.n_rows, got=n_rows)
            return
        if not batch.equals(wanted):
            names = [name for name in schema.names if not batch[name].equals(wanted[name])]
            fact = f"rows from {n_rows - batch.num_rows} on are not those of {shard.cell_id}"
            found.add(fact, got=f"other values of {listing(names)}")
            return
        file.forget()
