"""Zarr folders that SpikeInterface saves a sorting or an analyzer in."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from spe1_builder.disk.arrays import require_text
from spe1_builder.errors import SortingError
from spe1_builder.reading.sortings.formats.form import SortingForm
from spe1_builder.reading.sortings.found import EXPORT_AGAIN, MOST_BYTES, FoundTrains, by_unit
from spe1_builder.reading.sortings.segments import joined

#: How numbers are packed. Among the other codecs is pickle, which runs what it reads.
_CODECS = {"blosc", "zstd", "lz4", "zlib", "gzip", "bz2", "lzma", "delta", "shuffle"}
_TROUBLE = (ValueError, KeyError, TypeError, OSError, RuntimeError, AttributeError, IndexError)


def is_known(source: Any) -> bool:
    return isinstance(source, Path) and any(
        (place / "spikes" / ".zgroup").is_file() for place in (source, source / "sorting")
    )


def read(folder: Path, *, segment_starts: Sequence[int] | None = None) -> FoundTrains:
    """Units of the folder; ``segment_starts`` as for an npz."""
    import zarr

    place = folder if (folder / "spikes").is_dir() else folder / "sorting"
    try:
        # As a store of files: by a path alone, zarr would take an address too.
        root = zarr.open_group(zarr.DirectoryStore(str(place)), mode="r")
        names = [str(unit_id) for unit_id in _values(root, "unit_ids").tolist()]
        samples = _values(root, "spikes/sample_index")
        owners = _values(root, "spikes/unit_index")
        slices = _values(root, "spikes/segment_slices").reshape(-1, 2)
        rate_hz = float(root.attrs["sampling_frequency"])
        if int(slices.min(initial=0)) < 0 or int(slices.max(initial=0)) > len(samples):
            raise ValueError(f"segments {slices.tolist()} of {len(samples)} spikes")
    except (*_TROUBLE, MemoryError) as error:
        raise SortingError(
            "The folder is no sorting as SpikeInterface writes it in zarr.",
            where=folder,
            expected="unit_ids, spikes, sampling_frequency",
            got=str(error) or type(error).__name__,
            do=EXPORT_AGAIN,
        ) from error
    parts = [samples[first:last] for first, last in slices]
    owned = [owners[first:last] for first, last in slices]
    _, trains = by_unit(
        joined(parts, segment_starts, str(folder)),
        np.concatenate(owned),
        range(len(names)),
        str(folder),
    )
    notes = {"form": "zarr of SpikeInterface", "n_segments": len(parts)}
    return FoundTrains(
        tuple(names), trains, str(folder), unit="samples", rate_hz=rate_hz, notes=notes
    )


def _values(root: Any, name: str) -> np.ndarray:
    """An array of the group, if it holds plain values and is no larger than can be."""
    array = root[name]
    if array.dtype.hasobject:
        raise ValueError(f"{name} holds Python objects")
    codecs = {codec.codec_id for codec in (array.compressor, *(array.filters or ())) if codec}
    if not codecs <= _CODECS:
        raise ValueError(f"{name} is packed by {', '.join(sorted(codecs - _CODECS))}")
    n_bytes = array.size * array.dtype.itemsize
    if n_bytes > MOST_BYTES or array.dtype.itemsize * int(np.prod(array.chunks)) > MOST_BYTES:
        raise ValueError(f"{name} declares {n_bytes} bytes")
    values: np.ndarray = array[:]
    require_text(values)
    return values


FORM = SortingForm(
    "saved_zarr", "a zarr folder of SpikeInterface: a sorting or an analyzer", is_known, read
)
