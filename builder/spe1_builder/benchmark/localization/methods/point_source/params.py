"""Parameters of the point source."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from spe1_builder.benchmark.localization.methods.params import MethodParams, Positive

#: What something is taken from: each waveform itself, or the mean of all, which is the unit's.
Source = Literal["own", "unit"]
#: ``scipy.optimize.least_squares`` has the formulas.
Loss = Literal["linear", "soft_l1", "cauchy"]


class PointSourceParams(MethodParams):
    """The point source whose decay, ``alpha / distance ** decay``, fits the amplitudes best.

    A monopole's exponent is 1; what a neuron's extracellular amplitudes follow within a radius
    is steeper or flatter. The model is that of [B21] and of its successor dartsort
    (github.com/cwindolf/dartsort, ``localize``), with the exponent free, a loss that channels
    far off cannot rule, and amplitudes that average the noise over samples.

    Attributes
    ----------
    radius_um : float
        Channels up to this distance from the peak channel take part.
    course : {"own", "unit"}
        The time course that a channel's samples are projected on, which gives its amplitude:
        the first component (singular value decomposition) of the waveform itself, or of the
        mean of all.
    decay : {"own", "unit"}
        Whose exponent holds: fitted to each waveform, or to the mean of all. A single spike
        hardly tells it.
    loss : {"linear", "soft_l1", "cauchy"}
        Of the residuals, as scipy has it. Where none of the channels is odd all three are alike;
        with a quarter of them dead, "cauchy" is nearest by far.
    loss_scale : float
        Residual from which on the loss grows slower than the square, as a share of the
        largest amplitude.
    max_distance_um : float
        Bounds: x and y within this of the peak channel, z up to this; um.
    min_z_um : float
        Lowest z. At 0 the model is infinite on an electrode, so that one channel alone would
        be explained by any footprint; 1 um is monopolar triangulation's [SI].
    decay_bounds : tuple of float
        Lowest and highest exponent: flatter than a line source (0.5), steeper than a
        dipole (3).
    initial_z_um, initial_decay : float
        Where the search begins, above the center of mass [SI]; a monopole. For single
        waveforms with something of the unit: at the unit's place.
    """

    method: Literal["point_source"] = "point_source"
    radius_um: Positive = 75.0
    course: Source = "own"
    decay: Source = "own"
    loss: Loss = "cauchy"
    loss_scale: Positive = 0.15
    max_distance_um: Annotated[float, Field(gt=1)] = 150.0
    min_z_um: Positive = 1.0
    decay_bounds: tuple[Positive, Positive] = (0.5, 3.0)
    initial_z_um: Positive = 20.0
    initial_decay: Positive = 1.0

    @model_validator(mode="after")
    def _begins_within_bounds(self) -> Self:
        if not self.min_z_um < self.initial_z_um < self.max_distance_um:
            raise ValueError("initial_z_um is not between min_z_um and max_distance_um")
        if not self.decay_bounds[0] < self.initial_decay < self.decay_bounds[1]:
            raise ValueError("initial_decay is not between decay_bounds")
        return self

    @property
    def needs_unit(self) -> bool:
        """Whether the mean of all waveforms is fitted before each."""
        return "unit" in (self.course, self.decay)
