"""Template estimates under three targets, beside what a random column would give."""

from __future__ import annotations

from collections.abc import Sequence
from typing import get_args

import numpy as np

from spe1_builder.benchmark.common import metrics
from spe1_builder.benchmark.localization.plan import Plan
from spe1_builder.benchmark.localization.power import power_lines
from spe1_builder.benchmark.localization.schema import CellResult
from spe1_builder.benchmark.localization.schema_label import (
    LabelScores,
    RandomColumn,
    Target,
    TargetScore,
)
from spe1_builder.benchmark.localization.words import Mode
from spe1_builder.constants import COLUMN_X_UM

TARGETS: tuple[Target, ...] = get_args(Target)
#: What lies in a tail of the range of hits.
_TAIL = 0.025


def random_column(
    x_um: np.ndarray, dy_um: np.ndarray, n_within: int, tolerance_um: float
) -> RandomColumn:
    """Hits if each cell's target stood in any of the four columns with equal probability.

    The cells are independent, so the number of hits is a sum of unequal coins; its
    distribution is computed, not drawn.

    Parameters
    ----------
    x_um, dy_um : np.ndarray
        float64 (n_cells,): estimates across the probe, and their errors along it; NaN where
        there is none.
    n_within : int
        Hits with the label's own column.
    tolerance_um : float

    Examples
    --------
    >>> random_column(np.array([35.0, 43.0]), np.array([0.0, 49.0]), 1, 50.0).expected
    1.25
    """
    offset_um = np.asarray(x_um)[:, np.newaxis] - np.array(COLUMN_X_UM)
    is_hit = np.hypot(offset_um, np.asarray(dy_um)[:, np.newaxis]) < tolerance_um
    chances = is_hit.mean(axis=1)
    distribution = np.ones(1)
    for chance in chances:
        distribution = np.convolve(distribution, (1.0 - chance, chance))
    below = np.cumsum(distribution)
    return RandomColumn(
        expected=float(chances.sum()),
        low=int(np.argmax(below > _TAIL)),
        high=int(np.argmax(below >= 1.0 - _TAIL)),
        at_least=float(min(distribution[n_within:].sum(), 1.0)),
        probabilities=distribution.tolist(),
    )


def label_scores(cells: Sequence[CellResult], plan: Plan) -> LabelScores:
    """Every contestant's templates under every target that the cells have."""
    return LabelScores(
        targets=[
            found
            for mode in plan.modes
            for target in TARGETS
            for method in plan.contestants
            if (found := _target_score(cells, mode, method, target, plan.tolerance_um)) is not None
        ],
        power=power_lines(),
    )


def _target_um(cell: CellResult, target: Target) -> tuple[float, float] | None:
    """x of the electrode as given, and y of the target; None where the cell has none."""
    if cell.target_um is None or (cell.label is None and target != "as given"):
        return None
    x_um, y_um = cell.target_um
    return x_um, y_um if cell.label is None else cell.label.y_um(target)


def _target_score(
    cells: Sequence[CellResult], mode: Mode, method: str, target: Target, tolerance_um: float
) -> TargetScore | None:
    pairs = [
        (part.estimate_um or (np.nan, np.nan), place_um)
        for cell in cells
        for part in cell.scores
        if (part.mode, part.level, part.method) == (mode, "templates", method)
        and (place_um := _target_um(cell, target)) is not None
    ]
    if not pairs:
        return None
    estimates_um, places_um = (
        np.array(side, dtype=np.float64) for side in zip(*pairs, strict=True)
    )
    dx_um, dy_um = (estimates_um - places_um).T
    distance_um = np.hypot(dx_um, dy_um)
    n_within = int((distance_um < tolerance_um).sum())
    return TargetScore(
        mode=mode,
        method=method,
        target=target,
        n=len(pairs),
        n_nan=int(np.isnan(distance_um).sum()),
        n_within_dy=int((np.abs(dy_um) < tolerance_um).sum()),
        n_within=n_within,
        median_abs_dy_um=metrics.median_or_none(np.abs(dy_um)),
        median_error_um=metrics.median_or_none(distance_um),
        random_column=random_column(estimates_um[:, 0], dy_um, n_within, tolerance_um),
    )
