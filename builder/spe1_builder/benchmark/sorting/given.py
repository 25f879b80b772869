"""A sorting that was made elsewhere, in whatever form it is given."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from spe1_builder.constants import NPX_RATE_HZ
from spe1_builder.dataset.metadata import AnalysisWindow
from spe1_builder.errors import OptionError
from spe1_builder.reading.sortings.units import SortedUnits

#: What a unit of time is in samples at 30 kHz.
UNITS = {"samples": 1.0, "s": NPX_RATE_HZ, "ms": NPX_RATE_HZ / 1000.0}
_LARGEST = 1e12
#: In a path: stands for the cell's id.
PLACEHOLDER = "{cell}"


@dataclass(frozen=True)
class GivenSorting:
    """A sorting and what is said of its times.

    Attributes
    ----------
    sorting : object
        `SortedUnits`, an object of SpikeInterface, a mapping of unit to times, or a path.
    unit : str or None
        Of a mapping's times: "samples" (the default), "s" or "ms". Of a path, what `read_sorting`
        takes.
    kind, clock : str or None
        Of a path: what `read_sorting` takes.
    trust_pickle : bool
        Of a path: whether pickles are opened, which can run anything.
    """

    sorting: Any
    unit: str | None = None
    kind: str | None = None
    clock: str | None = None
    trust_pickle: bool = False

    @property
    def is_of_any_cell(self) -> bool:
        """Whether it is a path that names the cell's own sorting."""
        return isinstance(self.sorting, str | Path) and PLACEHOLDER in str(self.sorting)


def given_units(given: GivenSorting, cell_id: str, window: AnalysisWindow) -> SortedUnits:
    """The units of a given sorting on the clock of a cell's window.

    Parameters
    ----------
    given : GivenSorting
    cell_id : str
    window : AnalysisWindow

    Raises
    ------
    OptionError
        It is nothing that can be scored, or its times lie outside the window.
    Spe1Error
        A file cannot be read.
    """
    sorting = given.sorting
    if isinstance(sorting, SortedUnits):
        return _within(sorting, window)
    if isinstance(sorting, str | Path):
        from spe1_builder.reading.sortings.read import read_sorting

        path = str(sorting).replace(PLACEHOLDER, cell_id)
        told: dict[str, Any] = {"kind": given.kind, "unit": given.unit, "clock": given.clock}
        found: SortedUnits = read_sorting(
            path, **told, window=window, trust_pickle=given.trust_pickle
        )
        return _within(found, window)
    if isinstance(sorting, Mapping):
        return _within(_of_mapping(sorting, given.unit or "samples"), window)
    if hasattr(sorting, "get_unit_spike_train") and hasattr(sorting, "unit_ids"):
        return _within(_of_spikeinterface(sorting), window)
    raise OptionError(
        "That is no sorting.",
        where="sorting",
        expected="a sorting of SpikeInterface, a mapping of unit to spike times, or a path",
        got=f"{sorting!r:.200}",
        do="pass {'unit': times} with unit='samples', 's' or 'ms'",
    )


def _of_mapping(sorting: Mapping[Any, Any], unit: str) -> SortedUnits:
    if not isinstance(unit, str) or unit not in UNITS:
        raise OptionError(
            "There is no such unit of time.",
            where="unit",
            expected=" or ".join(UNITS),
            got=f"{unit!r:.200}",
            do="say what the times are counted in",
        )
    samples = [_as_samples(times, UNITS[unit], name) for name, times in sorting.items()]
    notes = {"clock": "analysis window", "unit": unit}
    return SortedUnits(tuple(map(str, sorting)), tuple(samples), "spike times", notes)


def _of_spikeinterface(sorting: Any) -> SortedUnits:
    if sorting.get_num_segments() != 1:
        raise OptionError(
            "A sorting of several segments has several clocks.",
            where="sorting",
            expected="one segment",
            got=sorting.get_num_segments(),
            do="pick the segment that is the analysis window (sorting.select_segments)",
        )
    rate_hz = float(sorting.get_sampling_frequency())
    samples = [
        _as_samples(sorting.get_unit_spike_train(name), NPX_RATE_HZ / rate_hz, name)
        for name in sorting.unit_ids
    ]
    ids = tuple(str(name) for name in sorting.unit_ids)
    notes = {"clock": "analysis window", "unit": "samples", "sampling_frequency_hz": rate_hz}
    return SortedUnits(ids, tuple(samples), f"SpikeInterface {type(sorting).__name__}", notes)


def _as_samples(times: Any, factor: float, name: Any) -> np.ndarray:
    try:
        values = np.asarray(times, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise _no_times(name, type(times).__name__) from error
    # Beyond this a whole number of samples has no place in 64 bits.
    if values.ndim != 1 or not (np.abs(values) < _LARGEST).all():
        raise _no_times(name, f"{values.shape}, not finite, or too large")
    return np.sort(np.rint(values * factor).astype(np.int64))


def _no_times(name: Any, got: str) -> OptionError:
    return OptionError(
        "The spike times of a unit are no list of numbers.",
        where=f"sorting: unit {name!r:.100}",
        expected="numbers in one dimension",
        got=got,
        do="give each unit its spike times",
    )


def _within(units: SortedUnits, window: AnalysisWindow) -> SortedUnits:
    """Refuse times that are none of the window: another clock would be scored as a miss."""
    joined = np.concatenate([*units.samples, np.empty(0, np.int64)])
    if not len(joined) or (joined.min() >= 0 and joined.max() < window.n_samples):
        return units
    low, high = int(joined.min()), int(joined.max())
    start = window.start_sample
    likely = "another unit of time, or another recording"
    if low >= start and high < start + window.n_samples and start > 0:
        likely = f"times of the raw recording: the window begins at its sample {start}"
    raise OptionError(
        "The sorting's spikes lie outside the cell's analysis window.",
        where=units.source,
        expected=f"samples from 0 to {window.n_samples - 1}",
        got=f"{low} to {high}; likely {likely}",
        do="count from the start of the window, and say the unit (unit='samples', 's', 'ms')",
    )
