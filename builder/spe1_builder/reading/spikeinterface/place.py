"""Which cell, and which part of it, is meant."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from spe1_builder.cells import catalogue
from spe1_builder.dataset.metadata import ConversionMetadata, read_model
from spe1_builder.errors import MissingFileError, OptionError, OutputError
from spe1_builder.layout import METADATA_NAME, SPLITS, RootLayout
from spe1_builder.paths import local_path
from spe1_builder.reading.arrays import cell_folder, is_there

#: Into how many segments of SpikeInterface a cell goes.
Segments = Literal["one", "rows", "train_test"]


@dataclass(frozen=True)
class CellPlace:
    """A built cell, or one of its splits.

    Attributes
    ----------
    folder : Path
        Of the cell; absolute.
    split : str or None
    """

    folder: Path
    split: str | None


def find_cell(cell: str | Path, root: str | Path, split: str | None) -> CellPlace:
    """A cell by its id in a root, or by the path of its folder or of a split's.

    Raises
    ------
    UnknownCellError, OptionError
        There can be no such cell or split.
    MissingFileError
        It is not built.
    """
    require_split(split)
    is_id = isinstance(cell, str) and os.sep not in cell and not Path(cell).is_dir()
    if is_id or (isinstance(cell, str) and cell in catalogue()):
        return CellPlace(cell_folder(str(cell), root).resolve(), split)
    folder = Path(os.path.realpath(local_path(cell, "cell")))
    if folder.name in SPLITS and is_there(folder.parent / METADATA_NAME):
        named, folder = folder.name, folder.parent
        if split not in (None, named):
            raise OptionError(
                "The path names one split, and split= the other.",
                where=cell,
                got=f"split={split!r}",
                do="give the cell's folder, or leave split out",
            )
        return CellPlace(folder, named)
    if not is_there(folder / METADATA_NAME):
        cells = RootLayout(folder).built_cells() if is_there(folder, Path.is_dir) else []
        raise MissingFileError(
            "There is no built cell here.",
            where=cell,
            expected="the folder of one cell, such as spe1/c14, or its id with root=",
            got=f"a root with {', '.join(cells)}" if cells else None,
            do=f"name the cell: {folder / cells[0]}"
            if cells
            else "'spe1 cells --root ROOT' lists what is built; spe1 build builds",
        )
    return CellPlace(folder, split)


def require_split(split: str | None) -> None:
    """Refuse a split that no cell has.

    Raises
    ------
    OptionError
        It is another word.
    """
    if split is not None and split not in SPLITS:
        raise OptionError(
            "There is no such split.",
            where="split",
            expected=" or ".join(map(repr, SPLITS)),
            got=f"{split!r:.200}",
            do="leave split out for the whole cell",
        )


def read_metadata(folder: Path, fingerprint: str | None) -> ConversionMetadata:
    """The cell's metadata; of that very build, if a fingerprint is given.

    Raises
    ------
    OutputError
        They are damaged, or the cell has been built anew with another result.
    """
    metadata = read_model(folder / METADATA_NAME, ConversionMetadata)
    there = metadata.provenance.fingerprint
    if fingerprint is not None and there != fingerprint:
        raise OutputError(
            "The cell has been built anew since it was opened or saved.",
            where=folder,
            expected=f"fingerprint {fingerprint[:16]}",
            got=there[:16],
            do="open it again; what was computed from the other build does not belong to this one",
        )
    return metadata


def require_segments(segments: Any, *, is_split: bool) -> None:
    """Refuse another way to cut a cell.

    Raises
    ------
    OptionError
        There is no such way, or one split is to be cut into both.
    """
    if segments not in get_args(Segments):
        raise OptionError(
            "There is no such way to cut a cell into segments.",
            where="segments",
            expected=" or ".join(map(repr, get_args(Segments))),
            got=f"{segments!r:.200}",
            do="leave segments out for one segment",
        )
    if segments == "train_test" and is_split:
        raise OptionError(
            "One split is not two.",
            where="segments",
            expected="'one' or 'rows' with split=",
            got="'train_test'",
            do="leave split out, or segments",
        )
