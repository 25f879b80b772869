"""Windows around ground-truth spikes, and windows without one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, SupportsIndex

import numpy as np
import torch
from torch.utils.data import Dataset

from spe1_builder.errors import OptionError
from spe1_builder.reading.torch.cell import TrainingCell
from spe1_builder.reading.torch.counts import CellWindows
from spe1_builder.reading.torch.epoch import Epoch
from spe1_builder.reading.torch.items import SpikeWindow, known_of
from spe1_builder.reading.torch.opened import open_cells
from spe1_builder.reading.torch.options import (
    Channels,
    margin_samples,
    require_number,
    require_seed,
    require_transform,
    require_whole,
    spike_places,
)
from spe1_builder.reading.torch.plan import CellPlan, Plan, WindowOptions, window_index

#: Of the dataset: what a worker finds again from the paths.
_WORKED_OUT = ("_plans", "_latest")


class SpikeWindows(Dataset[Any]):
    """Windows around ground-truth spikes (label 1) and background (label 0), for a DataLoader.

    A map-style dataset: of each cell first the windows around its spikes, in the order of
    time, then those of background, in the order that they were drawn; a ``DataLoader``
    shuffles them. Which windows they are depends on the arguments and the epoch alone, not
    on workers, ranks or the other cells. It pickles as the paths of its cells.

    Parameters
    ----------
    cells : str or iterable of str, optional
        Ids of cells or names of sets; default: all that are built in the root.
    root : str or Path
        Dataset root.
    split : str or None
        "train", "test", or None for both. No window reaches out of its split.
    n_samples : int
        Length of a window; 90 (3 ms) is that of the templates.
    spike_at : int or tuple of int
        The sample of the window that the spike lies at; or the first and the last of those
        that it is drawn from, for each spike anew in each epoch.
    channels : sequence of int, mask of N_CHANNELS booleans, or slice, optional
        Default: all.
    n_nearest : int, optional
        In their place the channels nearest to the cell's peak channel, bad ones among them,
        in the order of the probe.
    background_ratio : float
        Background windows for each spike window of a cell.
    n_background : int, optional
        Their number in each cell, in the place of the ratio. No place is drawn twice in an
        epoch.
    margin_ms : float
        No ground-truth spike lies in a background window, nor so close before or after it.
        The ends of the recording count as a spike, because what is beyond is not known.
    seed : int
        Of the background and of ``spike_at``.
    transform : callable, optional
        Takes a `SpikeWindow`, gives what the dataset is to give. Spawned workers need one
        that pickles.

    Attributes
    ----------
    cells : tuple of CellWindows
        What there is of each cell.
    labels : np.ndarray
        int64 (n_windows,): of all windows, for a sampler.
    starts : np.ndarray
        int64 (n_windows,): their first samples in this epoch.
    epoch : int
        As `set_epoch` has set it; 0 at first.

    Raises
    ------
    OptionError
        An argument is wrong, no window fits, or there is too little room between spikes.
    UnknownCellError, MissingFileError, OutputError
        As `spe1.load`.

    Examples
    --------
    >>> import spe1
    >>> from torch.utils.data import DataLoader
    >>> windows = spe1.torch.SpikeWindows("c14", root="spe1", n_nearest=32, seed=1)
    >>> batch = next(iter(DataLoader(windows, batch_size=4)))
    >>> batch.window_uV.shape, batch.window_uV.dtype
    (torch.Size([4, 32, 90]), torch.float32)
    >>> batch.label, batch.cell
    (tensor([1, 1, 1, 1]), ('c14', 'c14', 'c14', 'c14'))
    """

    def __init__(
        self,
        cells: str | Iterable[str] | None = None,
        root: str | Path = "spe1",
        *,
        split: str | None = "train",
        n_samples: int = 90,
        spike_at: int | tuple[int, int] = 30,
        channels: Sequence[int] | slice | None = None,
        n_nearest: int | None = None,
        background_ratio: float = 1.0,
        n_background: int | None = None,
        margin_ms: float = 2.0,
        seed: int = 0,
        transform: Callable[[SpikeWindow], Any] | None = None,
    ):
        require_seed(seed)
        require_number(
            background_ratio, "background_ratio", "1.0 gives as many as there are spikes"
        )
        if n_background is not None:
            require_whole(n_background, "n_background", 0, None, "leave it out for the ratio")
        margin = margin_samples(margin_ms)
        self._transform, self._seed = require_transform(transform), int(seed)
        self._opened = open_cells(cells, root, split, n_samples, Channels(channels, n_nearest))
        self._options = WindowOptions(
            n_samples, spike_places(spike_at, n_samples), margin, background_ratio, n_background
        )
        self._epoch = Epoch()
        if not len(self):
            raise OptionError(
                "There is no window to give.",
                where="split, n_background, background_ratio",
                expected="spikes whose windows lie in the split, or background",
                got=f"no such spike in {', '.join(c.cell_id for c in self._opened)}",
                do="take split=None, shorter windows, or n_background",
            )

    def __repr__(self) -> str:
        cells = ", ".join(
            f"{cell.cell_id} ({cell.n_spikes} + {cell.n_background})" for cell in self.cells
        )
        n_channels = len(self._opened[0].facts.channel_ids)
        return (
            f"SpikeWindows({len(self)} windows of {n_channels} channels, {self._options.n_samples} "
            f"samples; spikes + background: {cells})"
        )

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name not in _WORKED_OUT}

    def __len__(self) -> int:
        return sum(plan.n_windows for plan in self._plans)

    @property
    def cells(self) -> tuple[CellWindows, ...]:
        return tuple(plan.counts() for plan in self._plans)

    @property
    def labels(self) -> np.ndarray:
        return (self._planned().spikes >= 0).astype(np.int64)

    @property
    def starts(self) -> np.ndarray:
        return self._planned().starts.copy()

    @property
    def epoch(self) -> int:
        return self._epoch.value

    def set_epoch(self, epoch: int) -> None:
        """Draw the background, and ``spike_at`` if it is a range, for another epoch.

        Workers see it too, those that stay (``persistent_workers``) among them. Call it
        between two passes.

        Parameters
        ----------
        epoch : int
            0 or more.
        """
        self._epoch.value = epoch

    @cached_property
    def _plans(self) -> tuple[CellPlan, ...]:
        return tuple(CellPlan(cell, self._options) for cell in self._opened)

    @cached_property
    def _latest(self) -> Plan:
        return Plan.of(self._plans, self._seed, self.epoch)

    def _planned(self) -> Plan:
        if self._latest.epoch != self.epoch:
            self._latest = Plan.of(self._plans, self._seed, self.epoch)
        return self._latest

    def __getitem__(self, index: SupportsIndex) -> Any:
        plan = self._planned()
        at = window_index(index, len(plan.starts))
        cell: TrainingCell = self._opened[plan.cells[at]]
        start, spike = int(plan.starts[at]), int(plan.spikes[at])
        window_uV = cell.traces_at(start).read_uV(
            start, start + self._options.n_samples, cell.selection, writable=True
        )
        time_samples = cell.facts.spike_times[spike] - start if spike >= 0 else np.nan
        item = SpikeWindow(
            window_uV=torch.from_numpy(window_uV),
            label=int(spike >= 0),
            time_samples=torch.from_numpy(np.array(time_samples, dtype=np.float32)),
            start=start,
            spike_index=spike,
            **known_of(cell),
        )
        return item if self._transform is None else self._transform(item)
