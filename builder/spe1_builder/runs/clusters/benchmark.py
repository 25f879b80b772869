"""The localization benchmark on a cluster: cells, and seeds of the degradation, apart."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from spe1_builder.benchmark.localization.options import BenchmarkOptions
from spe1_builder.benchmark.localization.schema import LocalizationBenchmark
from spe1_builder.errors import OutputError, Spe1Error
from spe1_builder.runs.clusters.events import Listener, to_nobody
from spe1_builder.runs.clusters.run import run_in_cluster
from spe1_builder.runs.clusters.spec import ClusterSpec
from spe1_builder.runs.loop import Done, Failure
from spe1_builder.runs.tasks import BenchmarkTask, seed_of_cell

if TYPE_CHECKING:
    from distributed import Client

    from spe1_builder.benchmark.localization.evaluate import CellEvaluation


def benchmark_in_cluster(
    cluster: ClusterSpec | Client,
    root: Path,
    cell_ids: Sequence[str],
    options: BenchmarkOptions,
    *,
    listener: Listener = to_nobody,
) -> LocalizationBenchmark:
    """Score cells of a dataset root, as `run_benchmark` does, on the workers of a cluster.

    Raises
    ------
    OutputError
        Not one cell could be scored.
    ClusterError, UnseenPathError
        As `run_in_cluster` raises.
    """
    from spe1_builder.benchmark.localization.plan import make_plan
    from spe1_builder.benchmark.localization.run import assemble

    parts = _parts(cell_ids, options)
    names = [name for part in parts.values() for name in part]
    task = BenchmarkTask(root, options)
    outcomes = {
        outcome.cell_id: outcome
        for outcome in run_in_cluster(
            cluster, names, task, "benchmark localization", listener=listener
        )
    }
    evaluations = [
        _joined(cell_id, [outcomes[name] for name in part]) for cell_id, part in parts.items()
    ]
    return assemble(evaluations, make_plan(options))


def _parts(cell_ids: Sequence[str], options: BenchmarkOptions) -> dict[str, list[str]]:
    """What `BenchmarkTask` is called with, by cell: the cell, or a seed of it apart."""
    if not (options.degradation or options.grid_search):
        return {cell_id: [cell_id] for cell_id in cell_ids}
    return {
        cell_id: [seed_of_cell(cell_id, seed) for seed in options.seeds] for cell_id in cell_ids
    }


def n_parts(cell_ids: Sequence[str], options: BenchmarkOptions) -> int:
    """Tasks that these cells are on a cluster."""
    return sum(len(names) for names in _parts(cell_ids, options).values())


def _joined(cell_id: str, outcomes: Sequence[Done[CellEvaluation] | Failure]) -> CellEvaluation:
    """The seeds of a cell as one evaluation; one that failed makes the cell fail."""
    from spe1_builder.benchmark.localization.evaluate import CellEvaluation

    found: list[CellEvaluation] = []
    for outcome in outcomes:
        if isinstance(outcome, Failure):
            return CellEvaluation(cell_id, problem=_as_problem(cell_id, outcome.error))
        if outcome.result.problem is not None:
            return outcome.result
        found.append(outcome.result)
    first, *others = found
    for other in others:
        first.notes += [note for note in other.notes if note not in first.notes]
    if not all(one.days or one.grid for one in found):
        # A part of the seeds would be a curve of something else.
        first.days.clear()
        first.grid.clear()
        return first
    for other in others:
        first.days += other.days
        first.grid += other.grid
    return first


def _as_problem(cell_id: str, error: Exception) -> Spe1Error:
    if isinstance(error, Spe1Error):
        return error
    got = f"{type(error).__name__}: {error}"
    return OutputError(f"{cell_id} could not be scored.", got=got, do="see the worker's log")
