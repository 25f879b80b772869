"""The benchmark's score of places from anywhere: a net, a paper, a program of one's own."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from spe1_builder.benchmark.common.metrics import measure, score
from spe1_builder.benchmark.common.scores import Score
from spe1_builder.errors import OptionError
from spe1_builder.probe import nominal_positions_um

#: Of the paper's accuracy.
TOLERANCE_UM = 50.0


def score_locations(
    xy_um: ArrayLike, target_um: ArrayLike, *, tolerance_um: float = TOLERANCE_UM
) -> Score:
    """Score estimated places as the localization benchmark does.

    Parameters
    ----------
    xy_um : array_like
        (n, 2) or (n, 3), um: estimates in the probe's coordinates; of three, z is not looked
        at. An estimate that is not finite is a failure: a miss, and no part of the medians.
    target_um : array_like
        (2,) or (3,), of all estimates; or as many rows as estimates: the ground-truth
        electrodes, um.
    tolerance_um : float
        An estimate counts as within if it is strictly nearer; 50 um is the paper's.

    Returns
    -------
    Score
        Accuracy, median errors in the plane, across and along the probe, and failures.

    Raises
    ------
    OptionError
        The shapes do not fit, a target is not finite, or the tolerance is not positive.

    Examples
    --------
    >>> import spe1
    >>> score = spe1.score_locations([(30, 1590), (27, 1680)], (27, 1600))
    >>> score.accuracy, score.median_abs_dy_um
    (0.5, 45.0)
    """
    xy = _rows_um(xy_um, "xy_um")
    target = np.asarray(target_um, dtype=np.float64)
    target = np.broadcast_to(target, (len(xy), *target.shape)) if target.ndim == 1 else target
    target = _rows_um(target, "target_um")
    if len(target) != len(xy):
        raise OptionError(
            "There are not as many targets as estimates.",
            where="target_um",
            expected=f"one target, or {len(xy)}",
            got=str(len(target)),
            do="give each estimate the electrode of its cell, or one cell's at a time",
        )
    if not np.isfinite(target).all():
        raise OptionError(
            "A target is not finite.", where="target_um", do="leave out cells without a target"
        )
    if not tolerance_um > 0:
        raise OptionError(
            "The tolerance is not positive.",
            where="tolerance_um",
            got=f"{tolerance_um}",
            do="give a length in um, or leave it out for the paper's 50",
        )
    return score(measure(xy, target, nominal_positions_um()), tolerance_um)


def _rows_um(values: ArrayLike, name: str) -> np.ndarray:
    rows = np.asarray(values, dtype=np.float64)
    if rows.ndim != 2 or rows.shape[1] not in (2, 3):
        raise OptionError(
            f"{name} is no list of places.",
            where=name,
            expected="(n, 2) or (n, 3), um",
            got=str(rows.shape),
            do="give one row an estimate: x and y in um, as in `templates.npz`'s probe_positions",
        )
    return rows[:, :2]
