"""Arrays of a built cell's small files, read through their checks."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from spe1_builder.dataset.findings import Report
from spe1_builder.dataset.sidecars import npz, patch, templates
from spe1_builder.dataset.sidecars.npz import Openable
from spe1_builder.errors import OutputError


def read_positions_um(path: Openable) -> np.ndarray:
    """Site positions of a cell's ``templates.npz``: float32 (N_CHANNELS, 2), um (x, y).

    Raises
    ------
    OutputError
        The file is missing or damaged.
    """
    name = "probe_positions"
    return _read(path, [name], templates.ARRAYS)[name]


def read_patch(path: Openable) -> dict[str, np.ndarray]:
    """The trace, its times and the spikes of a cell's ``patch.npz``, by name.

    Raises
    ------
    OutputError
        The file is missing or damaged.
    """
    arrays = _read(path, ["patch_v", "t_patch_s", "spike_times_s"], patch.ARRAYS)
    if not len(arrays["patch_v"]) == len(arrays["t_patch_s"]) > 0:
        raise _damaged(path, "a trace and times of different lengths, or none")
    return arrays


def _read(path: Openable, names: Sequence[str], known: npz.Arrays) -> dict[str, np.ndarray]:
    report = Report()
    arrays = npz.read_arrays(path, {name: known[name] for name in names}, report.at(path.name))
    if set(arrays) != set(names):
        raise _damaged(path, "; ".join(finding.what for finding in report.findings()))
    return arrays


def _damaged(path: Openable, got: str) -> OutputError:
    return OutputError(
        f"{path.name} is damaged.",
        where=str(path),
        got=got,
        do="see what is wrong: spe1 verify; then build the cell again (spe1 build --force)",
    )
