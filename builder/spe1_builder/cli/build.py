"""``spe1 build``: cells into Arrow datasets, one by one, and a table of what came of it."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Generator, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from spe1_builder.cells import expand_cells
from spe1_builder.cli.arguments import Cells, RawDir, Root, as_local
from spe1_builder.cli.build_table import sum_up
from spe1_builder.cli.cluster import takes_cluster
from spe1_builder.cli.cluster_screen import watched
from spe1_builder.cli.console import STOPPED, print_error
from spe1_builder.cli.download import Order, fetch_cells, is_hopeless, prepared_download
from spe1_builder.dataset.plan.options import BuildOptions
from spe1_builder.declared import takes_options_of
from spe1_builder.disk.renamed import find_renamed
from spe1_builder.errors import ArchiveError, MissingFileError, OptionError
from spe1_builder.layout import CHAN_MAP_NAME, SUMMARY_NAME, RawLayout
from spe1_builder.progress import CellsLeft
from spe1_builder.runs.clusters.spec import ClusterSpec
from spe1_builder.runs.loop import Done, Failure, each_cell
from spe1_builder.runs.tasks import BuildTask, DownloadTask, InTurn, Task

if TYPE_CHECKING:
    from spe1_builder.dataset.plan.inputs import Sources
    from spe1_builder.dataset.write.build import BuildResult


def _as_flag(kind: Any, doc: str) -> Any:
    return Annotated[kind, typer.Option(help=doc)]


@takes_cluster
@takes_options_of(BuildOptions, _as_flag)
def build(
    names: Cells,
    raw_dir: RawDir = Path(".raw"),
    root: Root = Path("spe1"),
    chan_map: Annotated[
        Path | None, typer.Option(callback=as_local, help="chanMap.mat, if elsewhere.")
    ] = None,
    summary: Annotated[
        Path | None, typer.Option(callback=as_local, help="Data Summary.xlsx, if elsewhere.")
    ] = None,
    recordings: Annotated[
        Path | None, typer.Option(callback=as_local, help="Recordings/, if elsewhere.")
    ] = None,
    threads: Annotated[int | None, typer.Option(help="Default: all processors, at most 3.")] = None,
    force: Annotated[
        bool, typer.Option("--force", metavar="", help="Build again what is there.")
    ] = False,
    strict: Annotated[
        bool,
        typer.Option("--strict", metavar="", help="What would be a warning makes the cell fail."),
    ] = False,
    download: Annotated[
        bool, typer.Option("--download", metavar="", help="First fetch what is not in --raw-dir.")
    ] = False,
    cluster: ClusterSpec | None = None,
    **options: Any,
) -> None:
    """Build cells into Arrow datasets; exit status 1 if any fails."""
    from spe1_builder.dataset.plan.inputs import Sources

    chosen = BuildOptions(**options)
    cell_ids = expand_cells(names)
    if download and recordings is not None:
        do = "leave --recordings out, or --download"
        raise OptionError("A download goes to --raw-dir, not to --recordings.", do=do)
    order = Order(cell_ids, raw_dir, root, window_s=chosen.duration_s)
    fetch = prepared_download(order) if download and cluster is not None else None
    if download and fetch is None and fetch_cells(order) == STOPPED:
        raise typer.Exit(STOPPED)
    if chan_map is None or summary is None or recordings is None:
        _require_archive(raw_dir)
    sources = Sources(raw_dir, chan_map, summary, recordings)
    status = build_cells(
        cell_ids,
        sources,
        root,
        chosen,
        n_threads=threads,
        force=force,
        strict=strict,
        cluster=cluster,
        fetch=fetch,
    )
    raise typer.Exit(status)


def _require_archive(raw_dir: Path) -> None:
    """Refuse a raw folder that is not there, or that is a part of the archive.

    Raises
    ------
    MissingFileError
    """
    if not raw_dir.is_dir():
        raise MissingFileError(
            f"The raw folder {raw_dir} {'is no folder' if raw_dir.exists() else 'does not exist'}.",
            where=raw_dir.absolute(),
            expected=f"Recordings/cXX/, {CHAN_MAP_NAME} and {SUMMARY_NAME!r}",
            do=f"name it with --raw-dir, fetch it: spe1 download c14 --raw-dir {raw_dir}, "
            f"or make some: spe1 simulate {raw_dir}",
        )
    if RawLayout(raw_dir).recordings.is_dir():
        return
    by_name = Path(os.path.abspath(raw_dir))  # noqa: PTH100 - links are not followed
    for parent in list(by_name.parents)[:2]:
        layout = RawLayout(parent)
        if layout.recordings.is_dir() and (layout.summary.is_file() or layout.chan_map.is_file()):
            raise MissingFileError(
                f"The raw folder {raw_dir} is a part of the archive: did you mean its parent?",
                where=raw_dir.absolute(),
                expected=f"Recordings/cXX/, {CHAN_MAP_NAME} and {SUMMARY_NAME!r}",
                do=f"--raw-dir {parent}",
            )


def build_cells(
    names: Sequence[str],
    sources: Sources,
    root: Path,
    options: BuildOptions,
    *,
    n_threads: int | None,
    force: bool,
    strict: bool = False,
    cluster: ClusterSpec | None = None,
    fetch: DownloadTask | None = None,
) -> int:
    """Build several cells and sum up; one failure stops no other.

    Parameters
    ----------
    names : sequence of str
        Cells or sets of the catalogue.
    cluster : ClusterSpec, optional
        Where they are built; by default here, one after the other.
    fetch : DownloadTask, optional
        What brings each cell first, on the cluster.

    Returns
    -------
    int
        Exit status: 0 if every cell is there and up to date, else 1.

    Raises
    ------
    UnknownCellError, OptionError
        There is no such cell; less than one thread.
    """
    cell_ids = expand_cells(names)
    _check_threads(n_threads)
    missing = {} if fetch is not None else _tell_missing(cell_ids, sources)
    waiting = [cell_id for cell_id in cell_ids if cell_id not in missing]
    build = BuildTask(sources, root, options, n_threads, force, strict)
    outcomes: dict[str, Done[BuildResult] | Failure] = {**missing}
    if cluster is None or not waiting:
        bars = CellsLeft(len(waiting)).bars
        found = each_cell(waiting, lambda cell_id: build(cell_id, bars(cell_id)))
    else:
        found = _on_cluster(cluster, waiting, build if fetch is None else InTurn(fetch, build))
    with closing(found):
        for outcome in found:
            outcomes[outcome.cell_id] = outcome
            if isinstance(outcome, Failure):
                print_error(outcome.cell_id, outcome.error)
                if outcome.is_foreign:
                    traceback.print_exception(outcome.error, file=sys.stderr)
    # After an error that speaks against every cell, the others are cancelled.
    given_up = ArchiveError(
        "It was given up, since no other cell could arrive.",
        do="see the error above, then run the same command again",
    )
    return sum_up([outcomes.get(name) or Failure(name, given_up) for name in cell_ids])


def _on_cluster(
    cluster: ClusterSpec, cell_ids: Sequence[str], task: Task[BuildResult]
) -> Generator[Done[BuildResult] | Failure, None, None]:
    from spe1_builder.dataset.write.root import prepare_root
    from spe1_builder.runs.clusters.run import run_in_cluster

    prepare_root(task.places[0])
    with watched(len(cell_ids)) as hear:
        yield from run_in_cluster(
            cluster, cell_ids, task, "build", listener=hear, is_hopeless=_is_hopeless
        )


def _is_hopeless(error: Exception) -> bool:
    """Whether after this error of one cell no other can arrive; a full disk may be one node's."""
    return isinstance(error, ArchiveError) and is_hopeless(error)


def _check_threads(n_threads: int | None) -> None:
    if n_threads is not None and n_threads < 1:
        raise OptionError(
            f"threads cannot be {n_threads}.",
            where="threads",
            expected="1 or more",
            got=n_threads,
            do="leave --threads out for all processors, at most 3",
        )


def _tell_missing(cell_ids: Sequence[str], sources: Sources) -> dict[str, Failure]:
    """Where several cells have no raw folder, say it once; a single one is told as any error."""
    folders = {cell_id: sources.cell_dir(cell_id) for cell_id in cell_ids}
    missing = [
        cell_id
        for cell_id, folder in folders.items()
        # One that was renamed has an error of its own, and needs no download.
        if not folder.is_dir() and not find_renamed(folder.parent, [folder.name])
    ]
    if len(missing) < 2:
        return {}
    error = MissingFileError(
        f"The raw recordings of {len(missing)} cells are not there: {', '.join(missing)}.",
        where=sources.cell_dir(missing[0]).parent,
        do=f"spe1 download {' '.join(missing)} --raw-dir {sources.raw_dir}, or check --raw-dir",
    )
    print_error("spe1", error)
    cause = MissingFileError("no raw recording", do=error.do)
    return {cell_id: Failure(cell_id, cause) for cell_id in missing}
