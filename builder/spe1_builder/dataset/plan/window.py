"""The analysis window of a recording, cut into segments."""

from __future__ import annotations

from dataclasses import dataclass

from spe1_builder.constants import NPX_RATE_HZ
from spe1_builder.dataset.plan.options import BuildOptions
from spe1_builder.errors import OptionError, RawDataError


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
