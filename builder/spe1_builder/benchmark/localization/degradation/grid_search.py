"""The paper's parameter grids (figure 5): what a method's result owes to its parameters."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from spe1_builder.benchmark.localization.estimate import Waveforms, locate

#: Zhao et al. 2026, figure 5; um, and % for the percentile.
MONOPOLAR_RADII_UM = (37.5, 75.0, 150.0)
MONOPOLAR_MAX_DISTANCES_UM = {
    "templates": (500.0, 1000.0, 2000.0),
    "spikes": (75.0, 150.0, 300.0),
}
GRID_RADII_UM = (20.0, 40.0, 80.0)
GRID_PERCENTILES = (2.5, 5.0, 10.0)


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

    mode: str
    level: str
    method: str
    parameters: dict[str, float]
    day: int
    seed: int
    xy_um: np.ndarray


def grid_of(method: str, level: str) -> Iterator[dict[str, float]]:
    """The paper's grid of a method; one empty set where it varies nothing.

    Beyond the paper: spikes by monopolar triangulation without ``enforce_decrease``,
    which is what releases of SpikeInterface since 0.101 compute.
    """
    if method == "monopolar_triangulation":
        for radius_um in MONOPOLAR_RADII_UM:
            for max_distance_um in MONOPOLAR_MAX_DISTANCES_UM[level]:
                yield {"radius_um": radius_um, "max_distance_um": max_distance_um}
        if level == "spikes":
            yield {"enforce_decrease": False}
    elif method == "grid_convolution":
        for radius_um in GRID_RADII_UM:
            for percentile in GRID_PERCENTILES:
                yield {"radius_um": radius_um, "percentile": percentile}
    else:
        yield {}


def search(
    waveforms: Waveforms,
    params: dict[str, Any],
    engine: str,
    n_threads: int,
    **labels: Any,
) -> list[GridEstimate]:
    """Every method over its grid.

    Parameters
    ----------
    waveforms : Waveforms
    params : dict
        The paper's parameters by method, from which each set of the grid departs.
    engine : str
    n_threads : int
    **labels
        ``mode``, ``level``, ``day`` and ``seed`` of the result.
    """
    found = []
    for method, chosen in params.items():
        for changed in grid_of(method, labels["level"]):
            xy_um, _ = locate(
                waveforms, method, chosen.model_copy(update=changed), engine, n_threads
            )
            found.append(GridEstimate(method=method, parameters=changed, xy_um=xy_um, **labels))
    return found
