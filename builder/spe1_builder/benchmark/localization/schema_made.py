"""How a result was made: its parameters, the software, and what kind of cells it is of."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, field_validator

from spe1_builder.benchmark.localization.words import Align, Masking, present_word
from spe1_builder.constants import Engine
from spe1_builder.models import Model


class Parameters(Model):
    """Everything that decides the numbers, besides the cells."""

    masking: Masking
    align: Align = "patch"
    engine: Engine
    tolerance_um: float = Field(gt=0)
    bounds_margin_um: float
    bootstrap_samples: int
    bootstrap_seed: int
    confidence: float
    methods: list[str]
    template_params: dict[str, dict[str, Any]]
    spike_params: dict[str, dict[str, Any]]
    spike_window_samples: tuple[int, int]
    as_published: dict[str, Any] | None

    @field_validator("masking", mode="before")
    @classmethod
    def _in_todays_words(cls, value: Any) -> Any:
        return present_word(value) if isinstance(value, str) else value


class Provenance(Model):
    """Software and kind of data.

    Attributes
    ----------
    origin : str or None
        "digitised": templates read from figures, no recordings. None for cells of a root, each
        of which says whether it is simulated.
    simulation : dict or None
        The simulator's options where all the cells were made for this result.
    """

    spe1_version: str
    versions: dict[str, str]
    simulated: bool
    label: str
    origin: Literal["digitised"] | None = None
    simulation: dict[str, Any] | None
