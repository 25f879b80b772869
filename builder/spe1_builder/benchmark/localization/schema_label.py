"""Parts of the result that a document may lack: what needs no label, and what the label decides."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from spe1_builder.benchmark.localization.words import Level, Mode
from spe1_builder.models import Model

#: The place that a cell's estimates are held to: the electrode as the release gives it, the
#: one that its main rule would give, and the foot of the recorded soma on the probe.
Target = Literal["as given", "by one rule", "soma foot"]


class CellLabel(Model):
    """Where along the probe the targets of one cell lie, y in um, see `Target`."""

    as_given_um: float
    by_one_rule_um: float
    soma_foot_um: float

    def y_um(self, target: Target) -> float:
        """Of one target."""
        by_target = {
            "as given": self.as_given_um,
            "by one rule": self.by_one_rule_um,
            "soma foot": self.soma_foot_um,
        }
        return by_target[target]


class RandomColumn(Model):
    """Hits that a target in a random one of the probe's columns gives, in place of the label's x.

    Attributes
    ----------
    expected : float
    low, high : int
        Between which the number of hits lies in at least 95 % of draws.
    at_least : float
        Probability of as many hits as there are, or more.
    probabilities : list of float
        Of 0, 1, ... hits.
    """

    expected: float
    low: int
    high: int
    at_least: float
    probabilities: list[float]


class TargetScore(Model):
    """The templates of one method held to one target.

    Attributes
    ----------
    n, n_nan : int
        Cells that have this target; those without an estimate, which are misses.
    n_within_dy, n_within : int
        Nearer than the tolerance along the probe, and in both dimensions with the x of the
        label.
    median_abs_dy_um, median_error_um : float or None
    random_column : RandomColumn
        Of ``n_within``.
    """

    mode: Mode
    method: str
    target: Target
    n: int = Field(ge=0)
    n_nan: int = Field(ge=0)
    n_within_dy: int = Field(ge=0)
    n_within: int = Field(ge=0)
    median_abs_dy_um: float | None
    median_error_um: float | None
    random_column: RandomColumn


class MethodAlignment(Model):
    """A template's place by one method, (x, y), with the spike at either; None without one."""

    method: str
    patch_um: tuple[float, float] | None
    trough_um: tuple[float, float] | None


class CellAlignment(Model):
    """One cell's template localized around the patch spike, and around its trough.

    ``trough_ms`` is when the trough is, from the patch spike; negative before it.
    """

    cell_id: str
    trough_ms: float
    methods: list[MethodAlignment]


class Power(Model):
    """How many cells it takes to tell two methods apart, see `power.cells_needed`."""

    label_sd_um: float
    better_sd_um: float
    worse_sd_um: float
    significance: float
    power: float
    n_cells: int


class LabelScores(Model):
    """What the ground-truth label decides, and what it does not."""

    targets: list[TargetScore]
    power: list[Power]


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
