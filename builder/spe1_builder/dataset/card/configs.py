"""The configs of the card: what ``load_dataset`` can open, and what each of them is.

``datasets`` keys its cache on the card alone, so the description of each config has the
fingerprint of its content: a rebuilt cell would otherwise give the old rows.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import pyarrow as pa

from spe1_builder.constants import CITATION, HOMEPAGE, LICENSE_NAME
from spe1_builder.dataset import views
from spe1_builder.dataset.metadata import ConversionMetadata
from spe1_builder.dataset.scraps import table as scraps_table
from spe1_builder.dataset.scraps.shard import SCRAPS_HOLD, SCRAPS_NAME, SCRAPS_SPLIT, scraps_bytes
from spe1_builder.dataset.views.shards import ViewShard
from spe1_builder.dataset.views.view import IMAGE, IMAGE_TYPE, View, ViewColumn
from spe1_builder.layout import SHARD_GLOB, SPLITS, VIEWS_NAME, shard_mark
from spe1_builder.source.scraps.packaged import scraps

#: The columns of a cell's rows, in words.
ROW_COLUMNS = (
    ViewColumn(
        "sample_id",
        "string",
        "",
        "first sample of the segment from the start of the analysis window, zero-padded to 10",
    ),
    ViewColumn(
        "cp",
        "list<list<float32>>",
        "µV",
        "`[384][T]`: preprocessed traces at 30 kHz, T = 90,000 at 3 s",
    ),
    ViewColumn(
        "cit",
        "list<list<int32>>",
        "",
        "`[384][n]`: unit of each ground-truth spike (always 0), on the peak channel only",
    ),
    ViewColumn(
        "ctt",
        "list<list<float64>>",
        "ms",
        "`[384][n]`: spike time within the segment, same nesting",
    ),
)


@dataclass(frozen=True)
class CardSplit:
    """A split of a config: its files, and what is in them."""

    name: str
    paths: Sequence[str]
    n_rows: int
    n_bytes: int


@dataclass(frozen=True)
class CardConfig:
    """One name that ``load_dataset`` takes.

    Attributes
    ----------
    name : str
    description : str
        With the fingerprint of the content.
    columns : sequence of ViewColumn
    splits : sequence of CardSplit
        Those that have rows.
    is_default : bool
        Whether it is what ``load_dataset`` opens without a name.
    """

    name: str
    description: str
    columns: Sequence[ViewColumn]
    splits: Sequence[CardSplit]
    is_default: bool = False

    @property
    def n_rows(self) -> int:
        return sum(split.n_rows for split in self.splits)

    def as_config(self) -> dict[str, Any]:
        """Its entry in the card's ``configs``."""
        entry: dict[str, Any] = {"config_name": self.name}
        if self.is_default:
            entry["default"] = True
        files = [
            {"split": split.name, "path": paths[0] if len(paths) == 1 else list(paths)}
            for split in self.splits
            for paths in (split.paths,)
        ]
        return {**entry, "description": self.description, "data_files": files}

    def as_info(self) -> dict[str, Any]:
        """Its entry in the card's ``dataset_info``."""
        n_bytes = sum(split.n_bytes for split in self.splits)
        return {
            "config_name": self.name,
            "description": self.description,
            "homepage": HOMEPAGE,
            "license": LICENSE_NAME,
            "citation": CITATION,
            "features": [{"name": c.name, **_feature(c.arrow_type)} for c in self.columns],
            "splits": [
                {"name": split.name, "num_bytes": split.n_bytes, "num_examples": split.n_rows}
                for split in self.splits
            ],
            "download_size": n_bytes,
            "dataset_size": n_bytes,
        }


def _feature(kind: pa.DataType) -> dict[str, Any]:
    """An Arrow type in the card's words; ``sequence`` is what every ``datasets`` reads."""
    if kind == IMAGE_TYPE:
        return {"dtype": IMAGE}
    if not pa.types.is_list(kind):
        return {"dtype": {"float": "float32", "double": "float64"}.get(str(kind), str(kind))}
    inner = _feature(kind.value_type)
    return {"sequence": inner.get("dtype", inner)}


def cell_description(cell_id: str, fingerprint: str) -> str:
    """What a cell's config says of itself."""
    return (
        f"SPE-1 {cell_id}: preprocessed traces in uV, ground-truth spikes; "
        f"fingerprint {fingerprint}"
    )


def cell_config(metadata: ConversionMetadata) -> CardConfig:
    """The config of a cell: its rows."""
    cell_id, fingerprint = metadata.cell_id, metadata.provenance.fingerprint
    mark = shard_mark(fingerprint)
    splits = []
    for split in SPLITS:
        shards = [
            file.size
            for file in metadata.files
            if PurePosixPath(file.path).match(f"{split}/{SHARD_GLOB}")
        ]
        n_rows = metadata.splits[split].rows  # type: ignore[index]
        path = f"{cell_id}/{split}/data-{mark}-*.arrow"
        splits.append(CardSplit(split, [path], n_rows, sum(shards)))
    return CardConfig(cell_id, cell_description(cell_id, fingerprint), ROW_COLUMNS, splits)


def view_config(view: View, shards: Sequence[ViewShard]) -> CardConfig:
    """The config of a view: the files that it has, in the order of the cells."""
    splits = []
    for split in view.splits:
        of_split = [shard for shard in shards if shard.split == split]
        if of_split:
            splits.append(
                CardSplit(
                    split,
                    [f"{VIEWS_NAME}/{view.name}/{split}/{s.path.name}" for s in of_split],
                    sum(shard.n_rows for shard in of_split),
                    sum(shard.path.stat().st_size for shard in of_split),
                )
            )
    # The name of a file stands for its content.
    paths = "\n".join(path for split in splits for path in split.paths)
    fingerprint = hashlib.sha256(paths.encode()).hexdigest()
    return CardConfig(
        view.name,
        f"SPE-1 {view.name}: {view.holds}; fingerprint {fingerprint}",
        view.columns,
        splits,
        is_default=view is views.VIEWS[0],
    )


def scraps_config(path: Path) -> CardConfig:
    """The config of the scraps; the name of its file stands for its content."""
    mark = path.name.split("-")[2]
    place = f"{VIEWS_NAME}/{SCRAPS_NAME}/{SCRAPS_SPLIT}/{path.name}"
    return CardConfig(
        SCRAPS_NAME,
        f"SPE-1 {SCRAPS_NAME}: {SCRAPS_HOLD}; fingerprint {mark}",
        [
            ViewColumn(column.name, column.kind, column.unit, column.meaning)
            for column in scraps_table.COLUMNS
        ],
        [CardSplit(SCRAPS_SPLIT, [place], len(scraps()), len(scraps_bytes()))],
    )


def card_configs(
    cells: Sequence[ConversionMetadata],
    shards: Mapping[str, Sequence[ViewShard]],
    scraps_file: Path | None = None,
) -> list[CardConfig]:
    """All configs: the views that have files, the scraps, then the cells.

    Parameters
    ----------
    cells : sequence of ConversionMetadata
    shards : mapping of str to sequence of ViewShard
        Files of views, by view.
    scraps_file : Path, optional
        The file of the scraps, where it is there.
    """
    there = [(view, shards.get(view.name, ())) for view in views.VIEWS]
    of_views = [view_config(view, its) for view, its in there if its]
    if scraps_file is not None:
        of_views.append(scraps_config(scraps_file))
    return [*of_views, *(cell_config(metadata) for metadata in cells)]
