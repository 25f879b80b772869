"""What it changes to look around the template's trough in place of the patch spike."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spe1_builder.benchmark.localization.estimate import locate
from spe1_builder.benchmark.localization.plan import Plan
from spe1_builder.benchmark.localization.schema_label import CellAlignment, MethodAlignment
from spe1_builder.benchmark.localization.unit import Unit


@dataclass(frozen=True, eq=False)
class BothWays:
    """A cell's template localized with the spike at the patch spike, and at the trough.

    Attributes
    ----------
    trough_ms : float
        From the patch spike; negative before it.
    places_um : dict of str to (np.ndarray, np.ndarray)
        By method, float64 (2,) each; NaN where there is no estimate.
    """

    trough_ms: float
    places_um: dict[str, tuple[np.ndarray, np.ndarray]]


def locate_both_ways(unit: Unit, template_uV: np.ndarray, plan: Plan) -> BothWays:
    """Every method of the plan on a template: float32 (n_samples, n_channels), uV."""
    places_um = {}
    for method, params in plan.params_of("templates").items():
        # Once, where the trough is at the patch spike.
        by_index = {
            index: locate(
                unit.waveforms(template_uV[np.newaxis], index, template_uV),
                params,
                plan.engine,
                plan.n_threads,
            )[0][0]
            for index in {unit.n_before, unit.trough_index}
        }
        places_um[method] = (by_index[unit.n_before], by_index[unit.trough_index])
    trough_ms = (unit.trough_index - unit.n_before) / unit.cell.sampling_frequency_hz * 1000.0
    return BothWays(trough_ms, places_um)


def cell_alignment(cell_id: str, found: BothWays) -> CellAlignment:
    """The same as the result has it."""
    return CellAlignment(
        cell_id=cell_id,
        trough_ms=found.trough_ms,
        methods=[
            MethodAlignment(method=method, patch_um=_place(patch_um), trough_um=_place(trough_um))
            for method, (patch_um, trough_um) in found.places_um.items()
        ],
    )


def _place(xy_um: np.ndarray) -> tuple[float, float] | None:
    return (float(xy_um[0]), float(xy_um[1])) if np.isfinite(xy_um).all() else None
