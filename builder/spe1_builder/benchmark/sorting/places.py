"""Where the best unit lies, by each localization method."""

from __future__ import annotations

import numpy as np

from spe1_builder.benchmark.sorting.cell import SortingCell
from spe1_builder.benchmark.sorting.schema_cells import UnitPlace

#: Samples of a unit's mean around its spikes, and the most spikes that it is made of.
_N_BEFORE, _N_AFTER, _MOST_SPIKES = 30, 60, 300


def unit_places(cell: SortingCell, samples: np.ndarray) -> list[UnitPlace]:
    """The places of a unit's mean waveform on the sorter's channels; none of fewer than two spikes.

    Parameters
    ----------
    cell : SortingCell
    samples : np.ndarray
        int64 (n_spikes,), ascending samples of the window.
    """
    from spe1_builder.benchmark.localization.methods import localize
    from spe1_builder.benchmark.localization.methods.registry import METHODS

    whole = samples[(samples >= _N_BEFORE) & (samples + _N_AFTER <= cell.n_samples)]
    if len(whole) < 2:
        return []
    chosen = whole[np.linspace(0, len(whole) - 1, min(len(whole), _MOST_SPIKES)).astype(np.int64)]
    total_uV = np.zeros((len(cell.channels), _N_BEFORE + _N_AFTER))
    for spike in chosen.tolist():
        total_uV += cell.traces.window_uV(cell.channels, spike - _N_BEFORE, spike + _N_AFTER)
    mean_uV = (total_uV / len(chosen)).T.astype(np.float32)
    positions_um = cell.positions_um.astype(np.float64)
    target_um = cell.metadata.unit_locations_um["0"][:2]
    places = []
    for method in METHODS:
        found = localize(method, mean_uV[np.newaxis], positions_um, n_before=_N_BEFORE)
        x_um, y_um = map(float, found.xy_um[0])
        is_known = bool(np.isfinite([x_um, y_um]).all())
        distance_um = float(np.hypot(x_um - target_um[0], y_um - target_um[1]))
        places.append(
            UnitPlace(
                method=method,
                xy_um=(x_um, y_um) if is_known else None,
                distance_um=distance_um if is_known else None,
            )
        )
    return places
