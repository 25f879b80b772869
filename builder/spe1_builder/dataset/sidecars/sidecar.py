"""What a sidecar is: a small file of a built cell, written, checked and described in one place."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from spe1_builder.dataset.findings import Place, Report
from spe1_builder.dataset.metadata import ConversionMetadata
from spe1_builder.dataset.plan.window import Window
from spe1_builder.dataset.sidecars.facts import CellFacts
from spe1_builder.signal.quartiles.histogram import Quartiles


@dataclass(frozen=True, eq=False)
class CheckedCell:
    """A cell under check: what its sidecars are held to.

    Attributes
    ----------
    folder : Path
    metadata : ConversionMetadata
    window : Window or None
        The analysis window; None if the metadata leads to none.
    positions_um : np.ndarray or None
        float32 (n_channels, 2) of the root's channel map; None without one.
    report : Report
    """

    folder: Path
    metadata: ConversionMetadata
    window: Window | None
    positions_um: np.ndarray | None
    report: Report

    def at(self, path: str) -> Place:
        """Where findings of a file of this cell go."""
        return self.report.at(f"{self.folder.name}/{path}")


@dataclass(frozen=True, eq=False)
class RowTotals:
    """What all rows of a cell add up to, once each was readable and in its place.

    Attributes
    ----------
    window_spikes : np.ndarray
        int64 (n_spikes,), samples of the analysis window, in the order of the rows.
    template_uV : np.ndarray
        float64 (n_samples, n_channels): mean over the whole spike windows.
    n_template_spikes : int
    quartiles : Quartiles
        Of the rows of ``train``.
    train_shards : list of Path
    """

    window_spikes: np.ndarray
    template_uV: np.ndarray
    n_template_spikes: int
    quartiles: Quartiles
    train_shards: list[Path]


def _hold_to_no_rows(read: Any, cell: CheckedCell, rows: RowTotals) -> None:
    """For a sidecar that says nothing of the rows."""


@dataclass(frozen=True)
class Sidecar:
    """One kind of sidecar.

    Attributes
    ----------
    name : str
        File name in the cell's folder.
    holds : str
        What is in it, as the card's table of files says; Markdown.
    write : callable
        ``write(path, facts)``. The same facts give the same bytes.
    check : callable
        ``check(path, cell)``: findings about a file whose bytes are as they were written;
        what it returns goes to ``check_rows``.
    check_rows : callable, optional
        ``check_rows(read, cell, rows)``: holds it to the rows, after they have passed.
    """

    name: str
    holds: str
    write: Callable[[Path, CellFacts], None]
    check: Callable[[Path, CheckedCell], Any]
    check_rows: Callable[[Any, CheckedCell, RowTotals], None] = _hold_to_no_rows
