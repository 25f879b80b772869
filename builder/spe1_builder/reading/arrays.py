"""A built cell as numpy arrays, without Python lists in between."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from spe1_builder.cells import get_cell
from spe1_builder.constants import N_CHANNELS
from spe1_builder.errors import MissingFileError, OptionError, OutputError
from spe1_builder.layout import DATASET_DICT_NAME, RootLayout

if TYPE_CHECKING:
    from datasets import Dataset, DatasetDict


def load(cell_id: str, root: str | Path = "spe1") -> DatasetDict:
    """Open a built cell, memory-mapped: nothing is copied.

    Parameters
    ----------
    cell_id : str
    root : str or Path
        Dataset root.

    Returns
    -------
    DatasetDict
        ``train`` and ``test``.

    Raises
    ------
    UnknownCellError
        SPE-1 has no such cell.
    MissingFileError
        The cell has not been built in that root.
    OutputError
        A file of the cell is damaged.

    Examples
    --------
    >>> import spe1
    >>> ds = spe1.load("c14", root="spe1")
    >>> list(ds), ds["train"].column_names
    (['train', 'test'], ['sample_id', 'cp', 'cit', 'ctt'])

    Spike times in ms within the segment, on the peak channel; not ``ds["train"][0]``, which
    decodes the traces too.

    >>> row = ds["train"].select_columns(["sample_id", "ctt"])[0]
    >>> times_ms = max(row["ctt"], key=len)
    >>> row["sample_id"], len(row["ctt"]), len(times_ms) > 0
    ('0000000000', 384, True)
    """
    import pyarrow as pa
    from datasets import load_from_disk

    get_cell(cell_id)
    layout = RootLayout(Path(root))
    folder = layout.cell(cell_id)
    if not (folder / DATASET_DICT_NAME).is_file():
        raise MissingFileError(
            f"{cell_id} has not been built here.",
            where=folder,
            got=f"built here: {', '.join(layout.built_cells()) or 'none'}",
            do=f"build it: spe1 build {cell_id} --raw-dir .raw --root {root}",
        )
    try:
        return load_from_disk(str(folder))
    except (OSError, ValueError, LookupError, TypeError, pa.lib.ArrowException) as error:
        raise OutputError(
            f"{cell_id} is damaged: it cannot be opened.",
            where=folder,
            got=f"{type(error).__name__}: {error}",
            do=f"see which file: spe1 verify {root}; then build it again: "
            f"spe1 build {cell_id} --force --root {root}",
        ) from error


def segment_uV(dataset: Dataset, index: int) -> np.ndarray:
    """The traces of one row as they lie in the file: read-only, no copy, about 1 ms.

    ``dataset[index]["cp"]`` builds 34 million Python floats (3 s, 1.2 GB).

    Parameters
    ----------
    dataset : Dataset
        A split of a cell, in any format and selection.
    index : int
        Row; negative counts from the end.

    Returns
    -------
    np.ndarray
        float32 (N_CHANNELS, n_samples), uV.

    Raises
    ------
    OptionError
        No such row, or not one split that lies on the disk.

    Examples
    --------
    >>> import spe1
    >>> ds = spe1.load("c14", root="spe1")
    >>> traces_uV = spe1.segment_uV(ds["train"], 0)
    >>> traces_uV.dtype, traces_uV.shape, traces_uV.flags.writeable
    (dtype('float32'), (384, ...), False)
    >>> centred_uV = traces_uV.copy()
    >>> centred_uV -= centred_uV.mean(axis=1, keepdims=True)
    """
    from datasets import Dataset

    if not isinstance(dataset, Dataset):
        raise OptionError(
            "segment_uV takes one split, such as ds['train']; not a DatasetDict or a stream.",
            where="dataset",
            expected="datasets.Dataset",
            got=type(dataset).__name__,
            do="pick a split, and load it without streaming=True",
        )
    if not -len(dataset) <= index < len(dataset):
        raise OptionError(
            "There is no such segment.",
            where="index",
            expected=f"{-len(dataset)} to {len(dataset) - 1}",
            got=index,
            do="len(dataset) tells how many segments there are",
        )
    column = dataset.select_columns("cp").with_format("arrow")[index % len(dataset)]["cp"]
    # Not `.values`: it ignores where the row lies within its record batch.
    values = column.chunk(0).flatten().flatten()
    traces_uV: np.ndarray = values.to_numpy(zero_copy_only=True).reshape(N_CHANNELS, -1)
    return traces_uV
