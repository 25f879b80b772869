"""A client of the cluster that was named; what was started for it ends with the block."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from spe1_builder.dataset.rows.stream import default_threads
from spe1_builder.errors import ClusterError, MissingPackageError
from spe1_builder.runs.clusters.jobs import Jobs, import_jobqueue
from spe1_builder.runs.clusters.spec import ClusterSpec
from spe1_builder.runs.clusters.tls import (
    TLS_CONFIG,
    is_encrypted,
    require_certificates,
    required_protocol,
)

if TYPE_CHECKING:
    from distributed import Client

#: What a task takes of a worker while it writes; a worker has one of it, so that ten cells do
#: not land on one disk at once.
DISK_RESOURCE = "spe1_disk"
#: Longest wait for a scheduler that is named.
_CONNECT_S = 15
_INSTALL = "pip install 'spe1[cluster]'"


def require_dask() -> None:
    """Refuse work that needs Dask where it is not installed.

    Raises
    ------
    MissingPackageError
    """
    try:
        import distributed  # noqa: F401
    except ImportError as error:
        raise MissingPackageError(
            "A cluster needs the package distributed.", got=str(error), do=_INSTALL
        ) from error


@contextmanager
def open_client(spec: ClusterSpec) -> Iterator[Client]:
    """A client of the cluster.

    Yields
    ------
    distributed.Client
        A local cluster and the jobs of a batch system are ours: they end with the block.

    Raises
    ------
    MissingPackageError
    ClusterError
        It cannot be reached or started.
    """
    require_dask()
    import dask
    from distributed import Client

    jobs = None if spec.batch_class is None else Jobs(spec.name)
    with ExitStack() as stack:
        if spec.n_local:
            target: Any = stack.enter_context(_local_cluster(spec.n_local))
        elif jobs is not None:
            target = stack.enter_context(_batch_cluster(spec, jobs))
        else:
            require_certificates(spec.name)
            target = spec.name
        # A scheduler that is gone is an error at once: what it knew went with it.
        stack.enter_context(dask.config.set({"distributed.comm.timeouts.connect": _CONNECT_S}))
        try:
            client = Client(target, timeout=_CONNECT_S, set_as_default=False)
        except (OSError, ValueError) as error:
            raise ClusterError(
                "The cluster's scheduler cannot be reached.",
                where=spec.name,
                got=f"{type(error).__name__}: {error}",
                do=_way_there(spec.name),
            ) from error
        if jobs is not None:
            stack.enter_context(jobs.watched(target, client))
        try:
            yield client
        finally:
            # Of a scheduler that is gone nothing can be asked any more.
            with suppress(OSError, TimeoutError):
                client.close(timeout=2)


def _way_there(address: str) -> str:
    if is_encrypted(address):
        return (
            "check the address that dask scheduler printed, and that the certificates that "
            f"{TLS_CONFIG} names here are of the authority that it trusts"
        )
    return "check the address that dask scheduler printed, tls:// if it encrypts, and the way there"


@contextmanager
def _local_cluster(n_workers: int) -> Iterator[Any]:
    from distributed import LocalCluster

    protocol = required_protocol(f"local:{n_workers}")
    n_threads = max(1, default_threads() // n_workers)
    try:
        cluster = LocalCluster(
            n_workers=n_workers,
            threads_per_worker=n_threads,
            processes=True,
            host="127.0.0.1",
            protocol=protocol,
            dashboard_address="127.0.0.1:0",
            resources={DISK_RESOURCE: 1},
            silence_logs=logging.CRITICAL,
        )
    except (OSError, RuntimeError) as error:
        raise ClusterError(
            "The workers of a local cluster cannot be started.",
            got=f"{type(error).__name__}: {error}",
            do="see what they wrote above; in a script of yours, call it under "
            "if __name__ == '__main__'",
        ) from error
    with cluster:
        yield cluster


@contextmanager
def _batch_cluster(spec: ClusterSpec, jobs: Jobs) -> Iterator[Any]:
    """A cluster whose jobs were taken; what is not said comes from Dask's own configuration."""
    try:
        dask_jobqueue = import_jobqueue()
    except ImportError as error:
        raise MissingPackageError(
            f"Jobs of {spec.name} need the package dask-jobqueue.", got=str(error), do=_INSTALL
        ) from error
    given = {"cores": spec.cores, "memory": spec.memory, "walltime": spec.walltime}
    options = {name: value for name, value in given.items() if value is not None}
    protocol = required_protocol(spec.name)
    cluster_class = getattr(dask_jobqueue, str(spec.batch_class))
    job_class = jobs.reported_by(cluster_class.job_cls)
    try:
        cluster = cluster_class(
            job_cls=job_class,
            processes=1,
            protocol=protocol,
            worker_extra_args=["--resources", f"{DISK_RESOURCE}=1"],
            **options,
        )
    except (OSError, ValueError, RuntimeError, TypeError) as error:
        raise ClusterError(
            f"A cluster of {spec.name} cannot be started.",
            got=f"{type(error).__name__}: {error}",
            do="give --cores and --memory, or set jobqueue in ~/.config/dask/jobqueue.yaml",
        ) from error
    with cluster:
        cluster.scale(spec.n_started)
        jobs.require_taken(spec.n_started)
        yield cluster


def dashboard_of(client: Client) -> str | None:
    """Where a browser sees what the workers do; None where there is no such page."""
    if "dashboard" not in client.scheduler_info()["services"]:
        return None
    # The port is there without bokeh too, and it is the scheduler's bokeh that draws.
    if client.run_on_scheduler(find_spec, "bokeh") is None:
        return None
    link: str | None = client.dashboard_link
    return link
