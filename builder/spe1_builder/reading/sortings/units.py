"""The units of a sorting as spikes on the clock of a built cell."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from spe1_builder.errors import OptionError


@dataclass(frozen=True, eq=False)
class SortedUnits:
    """Spikes of the units that a sorter found.

    Attributes
    ----------
    unit_ids : tuple of str
        Each once, as the sorter names them.
    samples : tuple of np.ndarray
        int64 (n_spikes,) of each unit, ascending: samples at 30 kHz from the start of the
        analysis window. A sample may stand more than once, as some sorters write it.
    source : str
        Where they come from: a sorter and its version, or a file.
    notes : mapping
        What was read or inferred on the way (clock, unit of time, labels), for the record.
    """

    unit_ids: tuple[str, ...]
    samples: tuple[np.ndarray, ...]
    source: str
    notes: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if len(self.unit_ids) != len(self.samples) or len(set(self.unit_ids)) != len(self.unit_ids):
            raise OptionError(
                "A sorting has one list of spikes for each of its units, and each unit once.",
                where=self.source,
                expected=f"{len(self.samples)} different unit ids",
                got=", ".join(self.unit_ids[:10]),
                do="give every unit an id of its own",
            )
        for unit_id, samples in zip(self.unit_ids, self.samples, strict=True):
            if samples.dtype != np.int64 or samples.ndim != 1 or (np.diff(samples) < 0).any():
                raise OptionError(
                    "The spikes of a unit are no ascending list of samples.",
                    where=f"{self.source}: unit {unit_id}",
                    expected="int64 (n_spikes,), ascending",
                    got=f"{samples.dtype} {samples.shape}",
                    do="sort them, as whole samples of the analysis window",
                )

    @property
    def n_spikes(self) -> int:
        """Of all units."""
        return sum(len(samples) for samples in self.samples)

    def __repr__(self) -> str:
        return f"<SortedUnits of {self.source}: {len(self.unit_ids)} units, {self.n_spikes} spikes>"
