"""``spe1 download``: what a person sees of it, and what ``spe1 build --download`` shares."""

from __future__ import annotations

import os
import shlex
import sys
import traceback
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from spe1_builder.cli.account import ask_account, is_interactive
from spe1_builder.cli.arguments import as_local, as_local_or_url
from spe1_builder.cli.cluster import takes_cluster
from spe1_builder.cli.cluster_screen import watched
from spe1_builder.cli.console import STOPPED, print_error, say, say_aside, size_text
from spe1_builder.errors import (
    AccessError,
    LoginError,
    PageError,
    ServerError,
    SessionError,
    SpaceError,
    printable,
)
from spe1_builder.runs.clusters.spec import ClusterSpec

if TYPE_CHECKING:
    from spe1_builder.progress import Progress
    from spe1_builder.runs.loop import Done, Failure
    from spe1_builder.runs.tasks import DownloadTask
    from spe1_builder.source.archive.transfer.download import Download, DownloadedCell
    from spe1_builder.source.archive.transfer.origin import OriginOptions
    from spe1_builder.source.archive.transfer.space import SpaceNeeded

#: After one of these no other cell of the run can arrive.
_HOPELESS = (LoginError, SessionError, ServerError, PageError, SpaceError, AccessError)
#: The longest analysis window of a build, unless told otherwise.
_WINDOW_S = 300.0


@dataclass(frozen=True)
class Order:
    """What to bring, from where, and to where.

    Attributes
    ----------
    cell_ids : list of str
    raw_dir : Path
    root : Path, optional
        Dataset root: gets the shared files, and room is kept for the build.
    source, base_url : str, optional
        As in `spe1_builder.source.archive.transfer.origin.OriginOptions`.
    keep_archive : bool
    window_s : float
        Longest analysis window of the build to come.
    """

    cell_ids: Sequence[str]
    raw_dir: Path
    root: Path | None = None
    source: str | None = None
    base_url: str | None = None
    keep_archive: bool = False
    window_s: float = _WINDOW_S


@takes_cluster
def download(
    names: Annotated[
        list[str],
        typer.Argument(metavar="CELL", help="Cells (c14 c26 ...) or sets (default, zhao)."),
    ],
    raw_dir: Annotated[
        Path, typer.Option("--raw-dir", callback=as_local, help="Where the recordings go.")
    ] = Path(".raw"),
    root: Annotated[
        Path | None,
        typer.Option(
            "--root",
            callback=as_local,
            help="Dataset root: gets the shared files; room is kept for a build.",
        ),
    ] = None,
    source: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="DIR_OR_URL",
            callback=as_local_or_url,
            help="A copy to take instead of CRCNS; no login.",
        ),
    ] = None,
    keep_archive: Annotated[
        bool,
        typer.Option("--keep-archive", metavar="", help="Keep cXX.tar.gz after unpacking."),
    ] = False,
    base_url: Annotated[
        str | None, typer.Option(help="CRCNS's download address, should it move.")
    ] = None,
    cluster: ClusterSpec | None = None,
) -> None:
    """Bring cells from CRCNS: resumes, checks, unpacks; exit status 1 if any fails.

    The account (free: crcns.org/register) comes from CRCNS_USERNAME and
    CRCNS_PASSWORD, else from ~/.netrc (machine crcns.org), else you are asked.
    Run the same command again after any interruption: it goes on.
    """
    from spe1_builder.cells import expand_cells

    order = Order(expand_cells(names), raw_dir, root, source, base_url, keep_archive)
    status = fetch_cells(order, cluster)
    if status == 0:
        cells = " ".join(names)
        place = shlex.quote(str(root or Path("spe1")))
        say(f"next: spe1 build {cells} --raw-dir {shlex.quote(str(raw_dir))} --root {place}")
    raise typer.Exit(status)


def fetch_cells(order: Order, cluster: ClusterSpec | None = None) -> int:
    """Bring the cells, one after the other or on a cluster; a cell that fails stops no other.

    Returns
    -------
    int
        Exit status: 0 if every cell is there, else 1; after Ctrl-C that of a stop.

    Raises
    ------
    Spe1Error
        Nothing can be fetched: no login, no room, no shared files.
    """
    try:
        if cluster is not None:
            return _fetch_on_cluster(cluster, prepared_download(order), order)
        with _opened(order, may_ask=True) as run:
            return _fetch_each(run, order)
    except KeyboardInterrupt:
        _print_stopped(order.raw_dir)
        return STOPPED


def prepared_download(order: Order) -> DownloadTask:
    """What brings a cell on a cluster; the shared files are here, and the room is there.

    Nobody is asked for an account, since the workers cannot ask either.

    Raises
    ------
    Spe1Error
        As `fetch_cells`.
    """
    from spe1_builder.runs.tasks import DownloadTask

    with _opened(order, may_ask=False):
        return DownloadTask(order.raw_dir, _origin_options(order), order.keep_archive)


@contextmanager
def _opened(order: Order, *, may_ask: bool) -> Iterator[Download]:
    """The download of an order, prepared."""
    from spe1_builder.progress import Bars
    from spe1_builder.source.archive.transfer.download import Download
    from spe1_builder.source.archive.transfer.origin import open_origin

    ask = ask_account if may_ask and is_interactive() else None
    with open_origin(_origin_options(order), ask) as origin:
        run = Download(order.raw_dir, origin, keep_archive=order.keep_archive)
        _prepare(run, order, Bars())
        yield run


def _origin_options(order: Order) -> OriginOptions:
    from spe1_builder.patience import Patience
    from spe1_builder.source.archive.transfer.origin import OriginOptions

    # Several runs on one server come back at different times.
    return OriginOptions(order.source, order.base_url, Patience(seed=os.getpid()))


def _prepare(run: Download, order: Order, progress: Progress) -> None:
    """The shared files, their copies in the dataset root, and the room for it all."""
    from spe1_builder.dataset.plan.inputs import Sources, read_shared_files
    from spe1_builder.dataset.write.root import (
        check_shared_files,
        mirror_shared_files,
        prepare_root,
    )
    from spe1_builder.source.archive.transfer.disk import disk_errors

    if order.root is None:
        run.shared_files(progress)
    else:
        with disk_errors(order.root, "--root"):
            layout = prepare_root(order.root)
        run.shared_files(progress)
        with disk_errors(order.root, "--root"):
            shared = read_shared_files(Sources(order.raw_dir))
            check_shared_files(layout, shared)
            mirror_shared_files(layout, shared)
    needed = run.require_space(order.cell_ids, order.root, order.window_s, progress)
    if needed is not None:
        progress.note(_describe(needed, order))


def _describe(needed: SpaceNeeded, order: Order) -> str:
    import shutil

    free, place = shutil.disk_usage(order.raw_dir).free, printable(order.raw_dir.resolve())
    packed = f"{size_text(needed.packed)} packed, then " if needed.packed else ""
    return (
        f"writes {packed}{size_text(needed.raw)} of recordings to {place} "
        f"({size_text(free)} free); a build of them, up to {size_text(needed.built)} more"
    )


def is_hopeless(error: Exception) -> bool:
    """Whether after this error of one cell no other can arrive."""
    return isinstance(error, _HOPELESS)


def _fetch_each(run: Download, order: Order) -> int:
    from spe1_builder.progress import Bars
    from spe1_builder.runs.loop import each_cell

    return _tell_arrived(
        order,
        each_cell(
            order.cell_ids,
            lambda cell_id: run.cell(cell_id, Bars(cell_id)),
            is_hopeless=is_hopeless,
        ),
    )


def _fetch_on_cluster(cluster: ClusterSpec, task: DownloadTask, order: Order) -> int:
    from spe1_builder.runs.clusters.run import run_in_cluster

    with watched(len(order.cell_ids)) as hear:
        outcomes = run_in_cluster(
            cluster, order.cell_ids, task, "download", listener=hear, is_hopeless=is_hopeless
        )
        with closing(outcomes):
            return _tell_arrived(order, outcomes)


def _tell_arrived(order: Order, outcomes: Iterable[Done[DownloadedCell] | Failure]) -> int:
    """A line a cell; returns the exit status."""
    from spe1_builder.runs.loop import Done

    arrived: set[str] = set()
    for outcome in outcomes:
        if isinstance(outcome, Done):
            _print_cell(outcome.result)
            arrived.add(outcome.cell_id)
            continue
        print_error(outcome.cell_id, outcome.error)
        if outcome.is_foreign:
            traceback.print_exception(outcome.error, file=sys.stderr)
    failed = [cell_id for cell_id in order.cell_ids if cell_id not in arrived]
    if failed:
        count = f"{len(failed)} of {len(order.cell_ids)}"
        say_aside(f"\nnot downloaded: {' '.join(failed)} ({count})")
    return 1 if failed else 0


def _print_cell(cell: DownloadedCell) -> None:
    say(f"{cell.cell_id}: {cell.status}, {size_text(cell.n_bytes)} in {printable(cell.folder)}")


def _print_stopped(raw_dir: Path) -> None:
    """What Ctrl-C leaves, and how to go on."""
    parts = [*raw_dir.glob("*.part"), *raw_dir.glob("Recordings/.*.incoming/*.part")]
    kept = [f"{size_text(path.stat().st_size)} of {printable(path.stem)}" for path in parts]
    what = "nothing half-fetched is left"
    if kept:
        what = f"{', '.join(kept)} kept in {printable(raw_dir)}"
    say_aside(f"\nspe1: stopped; {what}. Run the same command again to go on.")
