"""What the scraps of the real recordings are, as types."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from spe1_builder.cells import Cell, get_cell
from spe1_builder.constants import NPX_RATE_HZ
from spe1_builder.errors import OptionError, UnknownCellError
from spe1_builder.label import LabelAudit

#: Samples of a template before the patch spike: 2 ms.
N_BEFORE = 60

FaultKind = Literal[
    "train_drifts", "doubled_spikes", "amplitude_scale", "local_peak", "published_position"
]


@dataclass(frozen=True)
class Fault:
    """Something known to be wrong with the scraps of one cell.

    Attributes
    ----------
    kind : str
        "train_drifts", "doubled_spikes", "amplitude_scale", "local_peak" or
        "published_position".
    text : str
        One line, with the number.
    """

    kind: FaultKind
    text: str


@dataclass(frozen=True)
class PublishedPosition:
    """Where the paper's own localizers put the template [Z26].

    Attributes
    ----------
    method : str
        "COM", "MT" or "GC".
    x_um, y_um : float
        In the frame of the channel map.
    """

    method: str
    x_um: float
    y_um: float


@dataclass(frozen=True, eq=False)
class CellScraps:
    """The public parts of one real recording.

    Attributes
    ----------
    cell : Cell
        The catalogue's entry.
    template_uV : np.ndarray
        float32 (25, 121), spike-triggered average, channels x samples; digitised from a figure,
        its scale good to 10-30 %. Read only, as all arrays here.
    channels : np.ndarray
        int64 (25,), 0-based, from the surface down.
    positions_um : np.ndarray
        float32 (25, 2), x and y of these channels.
    is_drawn_large : np.ndarray
        bool (25,), rows that the authors drew as 10 uV or more.
    spike_samples : np.ndarray
        int64 (n,), NPX samples of the whole recording, ascending, as the authors wrote them.
    is_doubled : np.ndarray
        bool (n,), spikes that follow another within 1 ms: the same spike again.
    published_positions : tuple of PublishedPosition
        None for cells that the paper does not have.
    faults : tuple of Fault
    """

    cell: Cell
    template_uV: np.ndarray
    channels: np.ndarray
    positions_um: np.ndarray
    is_drawn_large: np.ndarray
    spike_samples: np.ndarray
    is_doubled: np.ndarray
    published_positions: tuple[PublishedPosition, ...]
    faults: tuple[Fault, ...]

    @property
    def cell_id(self) -> str:
        return self.cell.cell_id

    @property
    def label(self) -> LabelAudit:
        """The release's ground-truth electrode, and what it is worth."""
        return self.cell.label

    @property
    def peak_index(self) -> int:
        """Row of the template that is largest, peak to peak."""
        return int(np.ptp(self.template_uV, axis=1).argmax())

    @property
    def peak_channel(self) -> int:
        """Channel of this row."""
        return int(self.channels[self.peak_index])

    @property
    def peak_to_peak_uV(self) -> float:
        """Of the largest row."""
        return float(np.ptp(self.template_uV[self.peak_index]))

    @property
    def has_bad_train(self) -> bool:
        """Whether the spike times drift from the recording, so that none can be used."""
        return any(fault.kind == "train_drifts" for fault in self.faults)

    @property
    def trough_ms(self) -> float:
        """When the largest row is lowest, from the patch spike."""
        trough = int(self.template_uV[self.peak_index].argmin())
        return (trough - N_BEFORE) / NPX_RATE_HZ * 1000.0

    def train(self, *, with_doubled: bool = False) -> np.ndarray:
        """Spikes: int64 (n,), NPX samples, ascending; without those that stand there twice.

        Parameters
        ----------
        with_doubled : bool
            The list as the authors wrote it.

        Raises
        ------
        OptionError
            The times of this cell's spikes drift from the recording (`has_bad_train`);
            ``spike_samples`` has them.
        """
        if self.has_bad_train:
            raise OptionError(
                f"The spike train of {self.cell_id} does not fit its recording.",
                where="train",
                expected="times on the clock of the recording",
                got=next(fault.text for fault in self.faults if fault.kind == "train_drifts"),
                do="leave this cell out, or take spike_samples as they are",
            )
        return self.spike_samples if with_doubled else self.spike_samples[~self.is_doubled]


@dataclass(frozen=True, eq=False)
class Scraps:
    """What of the real recordings is public and comes with the package: 21 cells.

    Iterating gives its cells, ``scraps["c14"]`` one of them, ``len`` their number.

    Attributes
    ----------
    cells : tuple of CellScraps
        In the release's order.
    sampling_frequency : float
        Of templates and trains, Hz.
    n_before : int
        Samples of a template before the patch spike.
    origin : str
        How they are to be told apart from recordings: "digitised".
    license : str
    citation : str
        Of the recordings; `published_positions` also need ``paper``.
    paper : str
    provenance : str
        Where each part comes from, and its faults: the README of the data, Markdown.
    """

    cells: tuple[CellScraps, ...]
    sampling_frequency: float
    n_before: int
    origin: str
    license: str
    citation: str
    paper: str
    provenance: str

    def __len__(self) -> int:
        return len(self.cells)

    def __iter__(self) -> Iterator[CellScraps]:
        return iter(self.cells)

    def __getitem__(self, cell_id: str) -> CellScraps:
        get_cell(cell_id)
        found = next((cell for cell in self.cells if cell.cell_id == cell_id), None)
        if found is None:
            raise UnknownCellError(
                f"Of {cell_id} nothing is public: it has no extracellular waveform.",
                where="scraps",
                expected=", ".join(cell.cell_id for cell in self.cells),
                got=cell_id,
                do="name one of these; the recording itself needs an account (spe1 download)",
            )
        return found
