"""The grid convolution, as the registry lists it."""

from __future__ import annotations

from spe1_builder.benchmark.localization.methods.grid_convolution.params import (
    GridConvolutionParams,
)
from spe1_builder.benchmark.localization.methods.method import Estimator, Method
from spe1_builder.benchmark.localization.methods.parameter_grid import Axis, ParameterGrid
from spe1_builder.benchmark.localization.methods.params import SPIKE_WINDOW_MS

_RADII_UM, _PERCENTILES = (20.0, 40.0, 80.0), (2.5, 5.0, 10.0)


def _estimate() -> Estimator:
    from spe1_builder.benchmark.localization.methods.grid_convolution.estimate import estimate

    return estimate


def _reference() -> Estimator:
    from spe1_builder.benchmark.localization.methods.grid_convolution import reference

    reference.load()
    return reference.estimate


GRID_CONVOLUTION = Method(
    name="grid_convolution",
    short="GC",
    label="grid convolution",
    color="#009E73",
    marker="^",
    dash="-",
    defaults={
        "templates": GridConvolutionParams(),
        "spikes": GridConvolutionParams(
            level="spikes", window_ms=SPIKE_WINDOW_MS, prototype="spikes"
        ),
    },
    load_estimate=_estimate,
    load_reference=_reference,
    # Zhao et al. 2026, figure 5.
    grid=ParameterGrid(
        down=Axis("radius_um", "radius (µm)", {"templates": _RADII_UM, "spikes": _RADII_UM}),
        across=Axis(
            "percentile", "percentile (%)", {"templates": _PERCENTILES, "spikes": _PERCENTILES}
        ),
    ),
)
