"""A run of the benchmark over cells."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from platform import python_version
from typing import Any

from spe1_builder import __version__
from spe1_builder.benchmark.common import metrics
from spe1_builder.benchmark.localization.alignment import cell_alignment
from spe1_builder.benchmark.localization.degradation import curves
from spe1_builder.benchmark.localization.evaluate import CellEvaluation, evaluate_cell
from spe1_builder.benchmark.localization.label_scores import label_scores
from spe1_builder.benchmark.localization.options import BenchmarkOptions
from spe1_builder.benchmark.localization.plan import Plan, make_plan
from spe1_builder.benchmark.localization.precision import precision
from spe1_builder.benchmark.localization.schema import LocalizationBenchmark
from spe1_builder.benchmark.localization.schema_made import Parameters, Provenance
from spe1_builder.benchmark.localization.summary import cell_result, one_line, summary_rows
from spe1_builder.benchmark.localization.unit import SPIKE_WINDOW_SAMPLES
from spe1_builder.benchmark.localization.words import Level
from spe1_builder.benchmark.localization.zhao2026 import as_published
from spe1_builder.cells import ZHAO_CELLS, catalogue, members, plain_names
from spe1_builder.errors import MissingFileError, OutputError
from spe1_builder.layout import RootLayout
from spe1_builder.progress import Progress, Silent, stage
from spe1_builder.versions import installed_versions

#: What decides a number here.
_PACKAGES = ("numpy", "scipy", "numba", "pyarrow", "datasets", "spikeinterface", "scikit-learn")
_SIMULATED = (
    "simulated cells, made by spe1 simulate: nothing in them was measured in an animal, and "
    "the published numbers, which come from real recordings, are not to be compared with them"
)
_SEMI_REAL = (
    "semi-real cells, made by spe1 simulate --semi-real: real footprints and spike trains in "
    "generated noise, neither simulated nor recorded; the published numbers come from recordings"
)
_REAL = "recordings"
_UNKNOWN = "recordings, by metadata that does not say whether they were simulated"


def choose_cells(names: Sequence[str], root: Path) -> list[str]:
    """Cells to score: those named, or by default the paper's that are present.

    A name that is no cell stays: it becomes a line that says so.

    Parameters
    ----------
    names : sequence of str
        Cells and sets, see `spe1_builder.cells.plain_names`.
    root : Path

    Raises
    ------
    MissingFileError
        None was named and none of the paper's is there.
    """
    chosen: list[str] = []
    for name in plain_names(names):
        for cell_id in members(name):
            if cell_id not in chosen:
                chosen.append(cell_id)
    if chosen:
        return chosen
    layout = RootLayout(root)
    present = [cell_id for cell_id in ZHAO_CELLS if layout.cell(cell_id).is_dir()]
    if not present:
        built = [cell_id for cell_id in catalogue() if layout.cell(cell_id).is_dir()]
        raise MissingFileError(
            f"None of the {len(ZHAO_CELLS)} cells of the paper is here.",
            where=root,
            got=f"here: {', '.join(built) or 'no cell'}",
            do=f"name cells that are here: --cells {' '.join(built)}"
            if built
            else f"build them: spe1 build zhao --raw-dir .raw --root {root}",
        )
    return present


def run_benchmark(
    root: Path,
    cell_ids: Sequence[str],
    options: BenchmarkOptions,
    progress: Progress | None = None,
) -> LocalizationBenchmark:
    """Score cells of a dataset root.

    Parameters
    ----------
    root : Path
    cell_ids : sequence of str
        See `choose_cells`.
    options : BenchmarkOptions
    progress : Progress, optional

    Returns
    -------
    LocalizationBenchmark
        Cells that could not be scored are in it, with their problem.

    Raises
    ------
    OutputError
        Not one cell could be scored.
    """
    progress = Silent() if progress is None else progress
    plan = make_plan(options)
    evaluations = []
    # The stage of a cell's degradation is shown in its place.
    is_long = bool(plan.all_days)
    with stage(Silent() if is_long else progress, "localize", len(cell_ids), "cells"):
        for cell_id in cell_ids:
            evaluations.append(evaluate_cell(root, cell_id, plan, progress if is_long else None))
            if not is_long:
                progress.advance(1)
    return assemble(evaluations, plan)


def assemble(
    evaluations: Sequence[CellEvaluation],
    plan: Plan,
    simulation: dict[str, Any] | None = None,
    *,
    of_scraps: str | None = None,
) -> LocalizationBenchmark:
    """The result of cells that have been evaluated, one by one, wherever they lay.

    Parameters
    ----------
    evaluations : sequence of CellEvaluation
    plan : Plan
        The same for all.
    simulation : dict, optional
        How the cells were simulated, for the record.
    of_scraps : str, optional
        The label of a result on digitised templates.

    Raises
    ------
    OutputError
        Not one cell could be scored.
    """
    cells = [cell_result(evaluation, plan) for evaluation in evaluations]
    usable = [evaluation for evaluation in evaluations if evaluation.problem is None]
    if not usable:
        problems = [f"{e.cell_id}: {one_line(e.problem)}" for e in evaluations if e.problem]
        raise OutputError(
            "Not one cell could be scored.",
            got="; ".join(problems),
            do="see what each cell lacks; 'spe1 cells' lists what is known and what is here",
        )
    kinds = {cell.kind for cell in cells if cell.problem is None}
    labels = {"simulated": _SIMULATED, "semi-real": _SEMI_REAL, None: _UNKNOWN}
    # What was generated comes first: one such cell, and the whole is no result on recordings.
    label = next((text for kind, text in labels.items() if kind in kinds), _REAL)
    return LocalizationBenchmark(
        provenance=Provenance(
            spe1_version=__version__,
            versions={"python": python_version(), **installed_versions(_PACKAGES)},
            simulated=not kinds.isdisjoint({"simulated", "semi-real"}),
            label=of_scraps or label,
            origin="digitised" if of_scraps else None,
            simulation=simulation,
        ),
        parameters=_parameters(plan),
        summary=list(summary_rows(usable, plan)),
        cells=cells,
        degradation=curves.degradation(usable, plan) if plan.days else None,
        grid_search=curves.grid_search(usable, plan) if plan.grid_days else None,
        label_scores=label_scores(cells, plan),
        alignment=[
            cell_alignment(one.cell_id, one.both_ways)
            for one in usable
            if one.both_ways is not None
        ],
        precision=precision([(one.cell_id, one.halves) for one in usable], cells, plan),
    )


def _parameters(plan: Plan) -> Parameters:
    def dumped(level: Level) -> dict[str, dict[str, Any]]:
        return {
            method: params.model_dump(mode="json")
            for method, params in plan.params_of(level).items()
        }

    is_published = "as_published" in plan.modes
    return Parameters(
        masking=plan.masking,
        align=plan.align,
        engine=plan.engine,
        tolerance_um=plan.tolerance_um,
        bounds_margin_um=metrics.BOUNDS_MARGIN_UM,
        bootstrap_samples=metrics.BOOTSTRAP_SAMPLES,
        bootstrap_seed=metrics.BOOTSTRAP_SEED,
        confidence=metrics.CONFIDENCE,
        methods=list(plan.methods),
        template_params=dumped("templates"),
        spike_params=dumped("spikes"),
        spike_window_samples=SPIKE_WINDOW_SAMPLES,
        as_published=as_published.described() if is_published else None,
    )
