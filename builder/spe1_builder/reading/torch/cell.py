"""A built cell as training needs it: traces of its splits, spikes, channels."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np

from spe1_builder.cells import catalogue
from spe1_builder.constants import N_CHANNELS, NPX_RATE_HZ
from spe1_builder.dataset.metadata import ConversionMetadata, read_model
from spe1_builder.errors import OutputError
from spe1_builder.layout import METADATA_NAME
from spe1_builder.probe import nominal_positions_um
from spe1_builder.reading.arrays import cell_folder, damaged
from spe1_builder.reading.opened import build_stamp
from spe1_builder.reading.spikes import spikes
from spe1_builder.reading.torch.options import Channels
from spe1_builder.reading.traces import CellTraces

#: Where a spike's place within its sample comes from, if it is known at all.
TimeSource = Literal["patch_time_s", "sample"]

#: Of a `TrainingCell`: what its files tell again wherever it is unpickled.
_READ_AGAIN = ("facts", "selection")


@dataclass(frozen=True, eq=False)
class CellFacts:
    """What is known of a cell besides its traces.

    Attributes
    ----------
    peak_channel : int
    location_um : tuple of float
        x, y of the electrode nearest to the soma.
    n_samples : int
        Of the analysis window.
    spike_samples : np.ndarray
        int64 (n_spikes,), in the analysis window, ascending.
    spike_times : np.ndarray
        float64 (n_spikes,): the same with their fractions, in samples.
    time_source : str
    channel_ids : np.ndarray
        int64 (n_channels,): those of the windows.
    """

    peak_channel: int
    location_um: tuple[float, float]
    n_samples: int
    spike_samples: np.ndarray
    spike_times: np.ndarray
    time_source: TimeSource
    channel_ids: np.ndarray

    @cached_property
    def channel(self) -> int:
        """Which of the windows' channels is the peak channel; -1 if none is."""
        found = np.flatnonzero(self.channel_ids == self.peak_channel)
        return int(found[0]) if len(found) else -1

    @cached_property
    def positions_um(self) -> np.ndarray:
        """float32 (n_channels, 2): x, y of the windows' channels."""
        return np.asarray(nominal_positions_um()[self.channel_ids])


class TrainingCell:
    """A cell and the splits of it that are used. Pickles as its path, and opens again there.

    Parameters
    ----------
    cell_id : str
    root : Path
        Dataset root.
    splits : tuple of str
    channels : Channels
        Those of the windows.

    Attributes
    ----------
    traces : tuple of CellTraces
        One a split, so that no window can reach from one into the other.

    Raises
    ------
    UnknownCellError, MissingFileError, OptionError, OutputError
        As `spe1_builder.reading.arrays.load`.
    """

    def __init__(self, cell_id: str, root: Path, splits: tuple[str, ...], channels: Channels):
        folder = cell_folder(cell_id, root)
        self.cell_id, self.root, self._channels = cell_id, root.absolute(), channels
        self._stamp = self._build()
        self.traces = tuple(CellTraces(folder / split) for split in splits)
        # What is wrong with the cell or the channels is told here, not in a worker.
        traces = self.traces[0]
        traces.read_uV(traces.first, traces.first + 1, channels.given)
        self.facts  # noqa: B018

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name not in _READ_AGAIN}

    @property
    def number(self) -> int:
        """In the catalogue: draws of one cell do not depend on which others there are."""
        return list(catalogue()).index(self.cell_id)

    @cached_property
    def facts(self) -> CellFacts:
        folder = self.root / self.cell_id
        metadata = read_model(folder / METADATA_NAME, ConversionMetadata)
        table = spikes(self.root, self.cell_id)
        if self._build() != self._stamp:
            raise OutputError(
                "The cell has been built anew since it was opened.",
                where=folder,
                do="make the dataset again: windows of two builds do not belong together",
            )
        samples = table["sample"].to_numpy()
        times = samples.astype(np.float64)
        source: TimeSource = "sample"
        if "patch_time_s" in table.column_names and not table["patch_time_s"].null_count:
            times, source = table["patch_time_s"].to_numpy() * NPX_RATE_HZ, "patch_time_s"
        x_um, y_um, _ = metadata.unit_locations_um["0"]
        return CellFacts(
            peak_channel=metadata.peak_channel,
            location_um=(x_um, y_um),
            n_samples=metadata.analysis_window.n_samples,
            spike_samples=samples,
            spike_times=times,
            time_source=source,
            channel_ids=self._channels.ids(metadata.peak_channel),
        )

    def _build(self) -> str:
        folder = self.root / self.cell_id
        try:
            return build_stamp(folder)
        except OSError as error:
            raise damaged(folder, error) from error

    @cached_property
    def selection(self) -> Any:
        """What reads the channels: a slice where they are neighbours, which is faster."""
        ids = self.facts.channel_ids
        if len(ids) == N_CHANNELS or (np.diff(ids) == 1).all():
            return slice(int(ids[0]), int(ids[-1]) + 1)
        return ids

    def traces_at(self, start: int) -> CellTraces:
        """Those of the split that a sample lies in."""
        return next(traces for traces in self.traces if traces.first <= start < traces.last)
