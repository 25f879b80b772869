"""Center of mass, monopolar triangulation and grid convolution."""

from spe1_builder.benchmark.localization.methods.core import ENGINES, localize
from spe1_builder.benchmark.localization.methods.params import (
    METHODS,
    SPIKE_PARAMS,
    TEMPLATE_PARAMS,
    CenterOfMassParams,
    GridConvolutionParams,
    MonopolarParams,
    Params,
)
from spe1_builder.benchmark.localization.methods.task import Locations

__all__ = [
    "ENGINES",
    "METHODS",
    "SPIKE_PARAMS",
    "TEMPLATE_PARAMS",
    "CenterOfMassParams",
    "GridConvolutionParams",
    "Locations",
    "MonopolarParams",
    "Params",
    "localize",
]
