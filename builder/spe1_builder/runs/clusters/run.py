"""A task on cells of a cluster, from opening it to its record."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, TypeVar

from spe1_builder.runs.clusters.each import each_on_cluster
from spe1_builder.runs.clusters.events import Event, Listener, to_nobody
from spe1_builder.runs.clusters.opened import dashboard_of, open_client, require_dask
from spe1_builder.runs.clusters.record import recorded
from spe1_builder.runs.clusters.sight import shared_sight
from spe1_builder.runs.clusters.spec import ClusterSpec
from spe1_builder.runs.loop import Done, Failure, goes_on
from spe1_builder.runs.tasks import Task

if TYPE_CHECKING:
    from distributed import Client

R = TypeVar("R")


def replenisher(client: Client, cluster: ClusterSpec | Client) -> Callable[[], None] | None:
    """What starts workers again in a cluster of ours; None where others do.

    A worker that is killed while it starts is not started again by its own keeper, and a job
    ends with its time.
    """
    if not isinstance(cluster, ClusterSpec) or not cluster.n_started:
        return None
    n_workers, started = cluster.n_started, client.cluster
    return None if started is None else lambda: started.scale(n_workers)


def run_in_cluster(
    cluster: ClusterSpec | Client,
    cell_ids: Sequence[str],
    task: Task[R],
    command: str,
    *,
    listener: Listener = to_nobody,
    is_hopeless: Callable[[Exception], bool] = goes_on,
) -> Generator[Done[R] | Failure, None, None]:
    """Run a task on cells, on a cluster that is opened for it or that a client is of.

    Parameters
    ----------
    cluster : ClusterSpec or distributed.Client
        A client that is given stays open.
    cell_ids : sequence of str
    task : Task
        The first of its places gets the record of the run, and must be there.
    command : str
        For the record.
    listener : callable, optional
        Told of every event.
    is_hopeless : callable, optional
        As `each_cell` has it.

    Yields
    ------
    Done or Failure
        As each cell ends, in the order in which they end.

    Raises
    ------
    Spe1Error
        As `open_client` and `each_on_cluster` raise.
    """
    require_dask()
    task = task.absolute()
    root = task.places[0]
    opened: AbstractContextManager[Client]
    opened = open_client(cluster) if isinstance(cluster, ClusterSpec) else nullcontext(cluster)
    name = cluster.name if isinstance(cluster, ClusterSpec) else "client"
    # Jobs wait in a batch system's queue as long as it likes.
    is_queue = isinstance(cluster, ClusterSpec) and cluster.batch_class is not None
    with (
        recorded(root, command, name, listener) as recorder,
        opened as client,
        shared_sight(root, task.places) as sight,
    ):
        page = None if cluster is client else dashboard_of(client)
        text = f"is {name}" + (f", dashboard at {page}" if page else "")
        recorder.hear(Event("cluster", text, cluster=name, dashboard=page))
        yield from each_on_cluster(
            client,
            cell_ids,
            task,
            sight,
            listener=recorder.hear,
            no_worker_s=None if is_queue else 60.0,
            replenish=replenisher(client, cluster),
            is_hopeless=is_hopeless,
        )
