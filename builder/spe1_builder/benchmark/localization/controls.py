"""Places that need no localization: what any method has to beat."""

from __future__ import annotations

import numpy as np

from spe1_builder.benchmark.localization.contestants import CONTROLS


def control_places(positions_um: np.ndarray, peak_channel: int) -> dict[str, np.ndarray]:
    """The controls' estimates for a unit.

    Parameters
    ----------
    positions_um : np.ndarray
        (n_channels, 2): the whole probe.
    peak_channel : int
        Index into it of the template's largest channel.

    Returns
    -------
    dict of str to np.ndarray
        By name, float64 (2,), um: the peak channel's position; and its depth with x
        half-way between the probe's outermost columns, which forgets x altogether.
    """
    x_um, y_um = np.asarray(positions_um[peak_channel], dtype=np.float64)
    columns_um = positions_um[:, 0]
    center_um = (float(columns_um.min()) + float(columns_um.max())) / 2.0
    places = (np.array([x_um, y_um]), np.array([center_um, y_um]))
    return dict(zip(CONTROLS, places, strict=True))
