"""A real neuron for a generated recording: its footprint and its spike train.

Real, from the scraps: the spike-triggered average of 25 sites, one every 20 um, in uV as it was
digitised (its scale is good to 10-30 %), with its lag to the patch spike and its delays along
the probe; the spike train; and the label, so that the neuron lies as far from the release's
electrode as in the recording.

Invented: the other 359 channels. The site beside each row has the row's waveform by the ratio
that a point source (monopole) has there, at the place that fits the rows' peak-to-peak best;
beyond the last rows theirs likewise, faded out within `FADE_UM`. Reference sites have
`REFERENCE_SHARE` of it. Nothing is there more than 2 ms from the patch spike, and every spike
has the same waveform but for ``amplitude_sd``.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from spe1_builder.constants import N_CHANNELS, NPX_RATE_HZ, REFERENCE_CHANNELS
from spe1_builder.errors import OptionError
from spe1_builder.probe import nominal_positions_um
from spe1_builder.source.scraps.model import CellScraps
from spe1_builder.source.scraps.packaged import scraps

#: Beyond the rows the footprint reaches zero within this distance.
FADE_UM = 400.0
#: The average on a reference site is .3 to .8 of a neighbour's, in the real recordings.
REFERENCE_SHARE = 0.5
#: Where the place is sought, um: x, y from the largest row, z from the probe.
_X_UM, _BESIDE_UM, _Z_UM = (-60.0, 130.0), (-300.0, 300.0), (10.0, 200.0)
_STEPS_UM = (10, 1)
#: A part of a train begins so long before its first spike.
_LEAD_S = 1.0


def semi_real_cells() -> tuple[str, ...]:
    """Ids of the cells with a footprint and a train that fits the recording."""
    return tuple(cell.cell_id for cell in scraps() if not cell.has_bad_train)


def require_semi_real(cell_ids: Iterable[str]) -> None:
    """Refuse cells that no footprint, or no train, is known of.

    Raises
    ------
    OptionError
        It names the cells that there are.
    """
    known = semi_real_cells()
    missing = [cell_id for cell_id in cell_ids if cell_id not in known]
    if missing:
        raise OptionError(
            "Not all of these cells can be semi-real: of some no footprint is public, or no "
            "spike train that fits the recording.",
            where="semi_real",
            expected=", ".join(known),
            got=", ".join(missing),
            do="name cells of these, or simulate the others without semi_real (--semi-real)",
        )


def fitted_place_um(cell: CellScraps) -> tuple[float, float, float]:
    """Where a point source fits the rows best: x, y along the probe, z away from it, whole um.

    Least squares on the rows' peak-to-peak, sought on a grid: the same on every processor.

    Examples
    --------
    >>> from spe1_builder.source.scraps.packaged import scraps
    >>> fitted_place_um(scraps()["c14"])
    (19.0, 1621.0, 20.0)
    """
    is_used = ~np.isin(cell.channels, REFERENCE_CHANNELS)
    sites_um = cell.positions_um[is_used].astype(np.float64)
    peak_to_peak_uV = np.ptp(cell.template_uV[is_used], axis=1).astype(np.float64)
    y_um = float(sites_um[peak_to_peak_uV.argmax(), 1])
    ranges = [_X_UM, (y_um + _BESIDE_UM[0], y_um + _BESIDE_UM[1]), _Z_UM]
    place = np.zeros(3)
    for step in _STEPS_UM:
        axes = [np.arange(low, high + 1, step) for low, high in ranges]
        grid = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)
        inverse = 1.0 / _distance_um(grid[:, None], sites_um)
        # The strength that fits best is linear; what it explains is to be as much as can be.
        explained = (inverse @ peak_to_peak_uV) ** 2 / (inverse**2).sum(axis=1)
        place = grid[explained.argmax()]
        ranges = [
            (max(at - step, low), min(at + step, high))
            for at, (low, high) in zip(place.tolist(), ranges, strict=True)
        ]
    x_um, y_um, z_um = place.tolist()
    return x_um, y_um, z_um


def _distance_um(places_um: np.ndarray, sites_um: np.ndarray) -> np.ndarray:
    """From (..., 3) places to (n, 2) sites."""
    beside_um = ((places_um[..., :2] - sites_um) ** 2).sum(axis=-1)
    distance: np.ndarray = np.sqrt(beside_um + places_um[..., 2] ** 2)
    return distance


def whole_template_uV(cell: CellScraps) -> np.ndarray:
    """The footprint on the whole probe: float32 (121, N_CHANNELS), patch spike at sample 60.

    The digitised rows are in it as they are.
    """
    place_um = np.array(fitted_place_um(cell))
    positions_um = nominal_positions_um().astype(np.float64)
    # A row on a reference site says nothing of the site beside it.
    rows = np.flatnonzero(~np.isin(cell.channels, REFERENCE_CHANNELS))
    sites_um = positions_um[cell.channels[rows]]
    apart_um = np.abs(positions_um[:, 1, None] - sites_um[:, 1])
    nearest = apart_um.argmin(axis=1)
    source = _distance_um(place_um, sites_um)[nearest]
    factor = source / _distance_um(place_um, positions_um)
    y_um = positions_um[:, 1]
    beyond_um = np.maximum(y_um - sites_um[:, 1].max(), sites_um[:, 1].min() - y_um).clip(0.0)
    factor *= np.clip(1.0 - (beyond_um / FADE_UM) ** 2, 0.0, None)
    factor[list(REFERENCE_CHANNELS)] *= REFERENCE_SHARE
    template = np.zeros((cell.template_uV.shape[1], N_CHANNELS), np.float32)
    template[:] = cell.template_uV[rows[nearest]].T * factor
    template[:, cell.channels] = cell.template_uV.T
    return template


def train_samples(cell: CellScraps, n_npx: int, margin: int) -> np.ndarray:
    """When the neuron fires in a recording of some length: int64 (n_spikes,), NPX samples.

    A shorter one than the real has the part that begins a second before the first spike, so
    that a neuron that was silent at first (c24, for 39 s) is not silent here; a longer one has the
    whole train again and again. Doubled spikes are left out.

    Parameters
    ----------
    cell : CellScraps
    n_npx : int
    margin : int
        Samples at both ends without a spike.
    """
    train, length = cell.train(), cell.cell.lengths.n_npx
    if n_npx < length:
        start = min(int(train[0] - _LEAD_S * NPX_RATE_HZ), length - n_npx)
        train = train - max(start, 0)
    else:
        n_times = -(-n_npx // length)
        train = (train + length * np.arange(n_times)[:, None]).ravel()
    inside: np.ndarray = train[(train >= margin) & (train < n_npx - margin)]
    return inside
