"""The point source, as the registry lists it."""

from __future__ import annotations

from spe1_builder.benchmark.localization.methods.method import Estimator, Method
from spe1_builder.benchmark.localization.methods.params import SPIKE_WINDOW_MS
from spe1_builder.benchmark.localization.methods.point_source.params import PointSourceParams


def _estimate() -> Estimator:
    from spe1_builder.benchmark.localization.methods.point_source.estimate import estimate

    return estimate


def _reference() -> Estimator:
    from spe1_builder.benchmark.localization.methods.point_source.reference import estimate

    return estimate


POINT_SOURCE = Method(
    name="point_source",
    short="PS",
    label="point source",
    color="#56B4E9",
    marker="D",
    dash="-",
    defaults={
        "templates": PointSourceParams(),
        "spikes": PointSourceParams(
            level="spikes", window_ms=SPIKE_WINDOW_MS, course="unit", decay="unit"
        ),
    },
    load_estimate=_estimate,
    load_reference=_reference,
)
