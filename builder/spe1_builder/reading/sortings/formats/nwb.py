"""The table ``Units`` of an NWB file (HDF5). Source: NWB 2, ``nwb.misc.yaml``, Units."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from spe1_builder.errors import SortingError
from spe1_builder.reading.sortings.formats.form import SortingForm, starts_with
from spe1_builder.reading.sortings.found import FoundTrains, by_index, name_of
from spe1_builder.reading.sortings.hdf5_file import MARK, array, inside, opened

_UNITS = "units"
#: Columns with a name or a label of each unit, as writers call them.
_LABELS = ("unit_name", "quality", "label", "KSLabel", "group")


def is_known(source: Any) -> bool:
    if not (isinstance(source, Path) and starts_with(source, MARK)):
        return False
    try:
        with opened(source) as file:
            is_nwb = "nwb_version" in file.attrs
            return is_nwb or inside(file, f"{_UNITS}/spike_times_index") is not None
    except (SortingError, ImportError):
        return False  # what reads it says so


def read(path: Path, *, table: str = _UNITS) -> FoundTrains:
    """Units of the file; ``table`` is the place of another table, such as one of a module."""
    with opened(path) as file:
        if inside(file, f"{table}/spike_times") is None:
            raise SortingError(
                "The NWB file has no spikes of units.",
                where=path,
                expected=f"{table}/spike_times",
                got=", ".join(sorted(map(str, file))[:20]),
                do="name the table that has them: table='processing/ecephys/...'",
            )
        times = array(file, f"{table}/spike_times", path)
        index = array(file, f"{table}/spike_times_index", path)
        has_ids = inside(file, f"{table}/id") is not None
        unit_ids = array(file, f"{table}/id", path).reshape(-1).tolist() if has_ids else None
        trains = by_index(times, index, None if unit_ids is None else len(unit_ids), str(path))
        labels = {
            name: [name_of(value) for value in values.reshape(-1).tolist()]
            for name in _LABELS
            if (values := _column(file, f"{table}/{name}", path, len(trains))) is not None
        }
    return FoundTrains(
        tuple(map(name_of, range(len(trains)) if unit_ids is None else unit_ids)),
        trains,
        str(path),
        unit="s",
        notes={"form": "NWB", "table": table, "labels": labels},
    )


def _column(file: Any, name: str, path: Path, n_units: int) -> np.ndarray | None:
    if inside(file, name) is None:
        return None
    values = array(file, name, path)
    return values if values.shape == (n_units,) else None


FORM = SortingForm("nwb", "the Units of an NWB file", is_known, read)
