"""Parts of the result that a document may lack: what needs no label, and what the label decides."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from spe1_builder.benchmark.localization.words import Level, Mode
from spe1_builder.models import Model

#: The place that a cell's estimates are held to: the electrode as the release gives it, the
#: one that its main rule would give, and the foot of the recorded soma on the probe.
Target = Literal["as given", "by one rule", "soma foot"]


class Apart(Model):
    """How far two estimates of one thing lie apart, medians.

    Attributes
    ----------
    n : int
        Pairs of estimates.
    n_lacking : int
        Pairs of which one or both are missing; they are no part of the medians.
    median_abs_dy_um, median_abs_dx_um, median_distance_um : float or None
        Along the probe, across, and both.
    """

    n: int = Field(ge=0)
    n_lacking: int = Field(ge=0)
    median_abs_dy_um: float | None
    median_abs_dx_um: float | None
    median_distance_um: float | None


class CellHalves(Model):
    """Templates of two random halves of one cell's spikes, split after split, by one method."""

    cell_id: str
    method: str
    n_spikes: int
    apart: Apart


class MethodHalves(Model):
    """The same over cells: medians of the cells' medians."""

    method: str
    n_cells: int
    apart: Apart


class Agreement(Model):
    """Two methods on the same cells; of spikes their median place counts."""

    mode: Mode
    level: Level
    methods: tuple[str, str]
    apart: Apart


class Precision(Model):
    """What can be said of methods without a label.

    Attributes
    ----------
    n_splits, seed : int
        Of the halves.
    cells, methods : list
        Halves; empty where no windows of spikes were read (``--with-spikes``).
    agreement : list of Agreement
    """

    n_splits: int
    seed: int
    cells: list[CellHalves]
    methods: list[MethodHalves]
    agreement: list[Agreement]
