"""Which recording the rows of a dataset come from: they carry no cell id of their own."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from spe1_builder.errors import OptionError
from spe1_builder.layout import SPLITS, STATE_NAME

if TYPE_CHECKING:
    from datasets import Dataset

#: Stands in the description of every cell that is built; merged descriptions hold several.
_FINGERPRINT = re.compile(r"fingerprint ([0-9a-f]{64})")


def data_files(dataset: Dataset) -> list[Path]:
    """The files that hold the rows; none for rows in memory."""
    from datasets.table import list_table_cache_files

    return [Path(name) for name in list_table_cache_files(dataset.data)]


def home(path: Path) -> Path:
    """The folder that one recording's rows lie in: a cell's, or one of the datasets cache."""
    folder = path.parent
    # Beside the links of `opened` lie results of `map`: they are of the linked cell.
    if (folder / STATE_NAME).exists():
        folder = (folder / STATE_NAME).resolve().parent
    folder = folder.resolve()
    return folder.parent if folder.name in SPLITS else folder


def fingerprints(dataset: Dataset) -> set[str]:
    """Of the builds that the rows come from, as far as it is known."""
    return set(_FINGERPRINT.findall(dataset.info.description or ""))


def require_one_recording(splits: Sequence[Dataset]) -> None:
    """Refuse rows of several recordings: joined, they would be a window of none.

    Looks at the builds' fingerprints, the folders of the files, and the channel that
    carries the spikes, which is one in a cell.

    Raises
    ------
    OptionError
        More than one recording; or several datasets in memory of which nothing is known.
    """
    builds = set().union(*(fingerprints(split) for split in splits))
    homes = {home(path) for split in splits for path in data_files(split)}
    channels = set().union(*(_spike_channels(split) for split in splits))
    if len(builds) > 1:
        got = f"builds {', '.join(sorted(build[:12] for build in builds))}"
    elif len(homes) > 1:
        got = ", ".join(sorted(map(str, homes)))
    elif len(channels) > 1:
        got = f"spikes on the channels {', '.join(map(str, sorted(channels)))}"
    elif len(splits) > 1 and not all(fingerprints(s) or data_files(s) for s in splits):
        got = "datasets in memory that do not tell where they come from"
    else:
        return
    raise OptionError(
        "These rows are not of one recording, or of one build of it.",
        where="source",
        expected="one cell, or one split of it",
        got=got,
        do="pass each cell by itself, as spe1.load gives it, and chain their windows",
    )


def _spike_channels(dataset: Dataset) -> set[int]:
    """The channels that carry spikes; traces are not touched."""
    import numpy as np
    import pyarrow as pa

    if "ctt" not in dataset.column_names:
        return set()
    channels: set[int] = set()
    spikes = dataset.select_columns("ctt").with_format("arrow")
    for start in range(0, len(dataset), 1_000):
        for chunk in spikes[start : start + 1_000]["ctt"].chunks:
            if not (pa.types.is_list(chunk.type) and pa.types.is_list(chunk.type.value_type)):
                return set()
            for i in range(len(chunk)):
                row = chunk.slice(i, 1).flatten()
                channels |= set(np.flatnonzero(np.diff(row.offsets.to_numpy())).tolist())
    return channels
