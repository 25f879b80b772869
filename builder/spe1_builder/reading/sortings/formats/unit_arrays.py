"""An npz with the spikes of each unit under its name, as a dictionary of them is saved.

``np.savez(path, **{str(i): spikes for i, spikes in sorted_recording.all_spikes().items()})`` is
how a sorting of SpikeSift is kept: it writes no file of its own.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from spe1_builder.disk.arrays import npz_names, read_npz
from spe1_builder.errors import SortingError
from spe1_builder.reading.sortings.formats.form import SortingForm
from spe1_builder.reading.sortings.formats.npz import names_in
from spe1_builder.reading.sortings.found import EXPORT_AGAIN, MOST_BYTES, FoundTrains, flat

_UNIT = re.compile(r"(?:unit_?|cluster_?)?\d+")


def is_known(source: Any) -> bool:
    names = names_in(source)
    return bool(names) and all(_UNIT.fullmatch(name) for name in names)


def read(path: Path) -> FoundTrains:
    """Units of the file, in its order."""
    names = npz_names(path, error=SortingError, do=EXPORT_AGAIN)
    arrays = read_npz(path, names, MOST_BYTES, error=SortingError, do=EXPORT_AGAIN)
    trains = tuple(flat(arrays[name], f"spikes of {name}", str(path)) for name in names)
    return FoundTrains(tuple(names), trains, str(path), notes={"form": "npz, an array a unit"})


FORM = SortingForm(
    "unit_arrays", "an npz with the spikes of each unit under its name (SpikeSift)", is_known, read
)
