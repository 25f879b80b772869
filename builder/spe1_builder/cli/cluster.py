"""The options that name a cluster, of every command that can run on one."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Annotated, Any, TypeVar, cast

import typer

from spe1_builder.errors import OptionError
from spe1_builder.runs.clusters.spec import BATCH_SYSTEMS, ClusterSpec

_F = TypeVar("_F", bound=Callable[..., Any])
_BATCH = f"({', '.join(BATCH_SYSTEMS)})"
#: Each option with its type and its help.
_OPTIONS = {
    "cluster": (
        str,
        f"A Dask cluster: tcp://HOST:PORT, local:N, or jobs of a batch system {_BATCH}.",
    ),
    "workers": (int, f"Jobs of the batch system {_BATCH}; 1."),
    "cores": (int, "Threads of each job."),
    "memory": (str, "Memory of each job, as 8GB."),
    "walltime": (str, "Longest time of each job, as 02:00:00 (LSF: 02:00)."),
}


def takes_cluster(command: _F) -> _F:
    """Decorator: the parameter ``cluster`` of a command is named by five options.

    The command gets a `ClusterSpec`, or None.
    """
    signature = inspect.signature(command, eval_str=True)
    kinds = inspect.Parameter
    added = [
        kinds(
            name,
            kinds.KEYWORD_ONLY,
            default=None,
            annotation=Annotated[kind | None, typer.Option(help=text)],
        )
        for name, (kind, text) in _OPTIONS.items()
    ]
    # By keyword, as the command line calls it, so that the five can stand in one's place.
    own = [one.replace(kind=kinds.KEYWORD_ONLY) for one in signature.parameters.values()]
    place = [one.name for one in own].index("cluster")
    parameters = [*own[:place], *added, *own[place + 1 :]]

    @functools.wraps(command)
    def call(**given: Any) -> Any:
        named = {name: given.pop(name, None) for name in _OPTIONS}
        return command(cluster=_named_cluster(**named), **given)

    public: Any = call
    public.__signature__ = signature.replace(parameters=parameters)
    public.__annotations__ = {one.name: one.annotation for one in parameters}
    return cast(_F, call)


def _named_cluster(
    cluster: str | None,
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
    if cluster is not None:
        return ClusterSpec(cluster, workers, cores, memory, walltime)
    if any(value is not None for value in (workers, cores, memory, walltime)):
        raise OptionError(
            "Workers, cores, memory and walltime are a cluster's.", do="name it with --cluster"
        )
    return None
