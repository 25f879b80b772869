"""Center of mass, monopolar triangulation, grid convolution, point source, and what is added."""

from spe1_builder.benchmark.localization.methods.core import localize
from spe1_builder.benchmark.localization.methods.registry import (
    METHODS,
    expand_methods,
    find_method,
)

__all__ = ["METHODS", "expand_methods", "find_method", "localize"]
