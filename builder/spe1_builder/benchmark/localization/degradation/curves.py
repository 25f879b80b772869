"""The curves of figures 4 and 5, from the estimates of every day and seed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from spe1_builder.benchmark.common import metrics
from spe1_builder.benchmark.localization.degradation.noise import NOISE_SD_COUNTS
from spe1_builder.benchmark.localization.degradation.windows import MAX_SPIKES
from spe1_builder.benchmark.localization.evaluate import CellEvaluation
from spe1_builder.benchmark.localization.options import ELECTRODES_PER_DAY
from spe1_builder.benchmark.localization.plan import Plan
from spe1_builder.benchmark.localization.schema_curves import (
    CurvePoint,
    Degradation,
    GridPoint,
    GridSearch,
)


@dataclass(frozen=True, eq=False)
class _Labelled:
    """Errors with what they belong to, and how far a template's estimate has moved."""

    errors: metrics.Errors
    drift_um: np.ndarray


def degradation(evaluations: Sequence[CellEvaluation], plan: Plan) -> Degradation | None:
    """Figure 4, or None if no cell has it.

    Estimates of all cells and seeds are pooled, as the paper does.
    """
    groups: dict[tuple[Any, ...], list[_Labelled]] = defaultdict(list)
    for evaluation in evaluations:
        cell = evaluation.cell
        begin_um = {
            (part.seed, part.estimates.mode, part.estimates.method): part.estimates.xy_um
            for part in evaluation.days
            if part.day == 0 and part.estimates.level == "templates"
        }
        for part in evaluation.days:
            assert cell is not None
            found = part.estimates
            errors = metrics.measure(found.xy_um, cell.target_um, cell.positions_um)
            first_um = begin_um.get((part.seed, found.mode, found.method))
            drift_um = np.empty(0)
            if found.level == "templates" and first_um is not None:
                drift_um = np.hypot(*(found.xy_um - first_um).T)
            key = (found.mode, found.level, found.method, part.day, part.n_dead)
            groups[key].append(_Labelled(errors, drift_um))
    if not groups:
        return None
    points = [
        CurvePoint(
            mode=mode,
            level=level,
            method=method,
            day=day,
            n_dead=n_dead,
            score=metrics.score(metrics.join([part.errors for part in parts]), plan.tolerance_um),
            median_drift_um=metrics.median_or_none(
                np.concatenate([part.drift_um for part in parts])
            ),
        )
        for (mode, level, method, day, n_dead), parts in groups.items()
    ]
    return Degradation(
        electrodes_per_day=ELECTRODES_PER_DAY,
        days=list(plan.days),
        seeds=list(plan.seeds),
        noise_sd_counts=NOISE_SD_COUNTS,
        max_spikes_per_cell=MAX_SPIKES,
        cells=[evaluation.cell_id for evaluation in evaluations if evaluation.days],
        points=points,
    )


def grid_search(evaluations: Sequence[CellEvaluation], plan: Plan) -> GridSearch | None:
    """Figure 5, or None if no cell has it."""
    groups: dict[tuple[Any, ...], list[metrics.Errors]] = defaultdict(list)
    for evaluation in evaluations:
        cell = evaluation.cell
        for found in evaluation.grid:
            assert cell is not None
            errors = metrics.measure(found.xy_um, cell.target_um, cell.positions_um)
            parameters = tuple(found.parameters.items())
            groups[found.mode, found.level, found.method, parameters, found.day].append(errors)
    if not groups:
        return None
    points = [
        GridPoint(
            mode=mode,
            level=level,
            method=method,
            parameters=dict(parameters),
            day=day,
            score=metrics.score(metrics.join(parts), plan.tolerance_um),
        )
        for (mode, level, method, parameters, day), parts in groups.items()
    ]
    return GridSearch(
        days=list(plan.grid_days),
        seeds=list(plan.seeds),
        cells=[evaluation.cell_id for evaluation in evaluations if evaluation.grid],
        points=points,
    )
