"""Which of several readers this process is, so that each draws windows of its own."""

from __future__ import annotations

import os
import sys
from typing import Any

from spe1_builder.errors import OptionError


def this_worker(given: tuple[int, int] | None = None) -> tuple[int, int]:
    """This reader's number, and how many there are.

    Without ``given``, torch is asked, if the program has imported it: for the worker of a
    ``DataLoader``, and for the rank of a distributed job (``torch.distributed``, else the
    variables RANK and WORLD_SIZE of its launcher).

    Parameters
    ----------
    given : tuple of int, optional
        (index, n_workers), which goes before what is found.

    Returns
    -------
    int
        0 <= index < n_workers.
    int
        n_workers; 1 where there are no others.

    Raises
    ------
    OptionError
        ``given`` is no such pair.
    """
    if given is not None:
        return _checked(given)
    torch = sys.modules.get("torch")
    if torch is None:
        return 0, 1
    index, n_workers = _data_loader_worker()
    rank, n_ranks = _rank(torch)
    return rank * n_workers + index, n_ranks * n_workers


def _checked(given: Any) -> tuple[int, int]:
    is_pair = isinstance(given, tuple | list) and len(given) == 2
    if is_pair and all(isinstance(n, int) and not isinstance(n, bool) for n in given):
        index, n_workers = given
        if 0 <= index < n_workers:
            return index, n_workers
    raise OptionError(
        "This is no worker.",
        where="worker",
        expected="(index, n_workers) with 0 <= index < n_workers",
        got=f"{given!r:.200}",
        do="number the readers from 0, or leave worker out with a torch DataLoader",
    )


def _data_loader_worker() -> tuple[int, int]:
    data = sys.modules.get("torch.utils.data")
    info = None if data is None else data.get_worker_info()
    return (0, 1) if info is None else (int(info.id), int(info.num_workers))


def _rank(torch: Any) -> tuple[int, int]:
    distributed = getattr(torch, "distributed", None)
    if distributed is not None and distributed.is_available() and distributed.is_initialized():
        return int(distributed.get_rank()), int(distributed.get_world_size())
    # A worker that was spawned knows only what the launcher told the program.
    rank, n_ranks = os.environ.get("RANK", ""), os.environ.get("WORLD_SIZE", "")
    if rank.isdecimal() and n_ranks.isdecimal() and int(rank) < int(n_ranks):
        return int(rank), int(n_ranks)
    return 0, 1
