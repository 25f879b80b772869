"""The score of one sorting of one cell, as typed models."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from spe1_builder.benchmark.common.scores import Interval
from spe1_builder.models import Model

#: The whole analysis window, or its test split alone.
Part = Literal["all", "test"]


class UnitScore(Model):
    """A unit against the patched neuron.

    Attributes
    ----------
    unit_id : str or None
        None where the sorting has no unit: a miss.
    n_spikes : int
        Of the unit.
    tp, fn, fp : int
        Spikes of both, of the patched neuron alone, of the unit alone.
    accuracy, precision, recall : float or None
        ``tp / (tp + fn + fp)``, ``tp / (tp + fp)``, ``tp / (tp + fn)``; None where the patched
        neuron does not fire, and the precision also where the unit does not.
    accuracy_interval : Interval or None
        Wilson's, of 95 %.
    """

    unit_id: str | None
    n_spikes: int = Field(ge=0)
    tp: int = Field(ge=0)
    fn: int = Field(ge=0)
    fp: int = Field(ge=0)
    accuracy: float | None
    precision: float | None
    recall: float | None
    accuracy_interval: Interval | None

    @model_validator(mode="after")
    def _adds_up(self) -> Self:
        if self.tp + self.fp != self.n_spikes:
            raise ValueError("a unit's spikes are its true and its false ones")
        if (self.accuracy is None) != (self.tp + self.fn == 0):
            raise ValueError("there is an accuracy if and only if the patched neuron fires")
        return self


class PartScore(Model):
    """A sorting's best unit, in a part of the window and under a tolerance.

    Attributes
    ----------
    part : str
    tolerance_ms : float
    tolerance_samples : int
        A distance of as many is a match.
    best : UnitScore
        Of the highest accuracy; of several such, the first.
    lag_ms : float or None
        Median of the matched spikes' offsets: above 0, the unit comes after the patch.
    """

    part: Part
    tolerance_ms: float = Field(gt=0)
    tolerance_samples: int = Field(ge=0)
    best: UnitScore
    lag_ms: float | None


class Unlagged(Model):
    """The best unit when one lag is taken off all of its spikes: no score, but a diagnosis.

    Attributes
    ----------
    lag_ms : float
        That was taken off.
    best : UnitScore
    """

    lag_ms: float
    best: UnitScore


class Chance(Model):
    """What the best unit scores against the patched spikes moved round the window.

    Attributes
    ----------
    n_shifts, seed : int
    mean, highest : float
        Of the best unit's accuracy over the shifts; each shift has its own best unit.
    is_beyond : bool
        Whether the accuracy is above all of them.
    """

    n_shifts: int = Field(ge=1)
    seed: int
    mean: float
    highest: float
    is_beyond: bool


class Shape(Model):
    """How the sorting divides the neurons.

    Attributes
    ----------
    split_over : int
        Units that hold more than a tenth of the patched spikes each, and more than with any
        shift of chance. 1 is right, 0 is a miss.
    n_duplicates : int
        Spikes of the best unit less than 0.3 ms after the one before: no neuron fires so.
    merged_with : int or None
        Other neurons of which the best unit has more than a tenth as false spikes; None where
        the others' spikes are not known, as in every recording.
    others_share : float or None
        Share of the best unit's spikes that are not the patched neuron's: what is known of a
        merger where the others are not.
    """

    split_over: int = Field(ge=0)
    n_duplicates: int = Field(ge=0)
    merged_with: int | None
    others_share: float | None


class SortingScore(Model):
    """Everything that is said of a sorting against the patched neuron."""

    parts: list[PartScore]
    unlagged: Unlagged | None
    chance: Chance | None
    shape: Shape

    def part(self, part: Part, tolerance_ms: float) -> PartScore:
        """One of the parts."""
        return next(
            one for one in self.parts if (one.part, one.tolerance_ms) == (part, tolerance_ms)
        )

    @property
    def headline(self) -> PartScore:
        """Of the whole window, under the first tolerance."""
        return self.parts[0]
