"""The monopolar triangulation, as the registry lists it."""

from __future__ import annotations

from spe1_builder.benchmark.localization.methods.method import Estimator, Method
from spe1_builder.benchmark.localization.methods.monopolar_triangulation.params import (
    MonopolarParams,
)
from spe1_builder.benchmark.localization.methods.parameter_grid import Axis, ParameterGrid
from spe1_builder.benchmark.localization.methods.params import SPIKE_WINDOW_MS

_RADII_UM = (37.5, 75.0, 150.0)


def _estimate() -> Estimator:
    from spe1_builder.benchmark.localization.methods.monopolar_triangulation.estimate import (
        estimate,
    )

    return estimate


def _reference() -> Estimator:
    from spe1_builder.benchmark.localization.methods import reference
    from spe1_builder.benchmark.localization.methods.monopolar_triangulation.reference import (
        estimate,
    )

    reference.load()
    return estimate


MONOPOLAR_TRIANGULATION = Method(
    name="monopolar_triangulation",
    short="MT",
    label="monopolar triangulation",
    color="#D55E00",
    marker="s",
    dash="-",
    defaults={
        "templates": MonopolarParams(),
        "spikes": MonopolarParams(
            level="spikes",
            window_ms=SPIKE_WINDOW_MS,
            max_distance_um=150.0,
            enforce_decrease=True,
        ),
    },
    load_estimate=_estimate,
    load_reference=_reference,
    # Zhao et al. 2026, figure 5. Beyond the paper: spikes without `enforce_decrease`, which
    # is what releases of SpikeInterface since 0.101 compute.
    grid=ParameterGrid(
        down=Axis("radius_um", "radius (µm)", {"templates": _RADII_UM, "spikes": _RADII_UM}),
        across=Axis(
            "max_distance_um",
            "max distance (µm)",
            {"templates": (500.0, 1000.0, 2000.0), "spikes": (75.0, 150.0, 300.0)},
        ),
        beside={"spikes": ({"enforce_decrease": False},)},
    ),
)
