"""What a run of the benchmark is asked to do, checked when it is stated."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path

from spe1_builder.benchmark.localization.methods.registry import expand_methods
from spe1_builder.benchmark.localization.words import MASKINGS, Masking, Mode, present_word
from spe1_builder.constants import ENGINES, Engine
from spe1_builder.errors import OptionError

#: The paper's: 25 electrodes a day over 16 days (the first has none), 5 seeds.
ELECTRODES_PER_DAY, DAYS, SEEDS = 25, 16, (0, 1, 2, 3, 4)


@dataclass(frozen=True)
class BenchmarkOptions:
    """Options of a run.

    Attributes
    ----------
    methods : tuple of str
        Names or abbreviations; empty means all of them.
    masking : {"corrected", "as-published"}
        The second adds what the authors' code computed, beside the corrected numbers.
        "masked" is the first one's former name.
    with_spikes : bool
        Also localize every spike; needs the Arrow rows or the raw archive.
    tolerance_um : float
        An estimate is right if it is strictly nearer than this.
    degradation, grid_search : bool
        Figures 4 and 5; need the raw archive.
    days : tuple of int
        Days of the degradation.
    grid_days : tuple of int
        Days of the grid search.
    seeds : tuple of int
        Each gives an order in which electrodes die, and their noise.
    raw_dir : Path
        The raw archive.
    engine : {"fast", "spikeinterface"}
        Our implementations, or the reference.
    n_jobs : int
        Threads; decides the speed, not the numbers.

    Raises
    ------
    OptionError
        A value cannot work.
    """

    methods: tuple[str, ...] = ()
    masking: Masking = "corrected"
    with_spikes: bool = False
    tolerance_um: float = 50.0
    degradation: bool = False
    grid_search: bool = False
    days: tuple[int, ...] = tuple(range(DAYS))
    grid_days: tuple[int, ...] = (0, 5, 10, 15)
    seeds: tuple[int, ...] = SEEDS
    raw_dir: Path = field(default_factory=lambda: Path(".raw"))
    engine: Engine = "fast"
    n_jobs: int = 1

    def __post_init__(self) -> None:
        object.__setattr__(self, "methods", expand_methods(self.methods))
        object.__setattr__(self, "masking", present_word(self.masking))
        object.__setattr__(self, "raw_dir", Path(self.raw_dir))
        self._require("masking", self.masking in MASKINGS, " or ".join(MASKINGS))
        self._require("engine", self.engine in ENGINES, " or ".join(ENGINES))
        is_length = 0 < self.tolerance_um < math.inf
        self._require("tolerance_um", is_length, "a length above 0 um")
        self._require("n_jobs", self.n_jobs >= 1, "1 or more threads")
        self._require("seeds", len(self.seeds) > 0 and min(self.seeds) >= 0, "0 or more, each")
        for name in ("days", "grid_days"):
            days = getattr(self, name)
            good = len(days) > 0 and min(days) >= 0 and max(days) < DAYS
            self._require(name, good, f"days from 0 to {DAYS - 1}")

    def _require(self, name: str, is_good: bool, expected: str) -> None:
        if not is_good:
            value = getattr(self, name)
            raise OptionError(
                f"{name} cannot be {value!r}.",
                where=name,
                expected=expected,
                got=repr(value),
                do=f"change {name} (--{name.replace('_', '-')})",
            )

    @property
    def modes(self) -> tuple[Mode, ...]:
        """What is computed: the corrected numbers always, the authors' on demand."""
        return ("as_published", "corrected") if self.masking == "as-published" else ("corrected",)
