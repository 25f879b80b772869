"""The tries of a cell on a cluster, and what ends them."""

from __future__ import annotations

from dataclasses import dataclass, replace

from spe1_builder.errors import WorkerLostError


@dataclass
class Try:
    """A cell on its way: how often it was submitted, and what speaks against it.

    Attributes
    ----------
    attempt : int
        From 1.
    n_faults : int
        Tries that failed by the cell's own fault.
    n_given_up : int
        How often Dask gave it up, since workers died.
    at : str, optional
        The worker that was last seen at it.
    """

    cell_id: str
    attempt: int = 1
    n_faults: int = 0
    n_given_up: int = 0
    at: str | None = None

    def again(self) -> Try:
        """The next one, with what speaks against the cell so far."""
        return replace(self, attempt=self.attempt + 1, at=None)


def lost_workers(cell_id: str, last_worker: str) -> WorkerLostError:
    """The error of a cell whose workers died."""
    return WorkerLostError(
        f"The workers that took up {cell_id} died, one after the other.",
        where=cell_id,
        got=f"the last one was {last_worker}",
        do="see their logs; most often they had too little memory: start them with more",
    )
