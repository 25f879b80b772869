"""Arguments of the datasets, checked before a cell is opened."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from spe1_builder.constants import N_CHANNELS, NPX_RATE_HZ
from spe1_builder.errors import OptionError
from spe1_builder.layout import SPLITS
from spe1_builder.probe import nominal_positions_um

#: Beyond the length of any recording, and still a whole number to numpy.
_LONGEST_MS = 1e9
#: Of 64 bits.
_LARGEST_SEED = 2**63 - 1


@dataclass(frozen=True)
class Channels:
    """Which channels windows have: all, those that are given, or those nearest to the peak.

    Attributes
    ----------
    given : sequence of int, mask, slice or None
        As for `CellTraces.read_uV`, which checks it.
    n_nearest : int or None
    """

    given: Sequence[int] | slice | None
    n_nearest: int | None

    def __post_init__(self) -> None:
        if self.n_nearest is None:
            return
        require_whole(self.n_nearest, "n_nearest", 1, N_CHANNELS, "name 1 to all of the channels")
        if self.given is not None:
            raise OptionError(
                "Channels are either named, or the nearest ones.",
                where="channels, n_nearest",
                expected="one of the two",
                got="both",
                do="leave one of them out",
            )

    def ids(self, peak_channel: int) -> np.ndarray:
        """int64 (n_channels,); of the nearest ones in the order of the probe.

        Of two that are as far, that of the lower number is nearer.
        """
        every = np.arange(N_CHANNELS)
        if self.n_nearest is not None:
            positions_um = nominal_positions_um()
            away_um = np.linalg.norm(positions_um - positions_um[peak_channel], axis=1)
            return np.sort(np.argsort(away_um, kind="stable")[: self.n_nearest])
        if self.given is None:
            return every
        chosen = every[self.given] if isinstance(self.given, slice) else np.asarray(self.given)
        if chosen.dtype == bool:
            chosen = every[chosen]
        if not len(chosen):
            raise OptionError(
                "Windows have at least one channel.",
                where="channels",
                expected=f"whole numbers in [0, {N_CHANNELS - 1}]",
                got="none",
                do="leave channels out for all of them",
            )
        return chosen.astype(np.int64)


def splits_of(split: Any) -> tuple[str, ...]:
    """The splits that are meant; both by None.

    Raises
    ------
    OptionError
        There is no such split.
    """
    if split is None:
        return SPLITS
    if isinstance(split, str) and split in SPLITS:
        return (split,)
    raise OptionError(
        "There is no such split.",
        where="split",
        expected="'train', 'test', or None for both",
        got=f"{split!r:.200}",
        do="hold whole cells out for a test, and take None for the others",
    )


def spike_places(spike_at: Any, n_samples: int) -> tuple[int, int]:
    """The first and the last sample of a window that its spike may lie at.

    Raises
    ------
    OptionError
        ``spike_at`` is neither a sample of the window nor a range of them.
    """
    pair = tuple(spike_at) if isinstance(spike_at, tuple | list) else (spike_at, spike_at)
    if len(pair) == 2 and all(is_whole(place) for place in pair):
        low, high = int(pair[0]), int(pair[1])
        if 0 <= low <= high < n_samples:
            return low, high
    raise OptionError(
        "The spike would not lie in its window.",
        where="spike_at",
        expected=f"a sample in [0, {n_samples - 1}], or (first, last) of them",
        got=f"{spike_at!r:.200}",
        do="take 30 of 90 for windows as the templates have them",
    )


def margin_samples(margin_ms: Any) -> int:
    """A margin in whole samples, rounded up.

    Raises
    ------
    OptionError
        It is no length of time.
    """
    require_number(margin_ms, "margin_ms", "2.0 keeps the template's length away from spikes")
    return math.ceil(min(float(margin_ms), _LONGEST_MS) * NPX_RATE_HZ / 1000.0)


def require_number(value: Any, where: str, do: str) -> None:
    """Refuse what is no finite number, 0 or more."""
    is_number = isinstance(value, int | float | np.integer | np.floating)
    if is_number and not isinstance(value, bool) and 0 <= value < math.inf:
        return
    raise OptionError(
        f"{where} cannot have this value.",
        where=where,
        expected="a number, 0 or more",
        got=f"{value!r:.200}",
        do=do,
    )


def require_whole(value: Any, where: str, low: int, high: int | None, do: str) -> None:
    """Refuse what is no whole number in [low, high]."""
    if is_whole(value) and low <= value and (high is None or value <= high):
        return
    raise OptionError(
        f"{where} cannot have this value.",
        where=where,
        expected=f"a whole number, {low} or more" if high is None else f"{low} to {high}",
        got=f"{value!r:.200}",
        do=do,
    )


def require_seed(value: Any, where: str = "seed") -> None:
    """Refuse what numpy takes for no seed."""
    require_whole(
        value, where, 0, _LARGEST_SEED, "choose a number and keep it: it gives the same windows"
    )


def require_transform(transform: Any) -> Callable[..., Any] | None:
    """The function, or None for none.

    Raises
    ------
    OptionError
        It cannot be called.
    """
    if transform is None or callable(transform):
        return transform  # type: ignore[no-any-return]
    raise OptionError(
        "There is no function to call.",
        where="transform",
        expected="a function of one window",
        got=f"{transform!r:.200}",
        do="pass the function itself, defined in a module, so that workers find it",
    )


def is_whole(value: Any) -> bool:
    """A whole number, and no bool."""
    return isinstance(value, int | np.integer) and not isinstance(value, bool)
