"""What a build can be told, and the analysis window that follows from it."""

from __future__ import annotations

import math
import operator
from dataclasses import asdict, dataclass, fields
from typing import Any

from spe1_builder import declared
from spe1_builder.constants import (
    ENGINES,
    FAST_ENGINE,
    N_CHANNELS,
    NPX_RATE_HZ,
    REFERENCE_ENGINE,
    SPIKE_SOURCES,
)
from spe1_builder.errors import OptionError

#: Two rows make one record batch, whose inner list offsets are int32.
_MAX_SEGMENT_SAMPLES = (2**31 - 1) // (2 * N_CHANNELS)
#: What the reference engine was called in 0.1; still taken.
_OLD_REFERENCE_ENGINE = "reference"


@declared.documented_fields
@dataclass(frozen=True)
class BuildOptions:
    """Every choice that decides what a build writes; all are recorded."""

    skip_seconds: float = declared.option(10.0, "Settling period before the analysis window, s.")
    duration_s: float = declared.option(300.0, "Longest analysis window, s.")
    segment_duration_s: float = declared.option(3.0, "Length of one row, s.")
    train_fraction: float = declared.option(
        0.8, "Share of the segments, the first ones, that become train."
    )
    ms_before: float = declared.option(1.0, "Template window before the spike, ms.")
    ms_after: float = declared.option(2.0, "Template window from the spike on, ms.")
    spike_source: str = declared.option(
        "auto",
        "file: the release's spike indices. detect: spikes of the patch trace. auto: the former "
        "where they exist.",
    )
    engine: str = declared.option(
        FAST_ENGINE,
        "fast: compiled kernels. spikeinterface: SpikeInterface in float64, slow, the reference.",
    )
    bad_channel_chunks: int = declared.option(
        100, "Random chunks of 0.3 s that bad-channel detection looks at."
    )
    bad_channel_seed: int = declared.option(0, "Seed of the choice of those chunks.")

    def __post_init__(self) -> None:
        if self.engine == _OLD_REFERENCE_ENGINE:
            object.__setattr__(self, "engine", REFERENCE_ENGINE)
        # 300, 300.0 and np.float32(300) are one option, and must give one fingerprint.
        for option in fields(self):
            value = getattr(self, option.name)
            try:
                if isinstance(value, bool) or isinstance(value, str) != (option.type == "str"):
                    raise TypeError
                if option.type == "float":
                    object.__setattr__(self, option.name, float(value))
                elif option.type == "int":
                    object.__setattr__(self, option.name, operator.index(value))
            except (TypeError, ValueError):
                self._require(option.name, False, f"a value of type {option.type}")
        sample_s = 1.0 / NPX_RATE_HZ
        self._require("skip_seconds", self.skip_seconds >= 0, "0 or more")
        self._require("duration_s", self.duration_s >= sample_s, "more than 0")
        longest_s = _MAX_SEGMENT_SAMPLES / NPX_RATE_HZ
        self._require(
            "segment_duration_s",
            sample_s <= self.segment_duration_s <= longest_s,
            f"more than 0 and at most {longest_s:.1f} (two rows must fit Arrow's int32 offsets)",
        )
        self._require(
            "train_fraction", 0 < self.train_fraction < 1, "between 0 and 1, both excluded"
        )
        for name in ("ms_before", "ms_after"):
            value = getattr(self, name)
            self._require(
                name, sample_s * 1000 <= value <= 1000, "at least one sample, at most 1000"
            )
        self._require(
            "spike_source", self.spike_source in SPIKE_SOURCES, " or ".join(SPIKE_SOURCES)
        )
        self._require("engine", self.engine in ENGINES, " or ".join(ENGINES))
        self._require("bad_channel_chunks", self.bad_channel_chunks >= 1, "1 or more")
        self._require("bad_channel_seed", self.bad_channel_seed >= 0, "0 or more")

    def _require(self, name: str, is_good: bool, expected: str) -> None:
        # NaN fails every comparison, so it ends here too.
        value = getattr(self, name)
        if not is_good or (isinstance(value, float) and math.isinf(value)):
            raise OptionError(
                f"{name} cannot be {value!r}.",
                where=name,
                expected=expected,
                got=repr(value),
                do=f"change {name} (--{name.replace('_', '-')})",
            )

    @property
    def n_before(self) -> int:
        """Template samples before the spike."""
        return round(self.ms_before * NPX_RATE_HZ / 1000.0)

    @property
    def n_after(self) -> int:
        """Template samples from the spike on."""
        return round(self.ms_after * NPX_RATE_HZ / 1000.0)

    def as_dict(self) -> dict[str, Any]:
        """The options as JSON values, for the fingerprint and the metadata."""
        return asdict(self)
