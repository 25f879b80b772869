"""What the parameters of all methods have in common; none is left to a library's default.

Sources, here and in the methods' folders: [Z26] Zhao et al. 2026,
doi:10.1371/journal.pcbi.1014059; [SI] SpikeInterface 0.105,
``postprocessing.localization_tools`` (templates) and
``sortingcomponents.peak_localization`` (spikes), whose values are given where the
paper gives none; [B21] Boussard et al. 2021, doi:10.1101/2021.11.05.467503
(monopolar triangulation, and the point source).
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError

from spe1_builder.benchmark.localization.words import Level
from spe1_builder.errors import OptionError
from spe1_builder.models import Model, first_problem

#: Amplitude of a channel: peak to peak, or Euclidean norm over time.
Feature = Literal["ptp", "energy"]
Positive = Annotated[float, Field(gt=0)]
NotNegative = Annotated[float, Field(ge=0)]

#: The paper's window around a spike, ms: SpikeInterface's own for ``spike_locations``.
SPIKE_WINDOW_MS = (0.5, 0.5)


class MethodParams(Model):
    """Parameters of a method; each method has a subclass.

    Attributes
    ----------
    level : {"templates", "spikes"}
        A template, or one unit's spikes. Says which of SpikeInterface's paths is the
        reference: ``unit_locations`` of templates, or ``spike_locations``.
    window_ms : tuple of float, optional
        What is looked at before and from the spike on, ms; None is the whole waveform.
    method : str
        The method's name.
    radius_um : float
        What is up to this distance from the peak channel takes part.
    """

    level: Level = "templates"
    window_ms: tuple[NotNegative, Positive] | None = None
    method: str
    radius_um: Positive = 75.0

    def __init__(self, **values: Any):
        try:
            super().__init__(**values)
        except ValidationError as error:
            raise OptionError(
                f"{type(self).__name__} cannot be as asked for.",
                where=type(self).__name__,
                got=first_problem(error, whole="the parameters"),
                do="leave it out for the default",
            ) from error
