"""Every parameter of the three methods, none left to a library's default.

Sources: [Z26] Zhao et al. 2026, doi:10.1371/journal.pcbi.1014059; [SI]
SpikeInterface 0.105, ``postprocessing.localization_tools`` (templates) and
``sortingcomponents.peak_localization`` (spikes), whose values are given where the
paper gives none; [B21] Boussard et al. 2021, doi:10.1101/2021.11.05.467503
(monopolar triangulation).
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from spe1_builder.errors import OptionError

#: A template, or one unit's spikes: SpikeInterface has a path of its own for each.
Level = Literal["template", "spike"]
Feature = Literal["ptp", "energy"]
Positive = Annotated[float, Field(gt=0)]


class _Params(BaseModel):
    """What all methods share.

    Attributes
    ----------
    level : {"template", "spike"}
        Which of SpikeInterface's paths is the reference: ``unit_locations`` of templates,
        or ``spike_locations``.
    window_ms : tuple of float, optional
        What is looked at before and from the spike on, ms; None is the whole waveform.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    level: Level = "template"
    window_ms: tuple[Annotated[float, Field(ge=0)], Positive] | None = None

    def __init__(self, **values: Any):
        try:
            super().__init__(**values)
        except ValidationError as error:
            first = error.errors()[0]
            name = ".".join(str(part) for part in first["loc"])
            raise OptionError(
                f"{name} of {type(self).__name__} is unusable.",
                where=name,
                expected=first["msg"],
                got=repr(first["input"]),
                do="leave it out for the default",
            ) from error


class CenterOfMassParams(_Params):
    """Mean position of the channels near the peak, weighted by their amplitude [Z26].

    Attributes
    ----------
    radius_um : float
        Channels up to this distance from the peak channel take part.
    feature : {"ptp", "energy"}
        Amplitude of a channel: peak to peak, or Euclidean norm over time.
    """

    method: Literal["center_of_mass"] = "center_of_mass"
    radius_um: Positive = 75.0
    feature: Feature = "ptp"


class MonopolarParams(_Params):
    """The point source whose 1/distance decay fits the amplitudes best [Z26, B21].

    Attributes
    ----------
    radius_um, feature
        As in `CenterOfMassParams`.
    max_distance_um : float
        Bounds: x and y within this of the center of mass, z in [1, 10 * max_distance_um],
        alpha in [0, max_distance_um * largest amplitude]; um. [Z26]: 1000 for templates,
        150 for spikes.
    initial_z_um : float
        Where the search begins, above the center of mass [SI].
    optimizer : {"least_squares", "log_penalty"}
        Sum of squares [Z26], or with SpikeInterface's reward for a large z.
    enforce_decrease : bool
        Whether amplitudes may not grow away from the peak channel [B21]. Off: releases of
        SpikeInterface since 0.101 take the option for spikes, but throw its result away, and
        ignore it for templates, so that the published parameters amount to that.
    """

    method: Literal["monopolar_triangulation"] = "monopolar_triangulation"
    radius_um: Positive = 75.0
    feature: Feature = "ptp"
    max_distance_um: Annotated[float, Field(gt=1)] = 1000.0
    initial_z_um: Annotated[float, Field(ge=1)] = 20.0
    optimizer: Literal["least_squares", "log_penalty"] = "least_squares"
    enforce_decrease: bool = False


class GridConvolutionParams(_Params):
    """Mean position of the best matching artificial templates of a fine grid [Z26].

    Attributes
    ----------
    radius_um : float
        Grid points up to this distance from the peak channel are tried.
    upsampling_um : float
        Pitch of the grid [SI].
    margin_um : float
        How far the grid reaches beyond the outermost channels [SI].
    percentile : float
        Share of the best scalar products that count, %.
    prototype : {"gaussian", "spikes"}
        Time course of the artificial templates: a negative Gaussian, or the median over the
        spikes of the peak channel's waveform, each scaled to 1 at the spike, as
        ``spike_locations`` does [SI]. Here of all spikes; there of at most 5,000 random ones.
    sigma_ms : float
        s.d. of the Gaussian [SI].
    depths_um : tuple of float
        Distances from the probe's plane that the artificial sources have [SI].
    decay_um : float
        Constant of the exponential decay with distance [SI].
    """

    method: Literal["grid_convolution"] = "grid_convolution"
    radius_um: Positive = 40.0
    upsampling_um: Positive = 5.0
    margin_um: Annotated[float, Field(ge=0)] = 50.0
    percentile: Annotated[float, Field(gt=0, le=100)] = 5.0
    prototype: Literal["gaussian", "spikes"] = "gaussian"
    sigma_ms: Positive = 0.25
    depths_um: Annotated[tuple[Annotated[float, Field(ge=0)], ...], Field(min_length=1)] = (
        0.0,
        30.0,
        60.0,
        90.0,
        120.0,
    )
    decay_um: Positive = 2.5


Params = CenterOfMassParams | MonopolarParams | GridConvolutionParams

METHODS = ("center_of_mass", "monopolar_triangulation", "grid_convolution")

#: The paper's parameters for templates.
TEMPLATE_PARAMS: dict[str, Params] = {
    "center_of_mass": CenterOfMassParams(),
    "monopolar_triangulation": MonopolarParams(),
    "grid_convolution": GridConvolutionParams(),
}

#: The paper's window around a spike, ms: SpikeInterface's own for ``spike_locations``.
SPIKE_WINDOW_MS = (0.5, 0.5)

#: The paper's parameters for spikes.
SPIKE_PARAMS: dict[str, Params] = {
    "center_of_mass": CenterOfMassParams(level="spike", window_ms=SPIKE_WINDOW_MS),
    "monopolar_triangulation": MonopolarParams(
        level="spike", window_ms=SPIKE_WINDOW_MS, max_distance_um=150.0
    ),
    "grid_convolution": GridConvolutionParams(
        level="spike", window_ms=SPIKE_WINDOW_MS, prototype="spikes"
    ),
}
