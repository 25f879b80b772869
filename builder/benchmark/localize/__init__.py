"""Center of mass, monopolar triangulation and grid convolution."""

from builder.benchmark.localize.core import ENGINES, localize
from builder.benchmark.localize.params import (
    METHODS,
    SPIKE_PARAMS,
    TEMPLATE_PARAMS,
    CenterOfMassParams,
    GridConvolutionParams,
    MonopolarParams,
    Params,
)
from builder.benchmark.localize.task import Locations

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
