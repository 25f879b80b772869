"""Folders that SpikeInterface saves a sorting or an analyzer in.

Read here, not by SpikeInterface: it imports any class that the folder names, and unpickles the
properties of its units.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from spe1_builder.disk.arrays import read_npy
from spe1_builder.disk.bounded import read_bounded
from spe1_builder.errors import SortingError
from spe1_builder.reading.sortings.formats import npz
from spe1_builder.reading.sortings.formats.form import SortingForm
from spe1_builder.reading.sortings.found import EXPORT_AGAIN, MOST_BYTES, FoundTrains, by_unit
from spe1_builder.reading.sortings.segments import joined

_INFO, _SPIKES, _NPZ = "numpysorting_info.json", "spikes.npy", "sorting_cached.npz"
_MOST_INFO_BYTES = 10_000_000


def is_known(source: Any) -> bool:
    return isinstance(source, Path) and source.is_dir() and _place(source) is not None


def _place(folder: Path) -> Path | None:
    """The folder with the spikes: itself, or that of an analyzer's sorting."""
    for place in (folder, folder / "sorting"):
        is_numpy = (place / _INFO).is_file() and (place / _SPIKES).is_file()
        if is_numpy or (place / _NPZ).is_file():
            return place
    return None


def read(folder: Path, *, segment_starts: Sequence[int] | None = None) -> FoundTrains:
    """Units of the folder; ``segment_starts`` as for an npz."""
    place = _place(folder)
    if place is None:
        raise SortingError(
            "There is no saved sorting in the folder.",
            where=folder,
            expected=f"{_INFO} and {_SPIKES}, or {_NPZ}; or those in 'sorting'",
            do=EXPORT_AGAIN,
        )
    if not (place / _INFO).is_file():
        return npz.read(place / _NPZ, segment_starts=segment_starts)
    unit_ids, rate_hz, n_segments = _info(place / _INFO)
    spikes = read_npy(place / _SPIKES, MOST_BYTES, error=SortingError, do=EXPORT_AGAIN)
    fields = {"sample_index", "unit_index", "segment_index"}
    if spikes.ndim != 1 or not fields <= set(spikes.dtype.names or ()):
        raise SortingError(
            f"{_SPIKES} are no spikes of SpikeInterface.",
            where=place / _SPIKES,
            expected=", ".join(sorted(fields)),
            got=f"{spikes.dtype} {spikes.shape}",
            do=EXPORT_AGAIN,
        )
    parts = [spikes[spikes["segment_index"] == i] for i in range(n_segments)]
    samples = joined([part["sample_index"] for part in parts], segment_starts, str(place))
    owners = np.concatenate([part["unit_index"] for part in parts])
    return FoundTrains(
        unit_ids,
        by_unit(samples, owners, range(len(unit_ids)), str(place))[1],
        str(folder),
        unit="samples",
        rate_hz=rate_hz,
        notes={"form": "folder of SpikeInterface", "n_segments": n_segments},
    )


def _info(path: Path) -> tuple[tuple[str, ...], float, int]:
    content = read_bounded(path, _MOST_INFO_BYTES, path.name, error=SortingError, do=EXPORT_AGAIN)
    try:
        info = json.loads(content)
        unit_ids = tuple(str(unit_id) for unit_id in info["unit_ids"])
        n_segments = int(info["num_segments"])
        if not 1 <= n_segments <= 10_000:
            raise ValueError(f"{n_segments} segments")
        return unit_ids, float(info["sampling_frequency"]), n_segments
    except (ValueError, KeyError, TypeError, RecursionError, OverflowError) as error:
        raise SortingError(
            f"{path.name} is not as SpikeInterface writes it.",
            where=path,
            expected="unit_ids, sampling_frequency, num_segments",
            got=error,
            do=EXPORT_AGAIN,
        ) from error


FORM = SortingForm(
    "saved_folder", "a folder of SpikeInterface: a sorting or an analyzer", is_known, read
)
