"""The workers of a cluster, as a run sees them come and go."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from spe1_builder.errors import ClusterError, Spe1Error
from spe1_builder.runs.clusters.events import Event, Listener
from spe1_builder.runs.clusters.opened import DISK_RESOURCE
from spe1_builder.runs.clusters.sight import (
    Sight,
    WorkerFacts,
    check_workers,
    require_one_kind_of_lock,
)

if TYPE_CHECKING:
    from distributed import Client

#: How often the workers are counted.
LOOK_EVERY_S = 2.0
GO_ON = "run the same again: cells that are done stay as they are, and count as up to date"


class SchedulerGone(Exception):
    """The scheduler did not answer."""


@contextmanager
def _asked() -> Iterator[None]:
    try:
        yield
    except Spe1Error:
        raise  # some of ours are OSErrors too
    except (OSError, TimeoutError) as error:
        raise SchedulerGone from error


class Workers:
    """The workers that were seen, each held to what the work needs when it joins.

    Parameters
    ----------
    client : distributed.Client
    sight : Sight
    listener : callable
    no_worker_s : float or None
        Longest time without a single one.
    replenish : callable or None
        Asks for others in the place of those that left.
    """

    def __init__(
        self,
        client: Client,
        sight: Sight,
        listener: Listener,
        no_worker_s: float | None,
        replenish: Callable[[], None] | None,
    ):
        self._client, self._sight, self._tell = client, sight, listener
        self._no_worker_s, self._replenish = no_worker_s, replenish
        self._present: dict[str, WorkerFacts] = {}
        self._n_most = 0
        self._needs_disk = False
        self._none_since: float | None = None

    def take_disk_resource(self) -> bool:
        """Whether a task can take the resource of its disk: one of them declares it.

        From then on, only those count.
        """
        # A resource that no worker has would be waited for without end.
        self._needs_disk |= any(facts.has_disk_resource for facts in self._present.values())
        return self._needs_disk

    def wait_for_first(self) -> None:
        """Wait until there is one.

        Raises
        ------
        ClusterError, UnseenPathError, MemoryShortError
            None came in time, or one is not fit for the work.
        """
        self.look()
        if not self._present:
            self._tell(Event("waiting", "waiting for the first worker"))
        while not self._present:
            time.sleep(0.2)
            self.look()

    def look(self) -> None:
        """Count them; hold new ones to what the work needs.

        Raises
        ------
        ClusterError, UnseenPathError, MemoryShortError
            There was none for too long, or one is not fit for the work.
        SchedulerGone
            It does not answer.
        """
        with _asked():
            present = set(self._client.nthreads())
        for address in self._present.keys() - present:
            left = self._present.pop(address)
            self._tell(Event("worker left", f"{address} left", worker=address, host=left.host))
        new = sorted(present - self._present.keys())
        with _asked():
            joined = check_workers(self._client, self._sight, new) if new else []
        for facts in joined:
            self._present[facts.address] = facts
            text = f"{facts.address} on {facts.host} joined, {facts.n_threads} threads"
            if facts.without_flock is not None:
                text += f", locks by lease files ({facts.without_flock})"
            where: dict[str, Any] = {"worker": facts.address, "host": facts.host}
            self._tell(Event("worker joined", text, **where, versions=facts.versions))
        require_one_kind_of_lock(list(self._present.values()))
        self._n_most = max(self._n_most, len(self._present))
        if self._replenish is not None and len(self._present) < self._n_most:
            self._replenish()
        self._require_some()

    def _require_some(self) -> None:
        now, needs_disk = time.monotonic(), self._needs_disk
        if any(facts.has_disk_resource or not needs_disk for facts in self._present.values()):
            self._none_since = None
        elif self._none_since is None:
            # Not before a look that saw none: between two looks a caller may take its time.
            self._none_since = now
        elif self._no_worker_s is not None and now - self._none_since > self._no_worker_s:
            option = f" --resources {DISK_RESOURCE}=1" if needs_disk else ""
            raise ClusterError(
                f"The cluster has had no worker for {self._no_worker_s:.0f} s.",
                got=f"{len(self._present)} without the resource {DISK_RESOURCE}"
                if self._present
                else None,
                do=f"start some (dask worker ADDRESS{option}), then {GO_ON}",
            )
