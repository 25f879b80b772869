"""A built cell as numpy arrays, without Python lists in between."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from spe1_builder.cells import get_cell
from spe1_builder.errors import AccessError, MissingFileError, OptionError, OutputError, Spe1Error
from spe1_builder.layout import DATASET_DICT_NAME, RootLayout
from spe1_builder.paths import local_path
from spe1_builder.reading.decode import decode_traces_uV, one_chunk

if TYPE_CHECKING:
    from datasets import Dataset, DatasetDict


def load(cell_id: str, root: str | Path = "spe1") -> DatasetDict:
    """Open a built cell, memory-mapped: nothing is copied.

    What ``map``, ``filter``, ``shuffle`` and ``sort`` write goes to the datasets cache
    (``HF_DATASETS_CACHE``), never to the cell's folder.

    Parameters
    ----------
    cell_id : str
    root : str or Path
        Dataset root; ``~`` is the home folder.

    Returns
    -------
    DatasetDict
        ``train`` and ``test``; each is a `datasets.Dataset` whose methods copy two rows at a
        time where ``datasets`` would take 1,000, which do not fit into its lists.

    Raises
    ------
    UnknownCellError
        SPE-1 has no such cell.
    OptionError
        The root is no path of this machine.
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

    from spe1_builder.reading.opened import open_cell

    folder = cell_folder(cell_id, root)
    try:
        return open_cell(folder)
    except (OSError, ValueError, LookupError, TypeError, pa.lib.ArrowException) as error:
        if isinstance(error, Spe1Error):
            raise
        raise damaged(folder, error) from error


def cell_folder(cell_id: str, root: str | Path) -> Path:
    """The folder of a built cell; exceptions as `load`."""
    if not isinstance(cell_id, str):
        raise OptionError(
            "A cell is named by its id, one at a time.",
            where="cell_id",
            expected="str, such as 'c14'",
            got=f"{cell_id!r:.200}",
            do="'spe1 cells' lists all 43",
        )
    get_cell(cell_id)
    layout = RootLayout(local_path(root, "root"))
    folder = layout.cell(cell_id)
    if not is_there(folder / DATASET_DICT_NAME):
        raise MissingFileError(
            f"{cell_id} has not been built here.",
            where=folder,
            got=f"built here: {', '.join(layout.built_cells()) or 'none'}",
            do=f"build it: spe1 build {cell_id} --raw-dir .raw --root {root}",
        )
    return folder


def is_there(path: Path, is_kind: Callable[[Path], bool] = Path.is_file) -> bool:
    """Whether a file is there, or a folder (``Path.is_dir``).

    Raises
    ------
    AccessError
        Its folder cannot be read.
    OptionError
        No file can have that name.
    """
    try:
        return is_kind(path)
    except PermissionError as error:
        raise AccessError(
            "A folder cannot be read.",
            where=path.parent,
            got=error.strerror,
            do="make it readable for this user",
        ) from error
    except OSError as error:
        raise OptionError(
            "There can be no such path.",
            where=f"{path!s:.200}",
            got=error.strerror,
            do="give the path of a folder that is there",
        ) from error


def damaged(folder: Path, error: Exception) -> OutputError:
    """What is said of a cell that cannot be opened."""
    return OutputError(
        f"{folder.name} is damaged: it cannot be opened.",
        where=folder,
        got=f"{type(error).__name__}: {error}",
        do=f"see which file: spe1 verify {folder.parent}; then build it again: "
        f"spe1 build {folder.name} --force --root {folder.parent}",
    )


def segment_uV(dataset: Dataset, index: int, *, writable: bool = False) -> np.ndarray:
    """The traces of one row as they lie in the file: read-only, no copy, about 1 ms.

    ``dataset[index]["cp"]`` builds 34 million Python floats (3 s, 1.2 GB).

    Parameters
    ----------
    dataset : Dataset
        A split of a cell, in any format and selection.
    index : int
        Row; negative counts from the end.
    writable : bool
        A copy in memory, which may be changed, and which torch takes without a warning.

    Returns
    -------
    np.ndarray
        float32 (N_CHANNELS, n_samples), uV.

    Raises
    ------
    OptionError
        No such row, not one split that lies on the disk, or rows without traces.

    Examples
    --------
    >>> import spe1
    >>> ds = spe1.load("c14", root="spe1")
    >>> traces_uV = spe1.segment_uV(ds["train"], 0)
    >>> traces_uV.dtype, traces_uV.shape, traces_uV.flags.writeable
    (dtype('float32'), (384, ...), False)
    >>> centred_uV = spe1.segment_uV(ds["train"], 0, writable=True)
    >>> centred_uV -= centred_uV.mean(axis=1, keepdims=True)
    """
    from spe1_builder.reading.segment_dataset import require_split

    require_split(dataset, "segment_uV")
    if isinstance(index, bool) or not isinstance(index, int | np.integer):
        raise OptionError(
            "A segment is picked by its number.",
            where="index",
            expected="a whole number",
            got=f"{index!r:.200}",
            do="read one segment after the other; CellTraces.read_uV reads across them",
        )
    if not -len(dataset) <= index < len(dataset):
        raise OptionError(
            "There is no such segment.",
            where="index",
            expected=f"{-len(dataset)} to {len(dataset) - 1}" if len(dataset) else "no segment",
            got=index,
            do="len(dataset) tells how many segments there are",
        )
    require_columns(dataset, "cp")
    row = dataset.select_columns("cp").with_format("arrow")[int(index) % len(dataset)]
    traces_uV = decode_traces_uV(one_chunk(row["cp"]))
    return traces_uV.copy() if writable else traces_uV


def require_columns(dataset: Dataset, *names: str) -> None:
    """Refuse rows that lack a column.

    Raises
    ------
    OptionError
        As after ``remove_columns``.
    """
    for name in names:
        if name not in dataset.column_names:
            raise OptionError(
                f"The rows have no column {name}.",
                where="dataset",
                expected=name,
                got=", ".join(dataset.column_names) or "no column",
                do="pass the split as spe1.load gives it, without select_columns, remove_columns "
                "or rename_column",
            )
