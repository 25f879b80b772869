"""What can be measured without a label: split-half precision, and agreement between methods.

The halves of a cell's spikes are two recordings of one neuron at one place: how far apart
their templates are located is the method's own noise, whatever it is biased by. Of halves
with n / 2 spikes each, the difference is twice as large as the error of the template of all
n, in s.d.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np

from spe1_builder.benchmark.common import metrics
from spe1_builder.benchmark.common.spikes import read_windows
from spe1_builder.benchmark.localization.estimate import locate
from spe1_builder.benchmark.localization.plan import Plan
from spe1_builder.benchmark.localization.schema import CellResult
from spe1_builder.benchmark.localization.schema_label import (
    Agreement,
    Apart,
    CellHalves,
    MethodHalves,
    Precision,
)
from spe1_builder.benchmark.localization.unit import Unit
from spe1_builder.benchmark.localization.words import Level, Mode

#: Random splits of a cell, and their seed.
N_SPLITS, SEED = 20, 0
#: Spikes read at once: 18 MB.
_SPIKES_AT_ONCE = 128


@dataclass(frozen=True, eq=False)
class Halves:
    """One method's places of the templates of a cell's halves.

    Attributes
    ----------
    method : str
    n_spikes : int
        Of both halves together.
    xy_um : np.ndarray
        float64 (n_splits, 2, 2): split, half, axis.
    """

    method: str
    n_spikes: int
    xy_um: np.ndarray


def half_templates_uV(
    windows_uV: Iterable[np.ndarray], n_spikes: int, n_splits: int = N_SPLITS, seed: int = SEED
) -> np.ndarray:
    """Templates of both halves of every split.

    Parameters
    ----------
    windows_uV : iterable of np.ndarray
        float32 (some, n_samples, n_channels): windows of all spikes, in portions.
    n_spikes : int
        In all of them, 2 or more; of an odd number the second half has one more.
    n_splits, seed : int

    Returns
    -------
    np.ndarray
        float32 (n_splits, 2, n_samples, n_channels), uV.

    Examples
    --------
    >>> windows_uV = np.arange(4.0, dtype=np.float32).reshape(4, 1, 1)
    >>> halves = half_templates_uV([windows_uV[:3], windows_uV[3:]], 4, n_splits=5)
    >>> halves.shape, set(halves.mean(axis=1).ravel().tolist())
    ((5, 2, 1, 1), {1.5})
    """
    rng = np.random.default_rng(seed)
    is_first = np.zeros((n_splits, n_spikes), dtype=np.float32)
    for split in is_first:
        split[rng.permutation(n_spikes)[: n_spikes // 2]] = 1.0
    first_sum: Any = 0.0
    total: Any = 0.0
    begin, shape = 0, (0, 0)
    for portion_uV in windows_uV:
        n, shape = len(portion_uV), portion_uV.shape[1:]
        flat_uV = portion_uV.reshape(n, -1)
        first_sum = first_sum + (is_first[:, begin : begin + n] @ flat_uV).astype(np.float64)
        total = total + flat_uV.sum(axis=0, dtype=np.float64)
        begin += n
    n_first = n_spikes // 2
    halves = np.stack([first_sum / n_first, (total - first_sum) / (n_spikes - n_first)], axis=1)
    return halves.reshape(n_splits, 2, *shape).astype(np.float32)


def locate_halves(unit: Unit, template_uV: np.ndarray, plan: Plan) -> list[Halves]:
    """Every method's places of the templates of halves of a unit's spikes.

    Parameters
    ----------
    unit : Unit
    template_uV : np.ndarray
        float32 (n_samples, n_channels): tells the peak channel, of all halves alike.
    plan : Plan

    Returns
    -------
    list of Halves
        Empty with fewer than two whole spikes.

    Raises
    ------
    Spe1Error
        Neither rows nor raw archive are there, or they are damaged.
    """
    window_spikes = unit.whole_spikes(unit.n_before, unit.n_after)
    if len(window_spikes) < 2:
        return []
    portions = (
        read_windows(unit.traces, some, unit.n_before, unit.n_after, plan.n_threads)
        for some in np.array_split(
            window_spikes, range(_SPIKES_AT_ONCE, len(window_spikes), _SPIKES_AT_ONCE)
        )
    )
    halves_uV = half_templates_uV(portions, len(window_spikes))
    flat_uV = halves_uV.reshape(-1, *halves_uV.shape[2:])
    waveforms = unit.waveforms(flat_uV, unit.spike_index, template_uV)
    found = []
    for method, params in plan.params_of("templates").items():
        xy_um, _ = locate(waveforms, params, plan.engine, plan.n_threads)
        found.append(Halves(method, len(window_spikes), xy_um.reshape(-1, 2, 2)))
    return found


def apart(first_um: np.ndarray, second_um: np.ndarray) -> Apart:
    """How far estimates lie apart, pair by pair.

    Parameters
    ----------
    first_um, second_um : np.ndarray
        float64 (n, 2); NaN where there is no estimate.

    Examples
    --------
    >>> apart(np.array([[0.0, 0.0], [np.nan, 0.0]]), np.array([[3.0, -4.0], [1.0, 1.0]]))
    Apart(n=2, n_lacking=1, median_abs_dy_um=4.0, median_abs_dx_um=3.0, median_distance_um=5.0)
    """
    offset_um = np.abs(np.asarray(first_um) - np.asarray(second_um))
    offset_um[~np.isfinite(offset_um).all(axis=1)] = np.nan
    return Apart(
        n=len(offset_um),
        n_lacking=int(np.isnan(offset_um[:, 0]).sum()),
        median_abs_dy_um=metrics.median_or_none(offset_um[:, 1]),
        median_abs_dx_um=metrics.median_or_none(offset_um[:, 0]),
        median_distance_um=metrics.median_or_none(np.hypot(*offset_um.T)),
    )


def precision(
    halves: Sequence[tuple[str, Sequence[Halves]]], cells: Sequence[CellResult], plan: Plan
) -> Precision:
    """Split-half precision and agreement of a run.

    Parameters
    ----------
    halves : sequence of (str, sequence of Halves)
        By cell.
    cells : sequence of CellResult
        Their estimates.
    plan : Plan
    """
    of_cells = [
        CellHalves(
            cell_id=cell_id,
            method=one.method,
            n_spikes=one.n_spikes,
            apart=apart(one.xy_um[:, 0], one.xy_um[:, 1]),
        )
        for cell_id, found in halves
        for one in found
    ]
    return Precision(
        n_splits=N_SPLITS,
        seed=SEED,
        cells=of_cells,
        methods=[
            _over_cells(method, [one.apart for one in of_cells if one.method == method])
            for method in plan.methods
            if any(one.method == method for one in of_cells)
        ],
        agreement=[
            one
            for mode in plan.modes
            for level in plan.levels
            for one in agreement(cells, mode, level, plan.methods)
        ],
    )


def _over_cells(method: str, parts: Sequence[Apart]) -> MethodHalves:
    def median(name: str) -> float | None:
        values = [getattr(part, name) for part in parts]
        return metrics.median_or_none(np.array([v for v in values if v is not None]))

    names = ("median_abs_dy_um", "median_abs_dx_um", "median_distance_um")
    return MethodHalves(
        method=method,
        n_cells=len(parts),
        apart=Apart(
            n=sum(part.n for part in parts),
            n_lacking=sum(part.n_lacking for part in parts),
            **{name: median(name) for name in names},
        ),
    )


def agreement(
    cells: Sequence[CellResult], mode: Mode, level: Level, methods: Sequence[str]
) -> list[Agreement]:
    """How far every two methods lie apart on the same cells."""
    places_um = {method: _places_um(cells, mode, level, method) for method in methods}
    return [
        Agreement(
            mode=mode, level=level, methods=pair, apart=apart(*(places_um[name] for name in pair))
        )
        for pair in combinations(methods, 2)
    ]


def _places_um(cells: Sequence[CellResult], mode: Mode, level: Level, method: str) -> np.ndarray:
    """A method's place of each cell: float64 (n_cells, 2), NaN where it has none."""
    nowhere = (np.nan, np.nan)
    by_cell = {
        cell.cell_id: part.estimate_um or nowhere
        for cell in cells
        for part in cell.scores
        if (part.mode, part.level, part.method) == (mode, level, method)
    }
    scored = [cell.cell_id for cell in cells if cell.scores]
    return np.array([by_cell.get(cell_id, nowhere) for cell_id in scored]).reshape(-1, 2)
