"""The numbers that are reported of estimates, as typed models."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from spe1_builder.models import Model


class Interval(Model):
    """Bounds of a bootstrap interval over cells."""

    low: float
    high: float


class Score(Model):
    """What is reported of a list of estimates.

    Attributes
    ----------
    n, n_within : int
        Estimates asked for; those strictly nearer than the tolerance.
    accuracy : float or None
        ``n_within / n``: a failure is a miss.
    median_error_um : float or None
        2-D distance to the ground-truth electrode, over the estimates that are numbers.
    median_abs_dx_um, median_abs_dy_um : float or None
        The same across and along the probe.
    n_nan, n_out_of_bounds : int
        Failures: no estimate at all; an estimate far beside the probe.
    """

    n: int = Field(ge=0)
    n_within: int = Field(ge=0)
    accuracy: float | None
    median_error_um: float | None
    median_abs_dx_um: float | None
    median_abs_dy_um: float | None
    n_nan: int = Field(ge=0)
    n_out_of_bounds: int = Field(ge=0)

    @model_validator(mode="after")
    def _adds_up(self) -> Self:
        if self.n_within + self.n_nan > self.n or self.n_out_of_bounds + self.n_nan > self.n:
            raise ValueError("more estimates are within, NaN or out of bounds than there are")
        if (self.accuracy is None) != (self.n == 0):
            raise ValueError("there is an accuracy if and only if there is an estimate")
        return self
