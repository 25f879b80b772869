"""Options that name a cluster."""

from __future__ import annotations

from typing import Annotated

import typer

from spe1_builder.errors import OptionError
from spe1_builder.runs.clusters.spec import BATCH_SYSTEMS, ClusterSpec

_BATCH = f"({', '.join(BATCH_SYSTEMS)})"

Cluster = Annotated[
    str | None,
    typer.Option(
        help=f"A Dask cluster: tcp://HOST:PORT, local:N, or jobs of a batch system {_BATCH}."
    ),
]
Workers = Annotated[int | None, typer.Option(help=f"Jobs of the batch system {_BATCH}; 1.")]
Cores = Annotated[int | None, typer.Option(help="Threads of each job.")]
Memory = Annotated[str | None, typer.Option(help="Memory of each job, as 8GB.")]
Walltime = Annotated[str | None, typer.Option(help="Longest time of each job, as 02:00:00.")]


def named_cluster(
    name: str | None,
    workers: int | None,
    cores: int | None,
    memory: str | None,
    walltime: str | None,
) -> ClusterSpec | None:
    """The cluster that a command line names, if any.

    Raises
    ------
    OptionError
        There is none of that kind; or options of one without its name.
    """
    if name is not None:
        return ClusterSpec(name, workers, cores, memory, walltime)
    if any(value is not None for value in (workers, cores, memory, walltime)):
        raise OptionError(
            "Workers, cores, memory and walltime are a cluster's.", do="name it with --cluster"
        )
    return None
