"""A built cell as sorters are scored on it: its spikes, its channels, its traces."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from spe1_builder.benchmark.common.inputs import kept_channels
from spe1_builder.constants import N_CHANNELS, NPX_RATE_HZ
from spe1_builder.dataset.metadata import ConversionMetadata
from spe1_builder.dataset.spikes.cell import CellSpikes, read_cell_spikes
from spe1_builder.dataset.spikes.traces import MappedTraces
from spe1_builder.errors import OutputError

#: Samples that are read at once: ten seconds of some channels.
_PIECE_SAMPLES = round(10 * NPX_RATE_HZ)
#: From the median absolute deviation to the s.d. of a normal distribution.
MAD_TO_SD = 1.4826


@dataclass(frozen=True, eq=False)
class SortingCell:
    """A cell, and the channels that a sorter is given of it.

    Attributes
    ----------
    spikes : CellSpikes
    channels : np.ndarray
        int64 (n_channels,), ascending: the good ones nearest to the ground-truth electrode.
    """

    spikes: CellSpikes
    channels: np.ndarray

    @property
    def metadata(self) -> ConversionMetadata:
        return self.spikes.metadata

    @property
    def folder(self) -> Path:
        return self.spikes.folder

    @property
    def truth(self) -> np.ndarray:
        """int64 (n_spikes,): the patched spikes, samples of the window."""
        return self.spikes.samples

    @property
    def n_samples(self) -> int:
        return self.metadata.analysis_window.n_samples

    @property
    def n_train(self) -> int:
        """Samples of the train split, which is the first part of the window."""
        return self.metadata.splits["train"].samples

    @property
    def traces(self) -> MappedTraces:
        return self.spikes.traces

    @property
    def positions_um(self) -> np.ndarray:
        """float32 (n_channels, 2): of the sorter's channels."""
        return self.spikes.template.positions_um[self.channels]

    @cached_property
    def peak_channel(self) -> int:
        """Of these channels the one where the template is largest."""
        sizes_uV = np.abs(self.spikes.template.mean_uV[:, self.channels]).max(axis=0)
        return int(self.channels[sizes_uV.argmax()])

    @cached_property
    def peak_trace_uV(self) -> np.ndarray:
        """float32 (n_samples,): the whole window on the peak channel."""
        return self.traces.window_uV(np.array([self.peak_channel]), 0, self.n_samples)[0]

    @cached_property
    def noise_uV(self) -> float:
        """S.d. of the noise on the peak channel, from the median absolute deviation."""
        trace_uV = self.peak_trace_uV
        return float(np.median(np.abs(trace_uV - np.median(trace_uV)))) * MAD_TO_SD

    def pieces(
        self, channels: np.ndarray, margin: int, cuts: np.ndarray
    ) -> Iterator[tuple[int, int, np.ndarray]]:
        """The window in pieces, each with a margin on both sides.

        Parameters
        ----------
        channels : np.ndarray
            int64 (n_channels,).
        margin : int
            Samples; zeros where they lie outside the window.
        cuts : np.ndarray
            int64, ascending samples that no piece goes across.

        Yields
        ------
        start, stop : int
        traces_uV : np.ndarray
            float32 (n_channels, margin + stop - start + margin).
        """
        edges = np.unique([*range(0, self.n_samples, _PIECE_SAMPLES), *cuts, self.n_samples])
        edges = edges[(edges >= 0) & (edges <= self.n_samples)]
        for start, stop in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
            low, high = max(start - margin, 0), min(stop + margin, self.n_samples)
            traces_uV = self.traces.window_uV(channels, low, high)
            beyond = (low - (start - margin), stop + margin - high)
            yield start, stop, np.pad(traces_uV, ((0, 0), beyond))


def open_sorting_cell(folder: Path, n_channels: int = N_CHANNELS) -> SortingCell:
    """Open a built cell for sorters.

    Parameters
    ----------
    folder : Path
    n_channels : int
        The most that a sorter is given: the good ones nearest to the ground-truth electrode.

    Raises
    ------
    MissingFileError
        No such cell.
    OutputError
        A file of it is damaged, or no channel is good.
    """
    spikes = read_cell_spikes(folder)
    metadata = spikes.metadata
    good = kept_channels(metadata.bad_channel_ids)
    if not len(good):
        raise OutputError(
            f"Every channel of {metadata.cell_id} is marked as bad.",
            where=folder,
            expected=f"fewer than {N_CHANNELS} bad_channel_ids",
            got=len(metadata.bad_channel_ids),
            do="build it again with other --bad-channel-chunks",
        )
    positions_um = spikes.template.positions_um
    site_um = positions_um[metadata.gt_electrode_chan_idx]
    distance_um = np.hypot(*(positions_um[good] - site_um).T)
    nearest = good[np.argsort(distance_um, kind="stable")[:n_channels]]
    return SortingCell(spikes, np.sort(nearest))
