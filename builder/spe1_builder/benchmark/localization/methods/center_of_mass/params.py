"""Parameters of the center of mass."""

from __future__ import annotations

from typing import Literal

from spe1_builder.benchmark.localization.methods.params import Feature, MethodParams, Positive


class CenterOfMassParams(MethodParams):
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
