"""Windows at random places of several cells, without end or in epochs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.utils.data import IterableDataset

from spe1_builder.reading.torch.cell import TrainingCell
from spe1_builder.reading.torch.epoch import Epoch
from spe1_builder.reading.torch.items import RandomWindow, known_of
from spe1_builder.reading.torch.opened import open_cells
from spe1_builder.reading.torch.options import (
    Channels,
    require_seed,
    require_transform,
    require_whole,
)
from spe1_builder.reading.windows import random_windows
from spe1_builder.reading.workers import this_worker


class RandomWindows(IterableDataset[Any]):
    """Windows at random places: uniform over all samples of its cells, with replacement.

    An iterable dataset. Each worker of a ``DataLoader`` and each rank of a distributed job
    draws windows of its own, as `spe1.random_windows` does, so that one seed gives the same
    windows as long as their number stays. It pickles as the paths of its cells.

    Parameters
    ----------
    cells, root, split, channels, n_nearest
        As of `SpikeWindows`.
    n_samples : int
        Length of a window.
    n_windows : int or None
        In an epoch, of all workers and ranks together, who share them evenly; None: without
        end. Take a multiple of ranks, workers and batch size for ranks of equal length.
    seed : int
    transform : callable, optional
        Takes a `RandomWindow`, gives what the dataset is to give. Spawned workers need one
        that pickles.

    Attributes
    ----------
    n_windows : int or None
    epoch : int
        As `set_epoch` has set it; 0 at first.

    Raises
    ------
    OptionError
        An argument is wrong, or windows are longer than a split.
    UnknownCellError, MissingFileError, OutputError
        As `spe1.load`.

    Examples
    --------
    >>> import spe1
    >>> from torch.utils.data import DataLoader
    >>> windows = spe1.torch.RandomWindows("c14", root="spe1", n_samples=3_000, n_windows=8)
    >>> for epoch in range(2):
    ...     windows.set_epoch(epoch)
    ...     print([batch.window_uV.shape for batch in DataLoader(windows, batch_size=4)])
    [torch.Size([4, 384, 3000]), torch.Size([4, 384, 3000])]
    [torch.Size([4, 384, 3000]), torch.Size([4, 384, 3000])]
    """

    def __init__(
        self,
        cells: str | Iterable[str] | None = None,
        root: str | Path = "spe1",
        *,
        split: str | None = "train",
        n_samples: int = 3_000,
        n_windows: int | None = 1_000,
        channels: Sequence[int] | slice | None = None,
        n_nearest: int | None = None,
        seed: int = 0,
        transform: Callable[[RandomWindow], Any] | None = None,
    ):
        require_seed(seed)
        if n_windows is not None:
            require_whole(n_windows, "n_windows", 1, None, "None gives windows without end")
        self._opened = open_cells(cells, root, split, n_samples, Channels(channels, n_nearest))
        self.n_windows, self._n_samples, self._seed = n_windows, int(n_samples), int(seed)
        self._transform = require_transform(transform)
        self._epoch = Epoch()

    def __repr__(self) -> str:
        n_channels = len(self._opened[0].facts.channel_ids)
        return (
            f"RandomWindows({self.n_windows or 'endless'} windows of {n_channels} channels, "
            f"{self._n_samples} samples; {', '.join(cell.cell_id for cell in self._opened)})"
        )

    @property
    def epoch(self) -> int:
        return self._epoch.value

    def set_epoch(self, epoch: int) -> None:
        """Give the next pass windows of its own; as `SpikeWindows.set_epoch`.

        Parameters
        ----------
        epoch : int
            0 or more.
        """
        self._epoch.value = epoch

    def __iter__(self) -> Iterator[Any]:
        index, n_workers = this_worker()
        entropy = [self._seed, self.epoch]
        sources = [(cell, traces) for cell in self._opened for traces in cell.traces]
        draws = [
            random_windows(
                traces,
                self._n_samples,
                seed=[*entropy, cell.number, traces.first],
                channels=cell.selection,
                worker=(index, n_workers),
                writable=True,
            )
            for cell, traces in sources
        ]
        # Each sample of each cell is as likely as any other to begin a window.
        ends = np.cumsum([t.last - t.first - self._n_samples + 1 for _, t in sources])
        rng = np.random.default_rng(np.random.SeedSequence(entropy, spawn_key=(index,)))
        mine = None if self.n_windows is None else len(range(index, self.n_windows, n_workers))
        done = 0
        while mine is None or done < mine:
            picked = int(np.searchsorted(ends, rng.integers(ends[-1]), side="right"))
            item = self._item(sources[picked][0], *next(draws[picked]))
            yield item if self._transform is None else self._transform(item)
            done += 1

    def _item(self, cell: TrainingCell, start: int, window_uV: np.ndarray) -> RandomWindow:
        spike_samples = cell.facts.spike_samples
        low, high = np.searchsorted(spike_samples, [start, start + self._n_samples])
        is_spike = torch.zeros(self._n_samples, dtype=torch.bool)
        is_spike[torch.from_numpy(spike_samples[low:high] - start)] = True
        return RandomWindow(
            window_uV=torch.from_numpy(window_uV),
            label=int(high > low),
            is_spike=is_spike,
            start=start,
            **known_of(cell),
        )
