"""Which windows there are, worked out for a whole epoch at once."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from spe1_builder.constants import NPX_RATE_HZ
from spe1_builder.errors import OptionError, WindowIndexError
from spe1_builder.reading.torch.background import FreeStarts
from spe1_builder.reading.torch.cell import TrainingCell
from spe1_builder.reading.torch.counts import CellWindows

#: More than there are windows in any recording; what is asked for may be infinite.
_MANY = 1e15


@dataclass(frozen=True)
class WindowOptions:
    """What windows are to be.

    Attributes
    ----------
    n_samples : int
        Length of a window.
    places : tuple of int
        First and last sample of a window that its spike may lie at.
    margin : int
        Samples between background and spikes.
    background_ratio : float
        Background windows for each spike window.
    n_background : int or None
        Their number, in the place of the ratio.
    """

    n_samples: int
    places: tuple[int, int]
    margin: int
    background_ratio: float
    n_background: int | None

    def wanted_background(self, n_spikes: int) -> int:
        if self.n_background is not None:
            return self.n_background
        return round(min(self.background_ratio * n_spikes, _MANY))


class CellPlan:
    """The windows of one cell, but for what an epoch draws.

    Parameters
    ----------
    cell : TrainingCell
    options : WindowOptions

    Raises
    ------
    OptionError
        There is no room for so much background.
    """

    def __init__(self, cell: TrainingCell, options: WindowOptions):
        self._cell, self._places = cell, options.places
        n_samples, margin, places = options.n_samples, options.margin, options.places
        facts = cell.facts
        spans = [(traces.first, traces.last) for traces in cell.traces]
        earliest, latest = facts.spike_samples - places[1], facts.spike_samples - places[0]
        is_split, fits = np.zeros((2, len(earliest)), dtype=bool)
        for first, last in spans:
            is_split |= (facts.spike_samples >= first) & (facts.spike_samples < last)
            # Wherever in its window the spike is drawn to lie, so that all epochs are as long.
            fits |= (earliest >= first) & (latest + n_samples <= last)
        self._spikes = np.flatnonzero(fits)
        self._n_left_out = int((is_split & ~fits).sum())
        self._free = FreeStarts(facts.spike_samples, facts.n_samples, spans, n_samples, margin)
        self._n_background = options.wanted_background(len(self._spikes))
        if self._n_background > len(self._free):
            raise OptionError(
                f"{cell.cell_id} has no room for so much background.",
                where="n_background, background_ratio, margin_ms",
                expected=f"at most {len(self._free)} windows of {n_samples} samples that are "
                f"{margin / NPX_RATE_HZ * 1000.0:g} ms away from every spike",
                got=self._n_background,
                do="ask for fewer, for shorter ones, or for a smaller margin",
            )

    @property
    def n_windows(self) -> int:
        return len(self._spikes) + self._n_background

    def counts(self) -> CellWindows:
        facts = self._cell.facts
        return CellWindows(
            cell_id=self._cell.cell_id,
            n_spikes=len(self._spikes),
            n_background=self._n_background,
            n_left_out=self._n_left_out,
            peak_channel=facts.peak_channel,
            location_um=facts.location_um,
            channel_ids=tuple(facts.channel_ids.tolist()),
            time_source=facts.time_source,
        )

    def draw(self, seed: int, epoch: int) -> tuple[np.ndarray, np.ndarray]:
        """First samples, and spikes (-1: background): int64 (n_windows,) each."""
        rng = np.random.default_rng((seed, epoch, self._cell.number))
        low, high = self._places
        places = rng.integers(low, high, len(self._spikes), endpoint=True)
        background = self._free.draw(self._n_background, rng)
        starts = np.concatenate([self._cell.facts.spike_samples[self._spikes] - places, background])
        return starts, np.concatenate([self._spikes, np.full(len(background), -1)])


@dataclass(frozen=True, eq=False)
class Plan:
    """All windows of an epoch.

    Attributes
    ----------
    epoch : int
    cells, starts, spikes : np.ndarray
        int64 (n_windows,): the cell's place among those of the dataset, the first sample,
        and the spike's number in its cell (-1: background).
    """

    epoch: int
    cells: np.ndarray
    starts: np.ndarray
    spikes: np.ndarray

    @classmethod
    def of(cls, plans: Sequence[CellPlan], seed: int, epoch: int) -> Plan:
        drawn = [plan.draw(seed, epoch) for plan in plans]
        cells = np.repeat(np.arange(len(plans)), [plan.n_windows for plan in plans])
        return cls(
            epoch,
            cells,
            np.concatenate([starts for starts, _ in drawn]),
            np.concatenate([spikes for _, spikes in drawn]),
        )


def window_index(index: Any, n_windows: int) -> int:
    """A place among the windows, negative ones counted from the end.

    Raises
    ------
    WindowIndexError
        There is no such window.
    """
    try:
        at = operator.index(index)
        if -n_windows <= at < n_windows and not isinstance(index, bool):
            return at % n_windows
    except TypeError:
        pass
    raise WindowIndexError(
        "There is no such window.",
        where="index",
        expected=f"a whole number, {-n_windows} to {n_windows - 1}",
        got=f"{index!r:.200}",
        do="len(dataset) tells how many windows there are",
    )
