"""The compiled localization against SpikeInterface: agreement and time, on one core.

Recordings are simulated in three amplitudes and preprocessed; of each, all spikes of the
patched neuron are localized, and templates (means of random spikes, and of all). Both
engines get the same waveforms in memory, so reading takes no part, and both run on the one
core that the process is bound to, linear algebra included. Of several runs of each the
shortest counts; compilation and imports come before. SpikeInterface's grid convolution makes
the grid of the whole probe in every call, which is part of its time; "without its grid"
leaves that out of its time, and ours in.

SpikeInterface does not tell whether its solver converged, so the solver is called once more
with SpikeInterface's own functions. The effect of ``enforce_decrease`` is measured as the
distance from the planted soma with and without it. SpikeInterface has no point source: its
reference is scipy's solver and numpy's singular value decomposition, and its speed is also set
beside monopolar triangulation's of the same run.

    python speed/localize.py --dir /tmp/localize --save
"""

from __future__ import annotations

import argparse
import os
import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from common import RESULTS, record, run_stage

if TYPE_CHECKING:
    from spe1_builder.benchmark.localization.words import Level

#: Simulated cells and the peak-to-peak of each on its peak channel.
CELLS_UV = {"c14": 150.0, "c26": 70.0, "c45": 35.0}
N_BEFORE, N_AFTER = 30, 60
SPIKES_A_TEMPLATE = 25
AGREEMENT_UM = 0.1
REFERENCE_RUNS = 3


@dataclass(frozen=True)
class Unit:
    """A simulated neuron as a localizer gets it: waveforms of the channels without reference."""

    waveforms_uV: np.ndarray
    templates_uV: np.ndarray
    positions_um: np.ndarray
    peak_index: int
    soma_um: np.ndarray


def load_unit(cell_id: str, raw_dir: Path, duration_s: float, n_templates: int) -> Unit:
    """Simulate one cell, read its spikes, average templates."""
    from spe1_builder.constants import REFERENCE_CHANNELS
    from spe1_builder.probe import nominal_positions_um
    from spe1_builder.signal.bandpass.preprocess import make_preprocessor
    from spe1_builder.source.recording.raw import open_raw_cell
    from spe1_builder.source.simulation.archive import (
        SimulationOptions,
        read_truth,
        simulate,
    )

    options = SimulationOptions(
        duration_s=duration_s, peak_to_peak_uV=CELLS_UV[cell_id], firing_rate_hz=50.0
    )
    simulate(raw_dir, [cell_id], options, overwrite=True)
    truth = read_truth(raw_dir, cell_id)
    preprocessor = make_preprocessor(open_raw_cell(raw_dir, cell_id))
    kept = np.setdiff1d(np.arange(384), REFERENCE_CHANNELS)
    samples = np.rint(truth.npx_samples).astype(np.int64)
    samples = samples[(samples > N_BEFORE) & (samples < truth.n_npx - N_AFTER)]
    waveforms_uV = np.empty((len(samples), N_BEFORE + N_AFTER, len(kept)), np.float32)
    for i, sample in enumerate(samples):
        window_uV = preprocessor.read(int(sample) - N_BEFORE, int(sample) + N_AFTER)
        waveforms_uV[i] = window_uV[kept].T
    shutil.rmtree(raw_dir)
    rng = np.random.default_rng(0)
    chosen = [
        rng.choice(len(samples), SPIKES_A_TEMPLATE, replace=False) for _ in range(n_templates - 1)
    ]
    templates_uV = np.stack([waveforms_uV[some].mean(axis=0) for some in chosen])
    mean_uV = waveforms_uV.mean(axis=0)
    return Unit(
        waveforms_uV,
        np.concatenate([templates_uV, mean_uV[np.newaxis]]),
        nominal_positions_um()[kept].astype(np.float64),
        int(np.abs(mean_uV).max(axis=0).argmax()),
        np.array(truth.location_um[:2]),
    )


def solver_status(unit: Unit, params: Any) -> tuple[np.ndarray, np.ndarray]:
    """Whether scipy's solver, called as SpikeInterface calls it, met a tolerance; and its cost."""
    from scipy.optimize import least_squares
    from spikeinterface.postprocessing.localization_tools import (
        estimate_distance_error,
        make_initial_guess_and_bounds,
    )

    from spe1_builder.benchmark.localization.methods.task import make_task

    task = make_task(
        unit.waveforms_uV, unit.positions_um, unit.peak_index, params, 30_000.0, N_BEFORE
    )
    near_um = task.positions_um[task.near]
    met, cost = [], []
    for values in task.features(params.feature):
        start, bounds = make_initial_guess_and_bounds(values, near_um, params.max_distance_um)
        done = least_squares(
            estimate_distance_error, x0=start, bounds=bounds, args=(values, near_um)
        )
        met.append(done.status > 0)
        cost.append(done.cost)
    return np.array(met), np.array(cost)


def cost_at(unit: Unit, params: Any, xy_um: np.ndarray, z_um: np.ndarray) -> np.ndarray:
    """Cost of the monopole at given places with the best amplitude: (n_waveforms,)."""
    from spe1_builder.benchmark.localization.methods.task import make_task

    task = make_task(
        unit.waveforms_uV, unit.positions_um, unit.peak_index, params, 30_000.0, N_BEFORE
    )
    values = task.features(params.feature).astype(np.float64)
    offsets_um = task.positions_um[task.near] - xy_um[:, np.newaxis]
    inverse = 1.0 / np.sqrt((offsets_um**2).sum(axis=2) + z_um[:, np.newaxis] ** 2)
    alpha = (values * inverse).sum(axis=1) / (inverse**2).sum(axis=1)
    alpha = np.clip(alpha, 0.0, params.max_distance_um * values.max(axis=1))
    return 0.5 * ((values - alpha[:, np.newaxis] * inverse) ** 2).sum(axis=1)


def compare(units: list[Unit], method: str, level: Level, repeats: int) -> dict[str, Any]:
    """Distance between the engines' estimates, and both times, over all units."""
    from spe1_builder.benchmark.localization.methods import METHODS, localize

    params = METHODS[method].defaults[level]
    if method == "monopolar_triangulation":
        # What this release of SpikeInterface computes, whether it is asked for it or not.
        params = params.model_copy(update={"enforce_decrease": False})
    apart_um, apart_z_um, met, costlier = [], [], [], 0
    ours_s = theirs_s = 0.0
    for unit in units:
        waveforms_uV = unit.waveforms_uV if level == "spikes" else unit.templates_uV
        place = (waveforms_uV, unit.positions_um, unit.peak_index)
        rounds = [
            localize(method, *place, params=params, n_before=N_BEFORE) for _ in range(repeats)
        ]
        ours = rounds[0]
        reference = [
            localize(method, *place, params=params, n_before=N_BEFORE, engine="spikeinterface")
            for _ in range(REFERENCE_RUNS)
        ]
        theirs = reference[0]
        ours_s += min(one.seconds for one in rounds)
        theirs_s += min(one.seconds for one in reference)
        apart_um.append(np.linalg.norm(ours.xy_um - theirs.xy_um, axis=1))
        apart_z_um.append(np.abs(ours.z_um - theirs.z_um))
        if method == "monopolar_triangulation" and level == "spikes":
            did_meet, cost = solver_status(unit, params)
            met.append(did_meet)
            costlier += int((cost_at(unit, params, ours.xy_um, ours.z_um) > 1.001 * cost).sum())
    return _summary(apart_um, apart_z_um, met, costlier, ours_s, theirs_s)


def _summary(
    apart_um: list[np.ndarray],
    apart_z_um: list[np.ndarray],
    met: list[np.ndarray],
    costlier: int,
    ours_s: float,
    theirs_s: float,
) -> dict[str, Any]:
    all_um, all_z_um = np.concatenate(apart_um), np.concatenate(apart_z_um)
    n = len(all_um)
    result: dict[str, Any] = {
        "n": n,
        "share_within_0.1_um": float(np.mean(all_um <= AGREEMENT_UM)),
        "largest_difference_um": float(all_um.max()),
        "ours_us_each": round(1e6 * ours_s / n, 2),
        "spikeinterface_us_each": round(1e6 * theirs_s / n, 1),
        "ratio": round(theirs_s / ours_s, 1),
    }
    if np.isfinite(all_z_um).all():
        result["largest_z_difference_um"] = float(all_z_um.max())
    if met:
        did_meet = np.concatenate(met)
        result["share_scipy_converged"] = float(did_meet.mean())
        result["share_within_0.1_um_where_scipy_converged"] = float(
            np.mean(all_um[did_meet] <= AGREEMENT_UM)
        )
        result["n_of_higher_cost_than_scipy"] = costlier
    return result


def without_the_grid(units: list[Unit], repeats: int) -> dict[str, Any]:
    """The whole of our grid convolution against SpikeInterface's without making its grid."""
    from spe1_builder.benchmark.localization.methods import METHODS, localize
    from spe1_builder.benchmark.localization.methods.grid_convolution.reference import make_node
    from spe1_builder.benchmark.localization.methods.task import make_task

    method = "grid_convolution"
    params = METHODS[method].defaults["spikes"]
    n, ours_s, theirs_s = 0, 0.0, 0.0
    for unit in units:
        place = (unit.waveforms_uV, unit.positions_um, unit.peak_index)
        task = make_task(*place, params, 30_000.0, N_BEFORE)
        node, peaks = make_node(task, len(unit.waveforms_uV))
        window_uV = np.ascontiguousarray(task.waveforms_uV)
        times_s: list[list[float]] = [[], []]
        for _ in range(repeats):
            done = localize(method, *place, params=params, n_before=N_BEFORE)
            times_s[0].append(done.seconds)
            begun = time.perf_counter()
            node.compute(None, peaks, window_uV)
            times_s[1].append(time.perf_counter() - begun)
        ours_s, theirs_s = ours_s + min(times_s[0]), theirs_s + min(times_s[1])
        n += len(peaks)
    return {
        "n": n,
        "ours_us_each": round(1e6 * ours_s / n, 2),
        "spikeinterface_us_each": round(1e6 * theirs_s / n, 1),
        "ratio": round(theirs_s / ours_s, 1),
    }


def effect_of_decrease(units: list[Unit], level: Level) -> dict[str, Any]:
    """Error of the monopolar triangulation with and without the decrease, um, a unit each."""
    from spe1_builder.benchmark.localization.methods import METHODS, localize

    method = "monopolar_triangulation"
    params = METHODS[method].defaults[level]
    rows = []
    for (cell_id, peak_to_peak_uV), unit in zip(CELLS_UV.items(), units, strict=True):
        waveforms_uV = unit.waveforms_uV if level == "spikes" else unit.templates_uV
        place = (waveforms_uV, unit.positions_um, unit.peak_index)
        plain, decreasing = (
            localize(
                method,
                *place,
                params=params.model_copy(update={"enforce_decrease": enforced}),
                n_before=N_BEFORE,
            )
            for enforced in (False, True)
        )
        moved_um = np.linalg.norm(plain.xy_um - decreasing.xy_um, axis=1)
        errors_um = [
            np.linalg.norm(one.xy_um - unit.soma_um, axis=1) for one in (plain, decreasing)
        ]
        rows.append(
            {
                "cell": cell_id,
                "peak_to_peak_uV": peak_to_peak_uV,
                "share_changed": float(np.mean(moved_um > AGREEMENT_UM)),
                "median_move_um": round(float(np.median(moved_um)), 3),
                "median_error_without_um": round(float(np.median(errors_um[0])), 3),
                "median_error_with_um": round(float(np.median(errors_um[1])), 3),
                "mean_error_without_um": round(float(errors_um[0].mean()), 3),
                "mean_error_with_um": round(float(errors_um[1].mean()), 3),
            }
        )
    return {"units": rows}


def measure(raw_dir: Path, duration_s: float, n_templates: int, repeats: int) -> dict[str, Any]:
    """Everything, in the process that is bound to one core."""
    from spe1_builder.benchmark.localization.methods import METHODS
    from spe1_builder.benchmark.localization.words import LEVELS

    units = [load_unit(cell_id, raw_dir, duration_s, n_templates) for cell_id in CELLS_UV]
    result: dict[str, Any] = {"simulated": True, "peak_to_peak_uV": list(CELLS_UV.values())}
    for level in LEVELS:
        for method in METHODS:
            result[f"{method}, {level}"] = compare(units, method, level, repeats)
        of = [result[f"{name}, {level}"] for name in ("monopolar_triangulation", "point_source")]
        triangulation_us, source_us = (one["ours_us_each"] for one in of)
        result[f"monopolar_triangulation / point_source, time, {level}"] = round(
            triangulation_us / source_us, 2
        )
        result[f"enforce_decrease, {level}"] = effect_of_decrease(units, level)
    result["grid_convolution, spikes, without its grid"] = without_the_grid(units, repeats)
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dir", type=Path, required=True, help="working folder, 0.4 GB")
    parser.add_argument("--duration-s", type=float, default=15.0, help="of each recording")
    parser.add_argument("--templates", type=int, default=100, help="of each recording")
    parser.add_argument("--repeats", type=int, default=7, help="runs of ours; the shortest counts")
    parser.add_argument("--save", action="store_true", help=f"write {RESULTS.name}/localize.json")
    arguments = parser.parse_args()
    # The stage inherits both when it begins, before it loads numpy.
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[variable] = "1"
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    stage = run_stage(
        measure,
        arguments.dir.resolve() / "raw",
        arguments.duration_s,
        arguments.templates,
        arguments.repeats,
    )
    record("localize", stage.value, save=arguments.save)


if __name__ == "__main__":
    main()
