"""Options of a run, declared once and checked when they are stated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Integral
from pathlib import Path
from typing import Any

from spe1_builder.constants import N_CHANNELS
from spe1_builder.declared import documented_fields, option
from spe1_builder.errors import OptionError
from spe1_builder.paths import local_path

#: The floor and the ceiling, without which no number says anything.
BOUNDS = ("threshold", "matched_filter")
#: SpikeForest's number, a half of what it left out, and the whole probe.
CHANNELS = (32, 96, N_CHANNELS)


@documented_fields
@dataclass(frozen=True)
class SortingOptions:
    """Options of a run; a value that cannot work is an `OptionError`."""

    sorters: tuple[str, ...] = option(
        BOUNDS, "Sorters that are run; threshold and matched_filter bound all others."
    )
    channels: int = option(
        N_CHANNELS, "The good channels nearest to the ground-truth electrode: 32, 96 or 384."
    )
    repeats: int = option(1, "Runs of each sorter whose equal runs differ.")
    raw_dir: Path | None = option(
        None, "The raw archive of simulated cells, which knows the other neurons' spikes."
    )
    python: Path | None = option(
        None, "Interpreter of another environment, which has the sorters; by default this one."
    )
    memory_gb: float = option(8.0, "Memory of one sorter's processes; beyond, it is ended.")
    timeout_s: float = option(3600.0, "Seconds of one sorter on one cell; beyond, it is ended.")
    again: bool = option(False, "Run sorters again whose spikes are kept from an earlier run.")

    def __post_init__(self) -> None:
        names = (self.sorters,) if isinstance(self.sorters, str) else self.sorters
        is_list = isinstance(names, Sequence) and not isinstance(names, bytes)
        is_named = is_list and all(isinstance(name, str) for name in names)
        self._require("sorters", is_named, "names")
        object.__setattr__(self, "sorters", tuple(names))
        self._require("again", isinstance(self.again, bool), "True or False")
        known = " or ".join(map(str, CHANNELS))
        self._require("channels", _is_whole(self.channels) and self.channels in CHANNELS, known)
        is_number = _is_whole(self.repeats) and self.repeats >= 1
        self._require("repeats", is_number, "1 or more")
        for name in ("memory_gb", "timeout_s"):
            value = getattr(self, name)
            is_amount = isinstance(value, int | float) and not isinstance(value, bool) and value > 0
            self._require(name, is_amount, "above 0")
        if self.python is not None:
            object.__setattr__(self, "python", local_path(self.python, "python"))
        if self.raw_dir is not None:
            object.__setattr__(self, "raw_dir", local_path(self.raw_dir, "raw_dir"))

    def _require(self, name: str, is_good: bool, expected: str) -> None:
        if not is_good:
            got = f"{getattr(self, name)!r:.200}"
            raise OptionError(
                f"{name} cannot be {got}.",
                where=name,
                expected=expected,
                got=got,
                do=f"change {name} (--{name.replace('_', '-')})",
            )


def _is_whole(value: Any) -> bool:
    return isinstance(value, Integral) and not isinstance(value, bool)
