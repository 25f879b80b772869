"""What a build can be told, and the analysis window that follows from it."""

from __future__ import annotations

import math
import operator
from dataclasses import asdict, dataclass, fields
from typing import Any

from spe1_builder.constants import N_CHANNELS, NPX_RATE_HZ
from spe1_builder.errors import OptionError, RawDataError
from spe1_builder.signal.bandpass.preprocess import ENGINES
from spe1_builder.source.recording.patch import SPIKE_SOURCES

#: Two rows make one record batch, whose inner list offsets are int32.
_MAX_SEGMENT_SAMPLES = (2**31 - 1) // (2 * N_CHANNELS)


@dataclass(frozen=True)
class BuildOptions:
    """Every choice that decides what a build writes; all are recorded.

    Attributes
    ----------
    skip_seconds : float
        Settling period before the analysis window.
    duration_s : float
        Longest analysis window.
    segment_duration_s : float
        One row.
    train_fraction : float
        Share of the segments that become ``train``, the first ones.
    ms_before, ms_after : float
        Template window around a spike.
    spike_source : {"auto", "file", "detect"}
    engine : {"fast", "reference"}
    bad_channel_chunks, bad_channel_seed : int
        Random chunks that bad-channel detection looks at.
    """

    skip_seconds: float = 10.0
    duration_s: float = 300.0
    segment_duration_s: float = 3.0
    train_fraction: float = 0.8
    ms_before: float = 1.0
    ms_after: float = 2.0
    spike_source: str = "auto"
    engine: str = "fast"
    bad_channel_chunks: int = 100
    bad_channel_seed: int = 0

    def __post_init__(self) -> None:
        # 300, 300.0 and np.float32(300) are one option, and must give one fingerprint.
        for field in fields(self):
            value = getattr(self, field.name)
            try:
                if isinstance(value, bool) or isinstance(value, str) != (field.type == "str"):
                    raise TypeError
                if field.type == "float":
                    object.__setattr__(self, field.name, float(value))
                elif field.type == "int":
                    object.__setattr__(self, field.name, operator.index(value))
            except (TypeError, ValueError):
                self._require(field.name, False, f"a value of type {field.type}")
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


@dataclass(frozen=True)
class Window:
    """The analysis window of a recording, cut into segments.

    Attributes
    ----------
    start, stop : int
        NPX samples [start, stop).
    segment_samples : int
        Length of every segment but the last, which may be shorter.
    n_train : int
        The first ``n_train`` segments are ``train``.
    """

    start: int
    stop: int
    segment_samples: int
    n_train: int

    @property
    def n_samples(self) -> int:
        return self.stop - self.start

    @property
    def n_segments(self) -> int:
        return -(-self.n_samples // self.segment_samples)

    def segment(self, index: int) -> tuple[int, int]:
        """Samples [first, last) of one segment, counted from the window's start."""
        first = index * self.segment_samples
        return first, min(first + self.segment_samples, self.n_samples)

    def split_segments(self, split: str) -> range:
        """Indices of the segments of ``train`` or ``test``."""
        return range(self.n_train) if split == "train" else range(self.n_train, self.n_segments)

    def split_samples(self, split: str) -> int:
        """Samples of ``train`` or ``test``."""
        n_train_samples = self.n_train * self.segment_samples
        return n_train_samples if split == "train" else self.n_samples - n_train_samples


def plan_window(n_npx: int, options: BuildOptions) -> Window:
    """The window and its segments.

    Raises
    ------
    RawDataError
        The recording is not longer than the skip.
    OptionError
        Fewer than two segments, or a split without any.
    """
    start = round(options.skip_seconds * NPX_RATE_HZ)
    stop = min(start + round(options.duration_s * NPX_RATE_HZ), n_npx)
    if stop <= start:
        raise RawDataError(
            "The recording is not longer than the settling period that is skipped.",
            expected=f"more than {options.skip_seconds} s",
            got=f"{n_npx / NPX_RATE_HZ:.3f} s",
            do="lower skip_seconds (--skip-seconds)",
        )
    window = Window(start, stop, round(options.segment_duration_s * NPX_RATE_HZ), 0)
    n_segments = window.n_segments
    if n_segments < 2:
        raise OptionError(
            "The analysis window gives fewer than two segments, so no train and test.",
            expected="two or more",
            got=f"{n_segments} of {options.segment_duration_s} s "
            f"in {window.n_samples / NPX_RATE_HZ:.3f} s",
            do="lower segment_duration_s or skip_seconds, or raise duration_s",
        )
    n_train = int(n_segments * options.train_fraction)
    if not 0 < n_train < n_segments:
        raise OptionError(
            "train_fraction leaves one split without a segment.",
            expected="at least one segment in train and in test",
            got=f"{n_train} of {n_segments} in train",
            do="change train_fraction, or lower segment_duration_s",
        )
    return Window(start, stop, window.segment_samples, n_train)
