"""The npz of SpikeInterface's ``NpzSortingExtractor``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from spe1_builder.disk.arrays import npz_names, read_npz
from spe1_builder.errors import SortingError
from spe1_builder.reading.sortings.formats.form import SortingForm, starts_with
from spe1_builder.reading.sortings.found import EXPORT_AGAIN, MOST_BYTES, FoundTrains, by_unit
from spe1_builder.reading.sortings.segments import joined

_ZIP = b"PK"
_NEEDS = {"unit_ids", "sampling_frequency", "spike_indexes_seg0", "spike_labels_seg0"}


def names_in(source: Any) -> set[str]:
    """Names of the arrays of an npz file; none of anything else."""
    if not isinstance(source, Path) or not starts_with(source, _ZIP):
        return set()
    try:
        return set(npz_names(source, error=SortingError, do=EXPORT_AGAIN))
    except SortingError:
        return set()  # another zip, or a damaged one: what reads it says so


def is_known(source: Any) -> bool:
    return names_in(source) >= _NEEDS


def read(path: Path, *, segment_starts: Sequence[int] | None = None) -> FoundTrains:
    """Units of the file.

    Parameters
    ----------
    path : Path
    segment_starts : sequence of int, optional
        First sample of each segment, where it has several.
    """
    names = npz_names(path, error=SortingError, do=EXPORT_AGAIN)
    n_segments = sum(name.startswith("spike_indexes_seg") for name in names)
    indexes = [f"spike_indexes_seg{i}" for i in range(max(1, n_segments))]
    labels = [f"spike_labels_seg{i}" for i in range(max(1, n_segments))]
    arrays = read_npz(
        path,
        ["unit_ids", "sampling_frequency", *indexes, *labels],
        MOST_BYTES,
        error=SortingError,
        do=EXPORT_AGAIN,
    )
    samples = joined([arrays[name] for name in indexes], segment_starts, str(path))
    owners = np.concatenate([arrays[name].reshape(-1) for name in labels])
    unit_ids, trains = by_unit(samples, owners, arrays["unit_ids"].reshape(-1).tolist(), str(path))
    return FoundTrains(
        unit_ids,
        trains,
        str(path),
        unit="samples",
        rate_hz=float(arrays["sampling_frequency"].reshape(-1)[0]),
        notes={"form": "npz of SpikeInterface", "n_segments": len(indexes)},
    )


FORM = SortingForm("npz", "an npz of SpikeInterface (NpzSortingExtractor)", is_known, read)
