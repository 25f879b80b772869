"""The center of mass, as the registry lists it."""

from __future__ import annotations

from spe1_builder.benchmark.localization.methods.center_of_mass.params import CenterOfMassParams
from spe1_builder.benchmark.localization.methods.method import Estimator, Method
from spe1_builder.benchmark.localization.methods.params import SPIKE_WINDOW_MS


def _estimate() -> Estimator:
    from spe1_builder.benchmark.localization.methods.center_of_mass.estimate import estimate

    return estimate


def _reference() -> Estimator:
    from spe1_builder.benchmark.localization.methods import reference
    from spe1_builder.benchmark.localization.methods.center_of_mass.reference import estimate

    reference.load()
    return estimate


CENTER_OF_MASS = Method(
    name="center_of_mass",
    short="COM",
    label="center of mass",
    color="#0072B2",
    marker="o",
    dash="-",
    defaults={
        "templates": CenterOfMassParams(),
        "spikes": CenterOfMassParams(level="spikes", window_ms=SPIKE_WINDOW_MS),
    },
    load_estimate=_estimate,
    load_reference=_reference,
)
