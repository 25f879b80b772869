"""The localization methods on simulated cells whose places are known, in all three dimensions.

Of each cell: bias (the template's estimate less the planted soma), precision (templates of
halves of the spikes, see docs/benchmark.md) and the spread of single spikes. One cell at a time
is simulated, built and deleted: 3 GB of disk, some ten seconds a cell.

    python scripts/compare_localizers.py --cells zhao --distance-um 25 --peak-to-peak-uV 60
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import defaultdict
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

# In a checkout that is not installed, the package is beside this folder.
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "builder"))

from spe1_builder.benchmark.common.inputs import read_cell
from spe1_builder.benchmark.common.tables import Table
from spe1_builder.benchmark.localization.contestants import contestant
from spe1_builder.benchmark.localization.estimate import Waveforms
from spe1_builder.benchmark.localization.methods import METHODS, localize
from spe1_builder.benchmark.localization.options import BenchmarkOptions
from spe1_builder.benchmark.localization.plan import Plan, make_plan
from spe1_builder.benchmark.localization.precision import locate_halves
from spe1_builder.benchmark.localization.unit import SPIKE_WINDOW_SAMPLES, Unit
from spe1_builder.benchmark.localization.words import Level
from spe1_builder.cells import expand_cells
from spe1_builder.dataset.plan.inputs import Sources
from spe1_builder.dataset.plan.options import BuildOptions
from spe1_builder.dataset.write.build import build_cell
from spe1_builder.source.simulation.archive import SimulationOptions, read_truth, simulate

SIMULATION = SimulationOptions(duration_s=31.0, seed=0)
BUILD = BuildOptions(skip_seconds=1.0, duration_s=30.0)


@dataclass(frozen=True, eq=False)
class Compared:
    """One method on one cell.

    Attributes
    ----------
    bias_um : np.ndarray
        float64 (3,): x, y, z of the template's estimate less the soma's.
    halves_um : float
        Median distance between the templates of halves.
    spread_um : np.ndarray
        float64 (2,): s.d. of single spikes, x and y, from their quartiles.
    """

    bias_um: np.ndarray
    halves_um: float
    spread_um: np.ndarray


def compare(cell_id: str, simulation: SimulationOptions, plan: Plan) -> dict[str, Compared]:
    """Every method on one simulated cell; nothing of it stays on the disk."""
    with tempfile.TemporaryDirectory(prefix="spe1-compare-") as name:
        raw_dir, root = Path(name) / "raw", Path(name) / "spe1"
        simulate(raw_dir, [cell_id], simulation)
        build_cell(cell_id, Sources(raw_dir), root, BUILD)
        soma_um = np.array(read_truth(raw_dir, cell_id).location_um)
        unit = Unit(read_cell(root, cell_id), "corrected", raw_dir, plan.n_threads)
        template_uV = unit.template_uV()
        template = unit.waveforms(template_uV[np.newaxis], unit.n_before, template_uV)
        spikes = unit.waveforms(unit.spike_windows_uV(), SPIKE_WINDOW_SAMPLES[0], template_uV)
        halves = {one.method: one.xy_um for one in locate_halves(unit, template_uV, plan)}
    found = {}
    for method in plan.methods:
        xyz_um = _localized(method, "templates", template, plan)[0]
        low, high = np.nanpercentile(
            _localized(method, "spikes", spikes, plan)[:, :2], [25, 75], axis=0
        )
        apart_um = np.hypot(*(halves[method][:, 0] - halves[method][:, 1]).T)
        # Of a normal distribution the quartiles are 1.349 s.d. apart.
        found[method] = Compared(
            xyz_um - soma_um, float(np.nanmedian(apart_um)), (high - low) / 1.349
        )
    return found


def _localized(method: str, level: Level, waveforms: Waveforms, plan: Plan) -> np.ndarray:
    """x, y and z of waveforms: float64 (n, 3), um."""
    found = localize(
        method,
        waveforms.values_uV,
        waveforms.masked.positions_um,
        waveforms.masked.peak_index,
        level=level,
        n_before=waveforms.n_before,
        n_threads=plan.n_threads,
    )
    return np.column_stack([found.xy_um, found.z_um])


def table(results: dict[str, list[Compared]], title: str) -> Table:
    """Medians over cells."""
    rows = []
    for method, cells in results.items():
        bias_um = np.array([one.bias_um for one in cells])
        size_um = np.median(np.abs(bias_um), axis=0)
        z_um = np.median(bias_um[:, 2])
        values = (size_um[1], size_um[0], np.median([one.halves_um for one in cells]))
        spread_um = np.median([one.spread_um for one in cells], axis=0)
        written = [f"{value:.2f}" for value in (*values, spread_um[1], spread_um[0])]
        # Of the grid convolution z is a weight, and no distance.
        is_distance = np.isfinite(z_um) and method != "grid_convolution"
        rows.append((contestant(method).label, *written, f"{z_um:+.1f}" if is_distance else "-"))
    columns = ("|dy|", "|dx|", "halves", "spikes, s.d. y", "spikes, s.d. x", "dz")
    return Table(title, ("method", *columns), tuple(rows), "um, medians over cells.")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cells", nargs="+", default=["zhao"])
    parser.add_argument("--distance-um", type=float, default=25.0)
    parser.add_argument("--peak-to-peak-uV", dest="peak_to_peak_uV", type=float, default=60.0)
    parser.add_argument("--n-jobs", type=int, default=2)
    args = parser.parse_args()
    simulation = replace(
        SIMULATION, distance_um=args.distance_um, peak_to_peak_uV=args.peak_to_peak_uV
    )
    plan = make_plan(BenchmarkOptions(with_spikes=True, n_jobs=args.n_jobs))
    results: dict[str, list[Compared]] = defaultdict(list)
    cells = expand_cells(args.cells)
    for cell_id in cells:
        for method, one in compare(cell_id, simulation, plan).items():
            results[method].append(one)
    title = f"{len(cells)} simulated cells, {args.peak_to_peak_uV:g} uV at {args.distance_um:g} um"
    print(table({method: results[method] for method in METHODS}, title).markdown())


if __name__ == "__main__":
    main()
