"""Which cluster is meant, from the words of a command line."""

from __future__ import annotations

import re
from dataclasses import dataclass

from spe1_builder.errors import OptionError

#: Batch systems, and their class in ``dask_jobqueue``.
BATCH_SYSTEMS = {
    "slurm": "SLURMCluster",
    "pbs": "PBSCluster",
    "lsf": "LSFCluster",
    "sge": "SGECluster",
}
_EXPECTED = f"tcp://HOST:PORT, local:N, or one of {', '.join(BATCH_SYSTEMS)}"
#: ``bsub -W``; with seconds it refuses the job.
_LSF_TIME = re.compile(r"\d+(:\d\d)?")
_ADDRESS = re.compile(r"(?:[a-z]+://)?[^\s:/]+:\d+|[a-z]+://\S+")


@dataclass(frozen=True)
class ClusterSpec:
    """A cluster to join or to start; what cannot work is an `OptionError`.

    Attributes
    ----------
    name : str
        Address of a scheduler, ``local:N``, or a batch system.
    workers : int, optional
        Jobs of a batch system (1).
    cores : int, optional
        Threads of each job; default: what Dask's own configuration has.
    memory, walltime : str, optional
        Of each job: ``"8GB"``, ``"02:00:00"``; for LSF ``"02:00"``.

    Examples
    --------
    >>> ClusterSpec("local:4").n_local
    4
    >>> ClusterSpec("slurm", workers=8, cores=3, memory="8GB").batch_class
    'SLURMCluster'
    """

    name: str
    workers: int | None = None
    cores: int | None = None
    memory: str | None = None
    walltime: str | None = None

    def __post_init__(self) -> None:
        local = self.name == "local" or self.name.startswith("local:")
        if local and self.n_local < 1:
            raise _unusable("cluster", self.name, "local:N with 1 or more workers")
        if not local and self.batch_class is None and not _ADDRESS.fullmatch(self.name):
            raise _unusable("cluster", self.name, _EXPECTED)
        for option in ("workers", "cores"):
            value = getattr(self, option)
            if value is not None and value < 1:
                raise _unusable(option, value, "1 or more")
        if self.name == "lsf" and self.walltime and not _LSF_TIME.fullmatch(self.walltime):
            raise _unusable("walltime", self.walltime, "02:00, hours and minutes, as bsub has it")
        if self.batch_class is None:
            for option in ("workers", "cores", "memory", "walltime"):
                if getattr(self, option) is not None:
                    raise _unusable(option, getattr(self, option), "only for a batch system")

    @property
    def n_local(self) -> int:
        """Workers on this machine; 0 where it is no such cluster."""
        kind, _, count = self.name.partition(":")
        return int(count) if kind == "local" and count.isascii() and count.isdecimal() else 0

    @property
    def batch_class(self) -> str | None:
        """The class that starts its jobs, if it is a batch system's."""
        return BATCH_SYSTEMS.get(self.name)

    @property
    def n_started(self) -> int:
        """Workers that are started for it; 0 where a scheduler is joined."""
        return self.n_local if self.batch_class is None else self.workers or 1


def _unusable(option: str, value: object, expected: str) -> OptionError:
    return OptionError(
        f"{option} cannot be {value!r}.",
        where=option,
        expected=expected,
        got=repr(value),
        do=f"change --{option}, or leave it out",
    )
