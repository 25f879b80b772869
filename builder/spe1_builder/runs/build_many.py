"""Many cells from Python, here or on a cluster: ``spe1.build_many``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from spe1_builder.cells import expand_cells
from spe1_builder.dataset.plan.inputs import Sources
from spe1_builder.dataset.plan.options import BuildOptions
from spe1_builder.declared import takes_options_of
from spe1_builder.paths import local_path
from spe1_builder.runs.loop import Done, Failure, each_cell
from spe1_builder.runs.tasks import BuildTask, DownloadTask, InTurn


@takes_options_of(BuildOptions)
def build_many(
    cells: str | Iterable[str],
    raw_dir: str | Path,
    root: str | Path = "spe1",
    *,
    client: Any = None,  # of an extra: its name cannot be looked up everywhere
    n_threads: int | None = None,
    force: bool = False,
    strict: bool = False,
    download: bool = False,
    **options: Any,
) -> Iterator[Done[Any] | Failure]:
    """Build cells, here one after the other, or on the workers of a Dask cluster.

    Nothing is printed, and a cell that fails stops no other. The bytes that are written are the
    same wherever a cell is built.

    Parameters
    ----------
    cells : str or iterable of str
        Cells and sets, such as "c14", ["c14", "c26"] or "zhao".
    raw_dir, root : str or Path
        As `build` has them. With a client, folders that every worker sees under these names; a
        relative one is taken from the folder of this process.
    client : distributed.Client, optional
        Of the cluster; it stays open. Without it, cells are built in this process.
    n_threads : int, optional
        Of each cell; default: as many as this process, or the worker, has, at most 3.
    force, strict, download : bool
        As `build` has them. A download takes the account of the environment, or of
        ``~/.netrc``, where it runs.
    {options}

    Returns
    -------
    iterator of Done or Failure
        Each with its ``cell_id``, as the cells end: `Done` with ``result``, whose ``folder``,
        ``status`` and ``metadata`` say what was built; `Failure` with ``error``. Work begins with
        the first one that is taken; if no more is taken, what is queued is cancelled.

    Raises
    ------
    OptionError, UnknownCellError
        Before any work.
    ClusterError, UnseenPathError, MemoryShortError
        While results are taken: no worker, no scheduler, or a worker that is not fit for it.

    Examples
    --------
    >>> import spe1
    >>> for outcome in spe1.build_many(
    ...     ["c14", "c45"], raw_dir=".raw", root="short",
    ...     skip_seconds=0.2, duration_s=2.0, segment_duration_s=0.5,
    ... ):
    ...     print(outcome)
    Done(cell_id='c14', result=<c14 (simulated) built in ... s: 3 + 1 rows, ...>)
    Failure(cell_id='c45', error=MissingFileError(...))

    On a cluster of Dask it is the same with ``client=distributed.Client("tcp://...")``.
    """
    from spe1_builder.dataset.write.root import prepare_root

    chosen = BuildOptions(**options)
    cell_ids = expand_cells(cells)
    sources = Sources(local_path(raw_dir, "raw_dir"))
    build = BuildTask(sources, local_path(root, "root"), chosen, n_threads, force, strict)
    task = InTurn(DownloadTask(sources.raw_dir), build) if download else build
    if client is None:
        return each_cell(cell_ids, task)
    from spe1_builder.runs.clusters.run import run_in_cluster

    if download:
        sources.raw_dir.mkdir(parents=True, exist_ok=True)
    prepare_root(build.root)
    return run_in_cluster(client, cell_ids, task, "build_many")
