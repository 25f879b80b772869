"""Sortings in memory: SpikeInterface's, SpikeSift's, SpikeLab's, or spikes by unit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from spe1_builder.errors import SortingError
from spe1_builder.reading.sortings.formats.form import SortingForm
from spe1_builder.reading.sortings.found import FoundTrains, flat, name_of
from spe1_builder.reading.sortings.segments import joined


def is_known(source: Any) -> bool:
    return isinstance(source, Mapping) or any(
        hasattr(source, name) for name in ("get_unit_spike_train", "all_spikes", "train", "sorting")
    )


def read(source: Any, *, segment_starts: Sequence[int] | None = None) -> FoundTrains:
    """Units of an object, known by what it can do, so that no package is imported for it.

    Parameters
    ----------
    source : object
        A SpikeInterface sorting or analyzer, SpikeSift's ``SortedRecording``, SpikeLab's
        ``SpikeData``, or a mapping of unit ids to times.
    segment_starts : sequence of int, optional
        First sample of each segment of a SpikeInterface sorting, where it has several.
    """
    if hasattr(source, "sorting") and not hasattr(source, "get_unit_spike_train"):
        source = source.sorting
    name = type(source).__name__
    if hasattr(source, "get_unit_spike_train"):
        return _spikeinterface(source, name, segment_starts)
    if hasattr(source, "all_spikes"):
        return _of_mapping(source.all_spikes(), name, "SpikeSift")
    if hasattr(source, "train"):
        return _spikelab(source, name)
    return _of_mapping(source, name, "spikes by unit")


def _spikeinterface(sorting: Any, name: str, segment_starts: Sequence[int] | None) -> FoundTrains:
    n_segments = sorting.get_num_segments()
    trains = tuple(
        joined(
            [sorting.get_unit_spike_train(unit_id, segment_index=i) for i in range(n_segments)],
            segment_starts,
            name,
        )
        for unit_id in sorting.unit_ids
    )
    return FoundTrains(
        tuple(map(name_of, sorting.unit_ids)),
        trains,
        name,
        unit="samples",
        rate_hz=float(sorting.sampling_frequency),
        notes={"form": "SpikeInterface", "n_segments": n_segments},
    )


def _spikelab(data: Any, name: str) -> FoundTrains:
    attributes = getattr(data, "neuron_attributes", None) or [{}] * len(data.train)
    unit_ids = [name_of(one.get("unit_id", i)) for i, one in enumerate(attributes)]
    trains = tuple(np.asarray(train, dtype=np.float64) for train in data.train)
    return FoundTrains(tuple(unit_ids), trains, name, unit="ms", notes={"form": "SpikeLab"})


def _of_mapping(spikes: Mapping[Any, Any], name: str, form: str) -> FoundTrains:
    try:
        trains = tuple(flat(np.asarray(times), "spikes", name) for times in spikes.values())
    except ValueError as error:  # lists of lists of several lengths
        if isinstance(error, SortingError):
            raise
        raise SortingError(
            "The spikes of a unit are no list of times.",
            where=name,
            got=error,
            do="give one list of numbers for each unit",
        ) from error
    return FoundTrains(tuple(map(name_of, spikes)), trains, name, notes={"form": form})


FORM = SortingForm(
    "object",
    "a sorting of SpikeInterface, SpikeSift or SpikeLab, or a mapping of units to spikes",
    is_known,
    read,
    takes_path=False,
)
