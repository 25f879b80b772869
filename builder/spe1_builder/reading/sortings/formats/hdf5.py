"""HDF5 in the four styles of SpikeLab, whose names of datasets are the defaults.

- ragged: all spikes of the first unit, of the second, ...; and an index of where each ends,
  with or without a zero before it;
- paired: the times of all spikes, and the unit of each;
- group: a dataset for each unit;
- raster: counts, (n_units, n_bins).

Source: SpikeLab 0.1.2, ``data_loaders/data_exporters.py``.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Literal

import numpy as np

from spe1_builder.errors import OptionError, SortingError
from spe1_builder.reading.sortings.formats.form import SortingForm, starts_with
from spe1_builder.reading.sortings.found import FoundTrains, by_index, by_unit, flat
from spe1_builder.reading.sortings.hdf5_file import MARK, array, inside, opened, require

Style = Literal["ragged", "paired", "group", "raster"]
_DEFAULT_NAMES: dict[Style, tuple[str, ...]] = {
    "ragged": ("spike_times", "spike_times_index"),
    "paired": ("idces", "times"),
    "group": ("units",),
    "raster": ("raster",),
}
#: More spikes in one bin are no counts.
_MOST_IN_BIN = 1000
_MOST_SPIKES = 100_000_000


def is_known(source: Any) -> bool:
    if not (isinstance(source, Path) and starts_with(source, MARK)):
        return False
    try:
        with opened(source) as file:
            return _style_of(file) is not None
    except (SortingError, ImportError):
        return False  # what reads it says so


def _style_of(file: Any) -> Style | None:
    for style, names in _DEFAULT_NAMES.items():
        if all(inside(file, name) is not None for name in names):
            return style
    return None


def read(
    path: Path,
    *,
    style: Style | None = None,
    names: tuple[str, ...] | None = None,
    bin_ms: float | None = None,
    rate_hz: float | None = None,
) -> FoundTrains:
    """Units of the file.

    Parameters
    ----------
    path : Path
    style : {"ragged", "paired", "group", "raster"}, optional
        Default: the one whose datasets are there under SpikeLab's names.
    names : tuple of str, optional
        Of the datasets: (times, index), (units, times), (group,) or (counts,).
    bin_ms : float, optional
        Of a raster; default: its attribute ``bin_size_ms``.
    rate_hz : float, optional
        What samples are counted at.
    """
    with opened(path) as file:
        chosen = style or _style_of(file)
        if chosen not in _DEFAULT_NAMES:
            raise OptionError(
                "The style of the HDF5 file is not known.",
                where=path,
                expected="style= " + ", ".join(_DEFAULT_NAMES),
                got=style or ", ".join(sorted(map(str, file))[:20]),
                do="say the style, and the datasets: names=('spike_times', 'spike_times_index')",
            )
        named = names or _DEFAULT_NAMES[chosen]
        if len(named) != len(_DEFAULT_NAMES[chosen]):
            raise OptionError(
                f"The style {chosen} has other datasets.",
                where="names",
                expected=f"such as {_DEFAULT_NAMES[chosen]}",
                got=repr(named),
                do="name each of them, in this order",
            )
        if chosen == "raster":
            return _raster(file, named[0], bin_ms, path)
        read_style = {"ragged": _ragged, "paired": _paired, "group": _group}[chosen]
        unit_ids, trains = read_style(file, named, path)
    notes = {"form": f"HDF5, {chosen}"}
    return FoundTrains(unit_ids, trains, str(path), rate_hz=rate_hz, notes=notes)


_Units = tuple[tuple[str, ...], tuple[np.ndarray, ...]]


def _ragged(file: Any, names: tuple[str, ...], path: Path) -> _Units:
    times, index = (array(file, name, path) for name in names)
    trains = by_index(times, index, None, str(path))
    return tuple(map(str, range(len(trains)))), trains


def _paired(file: Any, names: tuple[str, ...], path: Path) -> _Units:
    owners, times = (array(file, name, path) for name in names)
    return by_unit(times, owners, None, str(path))


def _group(file: Any, names: tuple[str, ...], path: Path) -> _Units:
    group = inside(file, names[0])
    if not hasattr(group, "keys"):
        raise SortingError(
            f"The file has no group {names[0]}.",
            where=path,
            do="name the group: names=('units',)",
        )
    # By number, so that 10 comes after 9.
    unit_ids = sorted(group.keys(), key=lambda name: [int(n) for n in re.findall(r"\d+", name)])
    trains = [array(file, f"{names[0]}/{name}", path) for name in unit_ids]
    return tuple(unit_ids), tuple(flat(train, "times", str(path)) for train in trains)


def _raster(file: Any, name: str, bin_ms: float | None, path: Path) -> FoundTrains:
    """Each spike in the middle of its bin."""
    stated = bin_ms if bin_ms is not None else require(file, name, path).attrs.get("bin_size_ms")
    counts = array(file, name, path)
    is_counts = counts.ndim == 2 and counts.dtype.kind in "biuf"
    if is_counts and counts.size:
        is_counts = bool(np.all((counts >= 0) & (counts <= _MOST_IN_BIN)))
    if stated is None or not 0 < float(stated) < 1e6 or not is_counts:
        raise SortingError(
            "The raster is none: counts of spikes in bins of a known width.",
            where=path,
            expected="(n_units, n_bins), and bin_ms= or its attribute bin_size_ms",
            got=f"{counts.dtype} {counts.shape}, bins of {stated} ms",
            do="give bin_ms=, or export the spikes themselves",
        )
    whole = counts.astype(np.int64)
    if int(whole.sum()) > _MOST_SPIKES:
        raise SortingError(
            "The raster has too many spikes.",
            where=path,
            expected=f"at most {_MOST_SPIKES:,}",
            got=int(whole.sum()),
            do="export the spikes themselves, or fewer units",
        )
    width_ms = float(stated)
    bins = np.arange(counts.shape[1])
    trains = tuple((np.repeat(bins, row) + 0.5) * width_ms for row in whole)
    notes = {"form": "HDF5, raster", "bin_ms": width_ms, "times": "the middle of each bin"}
    unit_ids = tuple(map(str, range(len(trains))))
    return FoundTrains(unit_ids, trains, str(path), unit="ms", notes=notes)


FORM = SortingForm("hdf5", "HDF5: ragged, paired, a group of units, or a raster", is_known, read)
