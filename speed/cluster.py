"""What a cluster costs: overhead of a task, and how much faster two workers are than one.

Overhead: tasks that do nothing, on two local workers, from the first one queued to the last result
taken; all bookkeeping of ours and of Dask is in it. Efficiency: the same tiny cells built by one
worker and by two, each with one thread, the workers warm (each has built one cell before). Peak
memory is the largest of a worker. The record holds the overhead against a build of a full cell
(``full_cell.json``).

Needs 3 GB of room and the extra ``cluster``.

    python speed/cluster.py --dir /dev/shm/cluster --save
"""

from __future__ import annotations

import argparse
import json
import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from common import RESULTS, peak_memory_bytes, record

from spe1_builder.progress import Progress
from spe1_builder.runs.tasks import Task

N_EMPTY = 400
N_CELLS = 43


@dataclass(frozen=True)
class NoWork(Task[None]):
    """A task that does nothing."""

    root: Path

    @property
    def places(self) -> tuple[Path, ...]:
        return (self.root,)

    def absolute(self) -> Self:
        return self

    def __call__(self, cell_id: str, progress: Progress | None = None) -> None:
        return None


def run_empty(folder: Path) -> float:
    """Seconds a task that does nothing."""
    from spe1_builder.runs.clusters.opened import open_client
    from spe1_builder.runs.clusters.run import run_in_cluster
    from spe1_builder.runs.clusters.spec import ClusterSpec

    with open_client(ClusterSpec("local:2")) as client:
        for n_tasks in (20, N_EMPTY):  # the first ones import the package on the workers
            begun = time.perf_counter()
            names = [str(number) for number in range(n_tasks)]
            outcomes = list(run_in_cluster(client, names, NoWork(folder), "speed"))
            seconds = time.perf_counter() - begun
            assert len(outcomes) == n_tasks
    return seconds / N_EMPTY


def run_builds(raw_dir: Path, root: Path, cell_ids: list[str], n_workers: int) -> dict[str, float]:
    """Wall time of building the cells, and a worker's peak memory."""
    from spe1_builder.dataset.plan.inputs import Sources
    from spe1_builder.dataset.plan.options import BuildOptions
    from spe1_builder.runs.clusters.opened import open_client
    from spe1_builder.runs.clusters.run import run_in_cluster
    from spe1_builder.runs.clusters.spec import ClusterSpec
    from spe1_builder.runs.loop import Done
    from spe1_builder.runs.tasks import BuildTask

    options = BuildOptions(skip_seconds=0.2, segment_duration_s=0.5)
    task = BuildTask(Sources(raw_dir), root, options, n_threads=1, force=True)
    with open_client(ClusterSpec(f"local:{n_workers}")) as client:
        for names in (cell_ids[:n_workers], cell_ids):
            root.mkdir(parents=True, exist_ok=True)
            begun = time.perf_counter()
            outcomes = list(run_in_cluster(client, names, task, "speed"))
            seconds = time.perf_counter() - begun
            assert all(isinstance(outcome, Done) for outcome in outcomes)
            shutil.rmtree(root)
        memory_bytes = max(client.run(peak_memory_bytes).values())
    return {"seconds": round(seconds, 2), "worker_peak_memory_gb": round(memory_bytes / 1e9, 3)}


def main() -> None:
    parser = argparse.ArgumentParser(description="What a cluster costs.")
    parser.add_argument(
        "--dir", type=Path, required=True, help="working folder, deleted at the end"
    )
    parser.add_argument("--save", action="store_true", help="keep the result")
    arguments = parser.parse_args()
    from spe1_builder.cells import catalogue
    from spe1_builder.source.simulation.archive import SimulationOptions, simulate

    raw_dir = arguments.dir / "raw"
    raw_dir.mkdir(parents=True)
    try:
        overhead_s = run_empty(arguments.dir)
        cell_ids = list(catalogue())[:N_CELLS]
        simulate(raw_dir, cell_ids, SimulationOptions(duration_s=2.2, firing_rate_hz=25.0))
        runs = {n: run_builds(raw_dir, arguments.dir / "spe1", cell_ids, n) for n in (1, 2)}
    finally:
        shutil.rmtree(arguments.dir)
    result: dict[str, Any] = {
        "empty_tasks": N_EMPTY,
        "overhead_ms_per_task": round(1e3 * overhead_s, 2),
        "cells": N_CELLS,
        "by_workers": {str(n): run for n, run in runs.items()},
        "efficiency_1_to_2": round(runs[1]["seconds"] / (2 * runs[2]["seconds"]), 3),
    }
    full = json.loads((RESULTS / "full_cell.json").read_text(encoding="utf-8"))
    build_s = full["build"]["seconds"]
    result["overhead_share_of_a_full_cell"] = round(overhead_s / build_s, 6)
    record("cluster", result, save=arguments.save)


if __name__ == "__main__":
    main()
