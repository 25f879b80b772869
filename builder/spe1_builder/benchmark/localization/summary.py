"""From the estimates of all cells to the result: scores, intervals, curves."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from spe1_builder.benchmark.common import metrics
from spe1_builder.benchmark.localization.estimate import Estimates
from spe1_builder.benchmark.localization.evaluate import CellEvaluation
from spe1_builder.benchmark.localization.plan import Plan
from spe1_builder.benchmark.localization.schema import CellResult, CellScore, SummaryRow
from spe1_builder.benchmark.localization.targets import label_of
from spe1_builder.dataset.warnings import warnings_of
from spe1_builder.errors import Spe1Error

#: Characters of a problem, in tables and in the JSON.
_LONGEST_LINE = 360


@dataclass(frozen=True, eq=False)
class Scored:
    """Estimates of one cell against its target."""

    cell_id: str
    estimates: Estimates
    errors: metrics.Errors


def one_line(error: Spe1Error) -> str:
    """An error as a table has room for it."""
    text = error.what
    if error.expected is not None and error.got is not None:
        text += f" Expected {error.expected}, got {error.got}."
    elif error.got is not None:
        text += f" Got {error.got}."
    # What a file holds is quoted, and may be of any length, and no text.
    text = "".join(c if c.isprintable() else "?" for c in " ".join(text.split()))
    return text if len(text) <= _LONGEST_LINE else text[:_LONGEST_LINE] + " ..."


def scored(evaluation: CellEvaluation, estimates: Estimates) -> Scored:
    """Errors of some estimates of a cell."""
    cell = evaluation.cell
    assert cell is not None
    errors = metrics.measure(estimates.xy_um, cell.target_um, cell.positions_um)
    return Scored(evaluation.cell_id, estimates, errors)


def cell_result(evaluation: CellEvaluation, plan: Plan) -> CellResult:
    """A cell as the result has it."""
    cell, problem = evaluation.cell, evaluation.problem
    return CellResult(
        cell_id=evaluation.cell_id,
        problem=None if problem is None else one_line(problem),
        notes=evaluation.notes,
        warnings=[
            *evaluation.warnings,
            *([] if cell is None or cell.metadata is None else warnings_of(cell.metadata)),
        ],
        simulated=None if cell is None else cell.simulated,
        origin=None if cell is None else cell.origin,
        metadata_form=None if cell is None else cell.metadata_form,
        fingerprint=None if cell is None else cell.fingerprint,
        target_um=None if cell is None else (float(cell.target_um[0]), float(cell.target_um[1])),
        gt_channel=None if cell is None else cell.gt_channel,
        peak_channel=evaluation.peak_channel,
        masked_channels=[] if cell is None else list(cell.bad_channels),
        n_spikes=None if cell is None else cell.n_spikes,
        label=None if cell is None else label_of(cell),
        scores=[_cell_score(evaluation, part, plan) for part in evaluation.estimates],
    )


def _cell_score(evaluation: CellEvaluation, estimates: Estimates, plan: Plan) -> CellScore:
    x_um, y_um = (metrics.median_or_none(values) for values in estimates.xy_um.T)
    return CellScore.model_validate(
        {
            "mode": estimates.mode,
            "level": estimates.level,
            "method": estimates.method,
            "estimate_um": None if x_um is None or y_um is None else (x_um, y_um),
            "score": metrics.score(scored(evaluation, estimates).errors, plan.tolerance_um),
            "seconds": estimates.seconds,
        }
    )


def summary_rows(evaluations: Sequence[CellEvaluation], plan: Plan) -> Iterator[SummaryRow]:
    """One row for each mode, level and contestant that has a score."""
    for mode in plan.modes:
        for level in plan.levels:
            for method in plan.contestants:
                parts = [
                    scored(evaluation, estimates)
                    for evaluation in evaluations
                    for estimates in evaluation.estimates
                    if (estimates.mode, estimates.level, estimates.method) == (mode, level, method)
                ]
                if parts:
                    yield _summary_row(parts, plan.tolerance_um)


def _summary_row(parts: Sequence[Scored], tolerance_um: float) -> SummaryRow:
    first = parts[0].estimates
    distances_um = [part.errors.distance_um for part in parts]

    def pooled_accuracy(groups: Sequence[np.ndarray]) -> float:
        return metrics.accuracy(np.concatenate(groups), tolerance_um)

    def pooled_error(groups: Sequence[np.ndarray]) -> float | None:
        return metrics.median_or_none(np.concatenate(groups))

    # Of each cell one number, once: the bootstrap draws them by the thousand.
    accuracies = [np.array([metrics.accuracy(group, tolerance_um)]) for group in distances_um]
    medians_um = [np.array([_median(group)]) for group in distances_um]

    def macro_accuracy(groups: Sequence[np.ndarray]) -> float:
        return float(np.mean(np.concatenate(groups)))

    seconds = [part.estimates.seconds for part in parts]
    n = sum(len(group) for group in distances_um)
    return SummaryRow.model_validate(
        {
            "mode": first.mode,
            "level": first.level,
            "method": first.method,
            "n_cells": len(parts),
            "pooled": metrics.score(metrics.join([part.errors for part in parts]), tolerance_um),
            "pooled_accuracy_interval": metrics.bootstrap(distances_um, pooled_accuracy),
            "pooled_median_error_interval_um": metrics.bootstrap(distances_um, pooled_error),
            "macro_accuracy": macro_accuracy(accuracies),
            "macro_median_error_um": pooled_error(medians_um),
            "macro_accuracy_interval": metrics.bootstrap(accuracies, macro_accuracy),
            "macro_median_error_interval_um": metrics.bootstrap(medians_um, pooled_error),
            "seconds_per_item": None if None in seconds else sum(filter(None, seconds)) / n,
        }
    )


def _median(distances_um: np.ndarray) -> float:
    value = metrics.median_or_none(distances_um)
    return np.nan if value is None else value
