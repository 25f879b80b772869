"""Small arrays of a built cell, read through their checks."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from spe1_builder.dataset.findings import Report
from spe1_builder.dataset.sidecars.npz import read_arrays
from spe1_builder.dataset.sidecars.templates import ARRAYS
from spe1_builder.errors import OutputError

_POSITIONS = "probe_positions"


def read_positions_um(path: Path) -> np.ndarray:
    """Site positions of a cell's ``templates.npz``: float32 (N_CHANNELS, 2), um (x, y).

    Raises
    ------
    OutputError
        The file is missing or damaged.
    """
    report = Report()
    wanted = {_POSITIONS: ARRAYS[_POSITIONS]}
    positions_um = read_arrays(path, wanted, report.at(path.name)).get(_POSITIONS)
    if positions_um is None:
        raise OutputError(
            f"{path.name} does not hold the positions of the sites.",
            where=path,
            got="; ".join(finding.what for finding in report.findings()),
            do="see what is wrong: spe1 verify; then build the cell again (spe1 build --force)",
        )
    return positions_um
