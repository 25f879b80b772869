"""The parts of ``localization_benchmark.json`` that run over days of dying electrodes."""

from __future__ import annotations

from spe1_builder.benchmark.common.scores import Score
from spe1_builder.benchmark.localization.words import Level, Mode
from spe1_builder.models import Model


class CurvePoint(Model):
    """One method on one day of the degradation, over all cells and seeds."""

    mode: Mode
    level: Level
    method: str
    day: int
    n_dead: int
    score: Score
    median_drift_um: float | None


class Degradation(Model):
    """Figure 4: electrodes replaced by noise before filtering, day by day.

    ``median_drift_um`` of a point is the median distance of a template's estimate from
    that of day 0.
    """

    electrodes_per_day: int
    days: list[int]
    seeds: list[int]
    noise_sd_counts: float
    max_spikes_per_cell: int
    cells: list[str]
    points: list[CurvePoint]


class GridPoint(Model):
    """One set of parameters on one day, over all cells and seeds."""

    mode: Mode
    level: Level
    method: str
    parameters: dict[str, float]
    day: int
    score: Score


class GridSearch(Model):
    """Figure 5: the paper's parameter grids at some days of the degradation."""

    days: list[int]
    seeds: list[int]
    cells: list[str]
    points: list[GridPoint]
