"""The cells that a dataset of windows is made of, opened."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from spe1_builder.cells import expand_cells
from spe1_builder.errors import OptionError
from spe1_builder.layout import RootLayout
from spe1_builder.paths import local_path
from spe1_builder.reading.catalogue import require_root
from spe1_builder.reading.torch.cell import TrainingCell
from spe1_builder.reading.torch.options import Channels, require_whole, splits_of


def open_cells(
    cells: str | Iterable[str] | None,
    root: str | Path,
    split: str | None,
    n_samples: int,
    channels: Channels,
) -> tuple[TrainingCell, ...]:
    """Open them, and see that a window fits into each split.

    Raises
    ------
    OptionError
        No cell, no such split, or windows that do not fit into it.
    UnknownCellError, MissingFileError, OutputError
        As `spe1_builder.reading.arrays.load`.
    """
    splits = splits_of(split)
    require_whole(n_samples, "n_samples", 1, None, "90 is the length of the templates")
    folder = require_root(local_path(root, "root"))
    names = RootLayout(folder).built_cells() if cells is None else expand_cells(cells)
    opened = tuple(TrainingCell(name, folder, splits, channels) for name in names)
    if not opened:
        raise OptionError(
            "There is no cell to take windows from.",
            where=folder,
            expected="a root with built cells",
            got="none",
            do="build one (spe1 build), or name the root that holds some",
        )
    for cell in opened:
        _require_room(cell, n_samples)
    return opened


def _require_room(cell: TrainingCell, n_samples: Any) -> None:
    for traces in cell.traces:
        length = traces.last - traces.first
        if n_samples > length:
            raise OptionError(
                "A window does not fit into the split.",
                where=f"n_samples; {traces!r}",
                expected=f"1 to {length} samples",
                got=n_samples,
                do="choose shorter windows, or build the cell with more segments in that split",
            )
