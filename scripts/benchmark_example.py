"""Make ``localization_benchmark.json`` again: the benchmark on 12 simulated cells.

One cell at a time is simulated in front of its catalogue electrode, built, scored in
every way that the benchmark has, and deleted: 3 GB of disk, some minutes. The result is
that of simulated cells and says so; the real ones need an account.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from dataclasses import asdict
from pathlib import Path

from builder.benchmark.evaluate import CellEvaluation, evaluate_cell
from builder.benchmark.options import BenchmarkOptions
from builder.benchmark.report import write_report
from builder.benchmark.run import assemble
from builder.benchmark.schema import LocalizationBenchmark, write_benchmark
from builder.benchmark.tables import markdown
from builder.cells import expand_cells
from builder.dataset.build import build_cell
from builder.dataset.inputs import Sources
from builder.dataset.options import BuildOptions
from builder.layout import BENCHMARK_NAME
from builder.progress import Bars
from builder.source.simulate import SimulationOptions, simulate_archive

PROJECT = Path(__file__).resolve().parents[1]
SIMULATION = SimulationOptions(duration_s=31.0, seed=0)
BUILD = BuildOptions(skip_seconds=1.0, duration_s=30.0)


def evaluate_simulated(
    cell_id: str, options: BenchmarkOptions, folder: Path | None = None
) -> CellEvaluation:
    """Simulate, build and score one cell; nothing of it stays on the disk."""
    with tempfile.TemporaryDirectory(prefix="spe1-example-", dir=folder) as name:
        raw_dir, root = Path(name) / "raw", Path(name) / "spe1"
        simulate_archive(raw_dir, [cell_id], SIMULATION, progress=Bars(cell_id))
        build_cell(cell_id, Sources(raw_dir), root, BUILD, progress=Bars(cell_id))
        return evaluate_cell(root, cell_id, with_raw_dir(options, raw_dir), Bars(cell_id))


def with_raw_dir(options: BenchmarkOptions, raw_dir: Path) -> BenchmarkOptions:
    """The options for an archive that lies elsewhere."""
    from dataclasses import replace

    return replace(options, raw_dir=raw_dir)


def assemble_simulated(
    evaluations: list[CellEvaluation], options: BenchmarkOptions
) -> LocalizationBenchmark:
    """The result, with what the cells were made of."""
    made = {"simulate": asdict(SIMULATION), "build": BUILD.as_dict()}
    return assemble(evaluations, options, simulation=made)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, default=PROJECT / BENCHMARK_NAME)
    parser.add_argument("--plots", type=Path, help="folder for the figures and the report")
    parser.add_argument("--cells", nargs="+", default=["default"])
    parser.add_argument("--n-jobs", type=int, default=2)
    args = parser.parse_args()
    options = BenchmarkOptions(
        masking="as-published",
        with_spikes=True,
        degradation=True,
        grid_search=True,
        n_jobs=args.n_jobs,
    )
    evaluations = [evaluate_simulated(name, options) for name in expand_cells(args.cells)]
    result = assemble_simulated(evaluations, options)
    write_benchmark(args.output, result)
    print(markdown(result))
    if args.plots is not None:
        shutil.rmtree(args.plots, ignore_errors=True)
        write_report(args.plots, result)


if __name__ == "__main__":
    main()
