"""What a sorter is to the benchmark: given a cell's folder, it returns units and what they cost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

from spe1_builder.benchmark.common.contestant import Contestant
from spe1_builder.constants import N_CHANNELS
from spe1_builder.reading.sortings.units import SortedUnits

#: What a row is: a bound of ours, a sorter that was run, or a sorting that was given.
Role = Literal["floor", "ceiling", "sorter", "given"]


@dataclass(frozen=True)
class SorterOptions:
    """What a sorter is told, besides its own parameters.

    Attributes
    ----------
    n_channels : int
        The good channels nearest to the ground-truth electrode that it may use.
    repeat : int
        From 0: which of several equal runs it is; the seed of those that have one.
    """

    n_channels: int = N_CHANNELS
    repeat: int = 0


@dataclass(frozen=True)
class FixedRate:
    """A detector's spikes at a threshold that allows so many false ones.

    Attributes
    ----------
    fp_rate_hz : float
        Asked for, on the train split.
    threshold : float
        In s.d. of the noise.
    units : SortedUnits
        One unit.
    """

    fp_rate_hz: float
    threshold: float
    units: SortedUnits


@dataclass(frozen=True, eq=False)
class SorterRun:
    """What came of a run.

    Attributes
    ----------
    units : SortedUnits
        On the clock of the cell's analysis window.
    wall_s, processor_s : float or None
        Of the sorting, without the time to start it or to compile.
    peak_memory_bytes : int or None
        Of a process of its own; None of what runs within ours.
    fixed_rates : tuple of FixedRate
        Of the two contestants alone.
    """

    units: SortedUnits
    wall_s: float | None
    processor_s: float | None
    peak_memory_bytes: int | None
    fixed_rates: tuple[FixedRate, ...] = field(default=())


class Sorter(Protocol):
    """A sorter that can be run.

    Attributes
    ----------
    look : Contestant
        Its name, and how it is drawn.
    role : {"floor", "ceiling", "sorter"}
    version : str
    parameters : mapping
        All that decides its spikes, plain values.
    n_repeats : int or None
        1 where equal runs give equal spikes; None where they do not.
    """

    look: Contestant
    role: Role
    version: str
    parameters: Mapping[str, Any]
    n_repeats: int | None

    def __call__(self, folder: Path, options: SorterOptions) -> SorterRun:
        """Sort the cell in a folder; a `Spe1Error` where that fails."""
        ...
