"""Make a committed benchmark again, of localization or sorting: 11 semi-real cells.

One cell at a time is made of its real footprint and spike train in generated noise, built, scored
in every way that the benchmark has, and deleted: 5 GB of disk, a quarter of an hour. The result
is that of semi-real cells and says so; the real ones need an account.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import TypeVar

# In a checkout that is not installed, the package is beside this folder.
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "builder"))

from spe1_builder.benchmark.localization.evaluate import CellEvaluation, evaluate_cell
from spe1_builder.benchmark.localization.options import BenchmarkOptions
from spe1_builder.benchmark.localization.plan import make_plan
from spe1_builder.benchmark.localization.report import with_real_neurons, write_report
from spe1_builder.benchmark.localization.run import assemble
from spe1_builder.benchmark.localization.schema import write_benchmark
from spe1_builder.benchmark.localization.tables import markdown
from spe1_builder.benchmark.sorting.evaluate import evaluate_cell as sort_cell
from spe1_builder.benchmark.sorting.options import BOUNDS, SortingOptions
from spe1_builder.benchmark.sorting.run import assemble as assemble_sorted
from spe1_builder.benchmark.sorting.schema import write_sorting_benchmark
from spe1_builder.benchmark.sorting.schema_cells import SortedCell
from spe1_builder.benchmark.sorting.tables import markdown as sorting_markdown
from spe1_builder.cells import expand_cells
from spe1_builder.dataset.plan.inputs import Sources
from spe1_builder.dataset.plan.options import BuildOptions
from spe1_builder.dataset.write.build import build_cell
from spe1_builder.layout import BENCHMARK_NAME, SORTING_BENCHMARK_NAME
from spe1_builder.progress import Bars, Progress
from spe1_builder.source.simulation.archive import SimulationOptions, simulate
from spe1_builder.source.simulation.options import AS_CATALOGUED, SEMI_REAL

T = TypeVar("T")
PROJECT = Path(__file__).resolve().parents[1]
SIMULATION = replace(SEMI_REAL, duration_s=61.0)
#: A soma that all but touches the shank (the 12 of the catalogue: 10 to 109 um). The grid
#: convolution's error grows with that distance; see docs/benchmark.md and --distance-um.
EASY = SimulationOptions(duration_s=31.0, distance_um=15.0)
BUILD = BuildOptions(skip_seconds=1.0, duration_s=60.0)


def with_simulated(
    cell_id: str, simulation: SimulationOptions, evaluate: Callable[[Path, Path, Progress], T]
) -> T:
    """Simulate, build and score one cell; nothing of it stays on the disk."""
    progress = Bars(cell_id)
    with tempfile.TemporaryDirectory(prefix="spe1-example-") as name:
        raw_dir, root = Path(name) / "raw", Path(name) / "spe1"
        simulate(raw_dir, [cell_id], simulation, progress)
        build_cell(cell_id, Sources(raw_dir), root, BUILD, progress=progress)
        return evaluate(root, raw_dir, progress)


def score_sorters(
    cells: list[str], simulation: SimulationOptions, args: argparse.Namespace
) -> None:
    """The sorting benchmark: floor, ceiling, and the sorters that were asked for."""
    options = SortingOptions(sorters=(*BOUNDS, *args.sorters), python=args.python)

    def evaluate(cell_id: str) -> SortedCell:
        return with_simulated(
            cell_id,
            simulation,
            lambda root, raw_dir, _: sort_cell(root, cell_id, replace(options, raw_dir=raw_dir)),
        )

    result = assemble_sorted([evaluate(cell_id) for cell_id in cells], options)
    write_sorting_benchmark(args.output or PROJECT / SORTING_BENCHMARK_NAME, result)
    print(sorting_markdown(result))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("task", choices=["localization", "sorting"])
    parser.add_argument("--output", type=Path, help="default: the committed file")
    parser.add_argument("--sorters", nargs="*", default=[], help="beside floor and ceiling")
    parser.add_argument("--python", type=Path, help="interpreter that has these sorters")
    parser.add_argument("--plots", type=Path, help="folder for figures and report of localization")
    parser.add_argument("--cells", nargs="+", default=["zhao"])
    parser.add_argument("--n-jobs", type=int, default=2)
    kinds = parser.add_mutually_exclusive_group()
    kinds.add_argument(
        "--as-catalogued",
        action="store_true",
        help="simulated cells of the catalogue's amplitudes and distances; name another --output",
    )
    kinds.add_argument(
        "--easy",
        action="store_true",
        help="simulated cells of 150 uV, 15 um in front of the electrode; name another --output",
    )
    kinds.add_argument("--distance-um", type=float, help="the same at another distance")
    args = parser.parse_args()
    simulation = SIMULATION
    if args.distance_um is not None:
        simulation = replace(EASY, distance_um=args.distance_um)
    elif args.easy:
        simulation = EASY
    elif args.as_catalogued:
        simulation = replace(AS_CATALOGUED, duration_s=EASY.duration_s)
    cells = expand_cells(args.cells)
    if args.task == "sorting":
        score_sorters(cells, simulation, args)
        return
    options = BenchmarkOptions(
        masking="as-published",
        with_spikes=True,
        degradation=True,
        grid_search=True,
        n_jobs=args.n_jobs,
    )
    plan = make_plan(options)

    def evaluate(cell_id: str) -> CellEvaluation:
        return with_simulated(
            cell_id,
            simulation,
            lambda root, raw_dir, progress: evaluate_cell(
                root, cell_id, replace(plan, raw_dir=raw_dir), progress
            ),
        )

    evaluations = [evaluate(cell_id) for cell_id in cells]
    made = {"simulate": asdict(simulation), "build": BUILD.as_dict()}
    result = with_real_neurons(assemble(evaluations, plan, simulation=made))
    write_benchmark(args.output or PROJECT / BENCHMARK_NAME, result)
    print(markdown(result))
    if args.plots is not None:
        write_report(args.plots, result)


if __name__ == "__main__":
    main()
