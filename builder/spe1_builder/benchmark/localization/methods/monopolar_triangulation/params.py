"""Parameters of the monopolar triangulation."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from spe1_builder.benchmark.localization.methods.params import Feature, MethodParams, Positive


class MonopolarParams(MethodParams):
    """The point source whose 1/distance decay fits the amplitudes best [Z26, B21].

    Attributes
    ----------
    radius_um : float
        Channels up to this distance from the peak channel take part.
    feature : {"ptp", "energy"}
        Amplitude of a channel: peak to peak, or Euclidean norm over time.
    max_distance_um : float
        Bounds: x and y within this of the center of mass, z in [1, 10 * max_distance_um],
        alpha in [0, max_distance_um * largest amplitude]; um. [Z26]: 1000 for templates,
        150 for spikes.
    initial_z_um : float
        Where the search begins, above the center of mass [SI].
    optimizer : {"least_squares", "log_penalty"}
        Sum of squares [Z26], or with SpikeInterface's reward for a large z.
    enforce_decrease : bool
        Whether amplitudes may not grow away from the peak channel [B21]. The authors asked
        for it of spikes, and their SpikeInterface (0.100) applied it; releases since 0.101
        take the option for spikes, but throw its result away, and ignore it for templates.
    """

    method: Literal["monopolar_triangulation"] = "monopolar_triangulation"
    radius_um: Positive = 75.0
    feature: Feature = "ptp"
    max_distance_um: Annotated[float, Field(gt=1)] = 1000.0
    initial_z_um: Annotated[float, Field(ge=1)] = 20.0
    optimizer: Literal["least_squares", "log_penalty"] = "least_squares"
    enforce_decrease: bool = False
