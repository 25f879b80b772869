"""One cell of the result: what it is, and what came of each sorter on it."""

from __future__ import annotations

from typing import Any, Literal, Self

from pydantic import Field, model_validator

from spe1_builder.benchmark.common.scores import Interval
from spe1_builder.benchmark.sorting.schema_scores import SortingScore, UnitScore
from spe1_builder.benchmark.sorting.sorter import Role
from spe1_builder.models import Model
from spe1_builder.origins import Origin

#: What recall is shown against.
Condition = Literal["amplitude", "interval", "burst", "overlap", "time"]


class Bin(Model):
    """Patched spikes that are alike in one respect: [low, high), open where there is no bound."""

    low: float | None
    high: float | None
    n: int = Field(ge=1)
    n_hit: int = Field(ge=0)
    recall: float
    interval: Interval


class Curve(Model):
    """Recall of the best unit against what makes a spike hard to find.

    ``condition``: "amplitude" (on the peak channel, uV), "interval" (since the spike before,
    ms), "burst" (place in the burst, from 0), "overlap" (to the nearest spike of another neuron
    that is seen on the peak channel, ms), "time" (in the window, s). ``others`` says of which
    neurons: "planted", or "sorted" where only the sorter's own units are known.
    """

    condition: Condition
    unit: str
    others: Literal["planted", "sorted"] | None
    bins: list[Bin]


class FixedRateScore(Model):
    """A contestant at the threshold that allows so many false spikes a second.

    ``fp_rate_hz`` was asked for on the train split; ``test`` and ``all`` are scored at 0.4 ms.
    """

    fp_rate_hz: float
    threshold_sd: float
    test: UnitScore
    all: UnitScore


class UnitPlace(Model):
    """Where a localization method puts the best unit, beside the ground-truth electrode."""

    method: str
    xy_um: tuple[float, float] | None
    distance_um: float | None


class Agreement(Model):
    """Spikes that two sorters' best units share, of those that either has."""

    sorters: tuple[str, str]
    repeats: tuple[int, int]
    agreement: float


class SorterResult(Model):
    """One run of a sorter on a cell, or one sorting that was given.

    Attributes
    ----------
    sorter : str
    role : str
        "floor", "ceiling", "sorter" or "given".
    version : str
    repeat : int
        From 0.
    parameters : dict
        All that decided its spikes.
    problem : str or None
        Why there is no score.
    notes : dict
        What it told of itself, or was read of it.
    n_units, n_spikes : int or None
    score : SortingScore or None
    fixed_rates : list of FixedRateScore
        Of the two contestants.
    curves : list of Curve
    missed : list of int
        Indices into the cell's ``spike_samples`` that the best unit does not have.
    places : list of UnitPlace
    wall_s, processor_s : float or None
    peak_memory_bytes : int or None
        Of a process of its own.
    was_kept : bool
        Whether its spikes were kept from an earlier run, whose times these are.
    beats_ceiling : bool or None
        Whether its accuracy is above the ceiling's beyond both intervals; None of the bounds.
    """

    sorter: str
    role: Role
    version: str
    repeat: int = Field(ge=0)
    parameters: dict[str, Any]
    problem: str | None = None
    notes: dict[str, Any] = Field(default_factory=dict)
    n_units: int | None = None
    n_spikes: int | None = None
    score: SortingScore | None = None
    fixed_rates: list[FixedRateScore] = Field(default_factory=list)
    curves: list[Curve] = Field(default_factory=list)
    missed: list[int] = Field(default_factory=list)
    places: list[UnitPlace] = Field(default_factory=list)
    wall_s: float | None = None
    processor_s: float | None = None
    peak_memory_bytes: int | None = None
    was_kept: bool = False
    beats_ceiling: bool | None = None

    @model_validator(mode="after")
    def _problem_or_score(self) -> Self:
        if (self.problem is None) != (self.score is not None):
            raise ValueError("a sorter has a score or a problem")
        return self

    @property
    def accuracy(self) -> float | None:
        """The headline: of the best unit, in the whole window, at 0.4 ms."""
        return None if self.score is None else self.score.headline.best.accuracy


class CellFacts(Model):
    """What makes a cell easy or hard.

    Attributes
    ----------
    has_extracellular_spike : bool
        Whether there is anything to find. Where there is not, a match is chance.
    n_channels : int
        That the sorters were given.
    peak_channel : int
        Of these, where the template is largest.
    peak_to_peak_uV : float
        Of the template there.
    noise_uV : float
        S.d. there, from the median absolute deviation.
    snr : float
        SpikeForest's: the template's largest absolute value there, over the noise.
    detectability : float or None
        Ours: the template in s.d. of the noise over twelve channels and 2.5 ms, which is what a
        matched filter has to go by. None where the matched filter did not run.
    firing_rate_hz : float
    burst_share : float
        Share of the spikes within 10 ms of the one before.
    """

    has_extracellular_spike: bool
    n_channels: int
    peak_channel: int
    peak_to_peak_uV: float
    noise_uV: float
    snr: float
    detectability: float | None
    firing_rate_hz: float
    burst_share: float


class SortedCell(Model):
    """One cell, and every sorter on it; or the problem that left it without any."""

    cell_id: str
    problem: str | None
    warnings: list[str] = Field(default_factory=list)
    origin: Origin | None
    fingerprint: str | None
    duration_s: float | None = None
    target_um: tuple[float, float] | None = None
    facts: CellFacts | None = None
    spike_samples: list[int] = Field(default_factory=list)
    sorters: list[SorterResult] = Field(default_factory=list)
    agreement: list[Agreement] = Field(default_factory=list)

    @model_validator(mode="after")
    def _problem_or_sorters(self) -> Self:
        if (self.problem is None) != bool(self.sorters):
            raise ValueError("a cell has sorters or a problem")
        return self
