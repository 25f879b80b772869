"""A sorter's own process: ``python -m spe1_builder.benchmark.sorting.sorters.child TASK.json``.

It runs in whatever environment has the sorter, so it needs numpy and the sorter alone. It ends
when its parent does, and reaches no network.
"""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import sys
import threading
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from spe1_builder.benchmark.sorting.sorters.task import SorterTask

#: Names and addresses of this machine; a family without addresses is local too.
_LOCAL = ("127.", "::1", "localhost")


def main(arguments: list[str]) -> int:
    """Run a task; or say whether a sorter could run: ``check PACKAGE MODULE...``."""
    if arguments[0] == "check":
        return _check(arguments[1], arguments[2:])
    _end_with_parent()
    sys.addaudithook(_stay_offline)
    task = SorterTask.read(Path(arguments[0]))
    # What it raises ends the process: Python prints it, and its last line is what is told.
    _leave(task, _run(task))
    return 0


def _run(task: SorterTask) -> dict[str, Any]:
    if task.engine == "spikesift":
        from spe1_builder.benchmark.sorting.sorters.child_spikesift import sort
    else:
        from spe1_builder.benchmark.sorting.sorters.child_spikeinterface import sort
    return sort(task)


def _leave(task: SorterTask, units: dict[str, Any]) -> None:
    """Write the spikes of each unit; the file appears whole or not at all."""
    import numpy as np

    trains = [np.sort(np.asarray(train).astype(np.int64)) for train in units.values()]
    partial = f"{task.result}.incomplete.npz"
    np.savez(
        partial,
        unit_ids=np.array(list(units), dtype="U"),
        ends=np.cumsum([len(train) for train in trains], dtype=np.int64),
        samples=np.concatenate([*trains, np.empty(0, dtype=np.int64)]),
    )
    os.replace(partial, task.result)  # noqa: PTH105 - no more imports than needed


def _check(package: str, modules: list[str]) -> int:
    """Print version, modules that are missing, and whether there is a GPU, as JSON."""
    missing = [name for name in modules if importlib.util.find_spec(name) is None]
    try:
        found: str | None = version(package)
    except PackageNotFoundError:
        found = None
    has_gpu = False
    if "torch" in modules and not missing:
        import torch

        has_gpu = bool(torch.cuda.is_available())
    state = {"version": found, "missing": missing, "has_gpu": has_gpu}
    sys.stdout.write(json.dumps(state) + "\n")
    return 0


def _end_with_parent() -> None:
    """End, with every process of the group, when the parent's end of our input is closed."""

    def wait() -> None:
        # Not by sys.stdin: Python waits for its lock when it ends.
        os.read(0, 1)
        os.killpg(0, signal.SIGKILL)

    threading.Thread(target=wait, daemon=True).start()


def _stay_offline(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "socket.connect" and isinstance(arguments[1], tuple):
        host = str(arguments[1][0])
        if not host.startswith(_LOCAL):
            raise PermissionError(f"A sorter reaches no network, and tried {host}.")
    elif event == "socket.getaddrinfo" and not str(arguments[0]).startswith(_LOCAL):
        raise PermissionError(f"A sorter reaches no network, and asked for {arguments[0]}.")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
