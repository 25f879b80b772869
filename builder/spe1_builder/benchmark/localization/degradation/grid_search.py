"""The methods' parameter grids (figure 5): what a result owes to its parameters."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spe1_builder.benchmark.localization.estimate import Waveforms, locate
from spe1_builder.benchmark.localization.plan import Plan
from spe1_builder.benchmark.localization.words import Level, Mode


@dataclass(frozen=True, eq=False)
class GridEstimate:
    """Estimates under one set of parameters.

    Attributes
    ----------
    mode, level, method : str
    parameters : dict of str to float
        Those that differ within the grid.
    day, seed : int
    xy_um : np.ndarray
        float64 (n, 2).
    """

    mode: Mode
    level: Level
    method: str
    parameters: dict[str, float]
    day: int
    seed: int
    xy_um: np.ndarray


def search(
    waveforms: Waveforms, plan: Plan, *, mode: Mode, level: Level, day: int, seed: int
) -> list[GridEstimate]:
    """Every method of the plan over its grid; the keywords are for the record too."""
    found = []
    for method in plan.methods:
        for changed, params in plan.grids[level, method]:
            xy_um, _ = locate(waveforms, params, plan.engine, plan.n_threads)
            found.append(GridEstimate(mode, level, method, changed, day, seed, xy_um))
    return found
