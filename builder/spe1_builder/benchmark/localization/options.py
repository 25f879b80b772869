"""What a run of the benchmark is asked to do, checked when it is stated."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Integral, Real
from pathlib import Path
from typing import Any

from spe1_builder.benchmark.localization.methods.registry import expand_methods
from spe1_builder.benchmark.localization.words import (
    ALIGNS,
    MASKINGS,
    Align,
    Masking,
    Mode,
    present_word,
)
from spe1_builder.constants import ENGINES, Engine
from spe1_builder.declared import documented_fields, option
from spe1_builder.errors import OptionError
from spe1_builder.paths import local_path

#: The paper's: 25 electrodes a day over 16 days (the first has none), 5 seeds.
ELECTRODES_PER_DAY, DAYS, SEEDS = 25, 16, (0, 1, 2, 3, 4)


@documented_fields
@dataclass(frozen=True)
class BenchmarkOptions:
    """Options of a run; a value that cannot work is an `OptionError`."""

    methods: tuple[str, ...] = option((), "Names or abbreviations; empty means all of them.")
    masking: Masking = option(
        "corrected",
        '"as-published" adds what the authors\' code computed, beside the corrected numbers. '
        '"masked" is the former name of "corrected".',
    )
    align: Align = option(
        "patch",
        'What a spike\'s window stands around: the patch spike; or "trough", the trough of the '
        "cell's template, which in some cells comes 0.4 ms or more before it.",
    )
    with_spikes: bool = option(
        False, "Also localize every spike; needs the Arrow rows or the raw archive."
    )
    tolerance_um: float = option(50.0, "An estimate is right if it is strictly nearer than this.")
    degradation: bool = option(False, "Figure 4, electrodes die; needs the raw archive.")
    grid_search: bool = option(False, "Figure 5, parameters; needs the raw archive.")
    days: tuple[int, ...] = option(tuple(range(DAYS)), "Days of the degradation.")
    grid_days: tuple[int, ...] = option((0, 5, 10, 15), "Days of the grid search.")
    seeds: tuple[int, ...] = option(
        SEEDS, "Each gives an order in which electrodes die, and their noise."
    )
    raw_dir: Path = option(Path(".raw"), "The raw archive.")
    engine: Engine = option("fast", "fast: our implementations. spikeinterface: the reference.")
    n_jobs: int = option(1, "Threads; decides the speed, not the numbers.")

    def __post_init__(self) -> None:
        for name in ("methods", "days", "grid_days", "seeds"):
            object.__setattr__(self, name, self._listed(name))
        for name in ("with_spikes", "degradation", "grid_search"):
            self._require(name, isinstance(getattr(self, name), bool), "True or False")
        object.__setattr__(self, "methods", expand_methods(self.methods))
        for name in ("masking", "align", "engine"):
            self._require(name, isinstance(getattr(self, name), str), "a word")
        object.__setattr__(self, "masking", present_word(self.masking))
        object.__setattr__(self, "raw_dir", local_path(self.raw_dir, "raw_dir"))
        self._require("masking", self.masking in MASKINGS, " or ".join(MASKINGS))
        self._require("align", self.align in ALIGNS, " or ".join(ALIGNS))
        self._require("engine", self.engine in ENGINES, " or ".join(ENGINES))
        is_number = isinstance(self.tolerance_um, Real)
        is_length = is_number and 0 < self.tolerance_um < math.inf
        self._require("tolerance_um", is_length, "a length above 0 um")
        self._require("n_jobs", _is_whole(self.n_jobs) and self.n_jobs >= 1, "1 or more threads")
        self._require("seeds", len(self.seeds) > 0 and min(self.seeds) >= 0, "0 or more, each")
        for name in ("days", "grid_days"):
            days = getattr(self, name)
            good = len(days) > 0 and min(days) >= 0 and max(days) < DAYS
            self._require(name, good, f"days from 0 to {DAYS - 1}")

    def _listed(self, name: str) -> tuple[Any, ...]:
        """Several values, or one, as a tuple."""
        value = getattr(self, name)
        is_text = name == "methods"
        one = str if is_text else int
        many = (value,) if isinstance(value, one) else value
        is_list = isinstance(many, Sequence | range) and not isinstance(many, str | bytes)
        fits = is_list and all(isinstance(v, str) if is_text else _is_whole(v) for v in many)
        self._require(name, fits, "names" if is_text else "whole numbers")
        return tuple(many)

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


def _is_whole(value: Any) -> bool:
    return isinstance(value, Integral) and not isinstance(value, bool)
