"""The dataset card and the side files of a root, made again from what is present."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from builder.cells import CELL_SETS, catalogue
from builder.dataset.metadata import ConversionMetadata, read_model
from builder.errors import OutputError
from builder.layout import (
    CHAN_MAP_NAME,
    METADATA_NAME,
    SHARD_GLOB,
    SPLITS,
    SUMMARY_CSV_NAME,
    SUMMARY_NAME,
    RootLayout,
)
from builder.source.summary import summary_as_csv

_TAGS = (
    "neuroscience",
    "electrophysiology",
    "spike-sorting",
    "spike-localization",
    "neuropixels",
    "patch-clamp",
    "ground-truth",
)


@dataclass(frozen=True)
class BuiltCell:
    """A cell of the root and its metadata."""

    cell_id: str
    metadata: ConversionMetadata


def read_built_cells(layout: RootLayout) -> list[BuiltCell]:
    """The cells that are present, in the catalogue's order."""
    return [
        BuiltCell(cell_id, read_model(layout.cell(cell_id) / METADATA_NAME, ConversionMetadata))
        for cell_id in layout.built_cells()
    ]


def write_card(root: Path) -> Path:
    """Write ``README.md`` for the cells that are present; returns its path.

    The file appears whole or not at all. Cells whose metadata cannot be read are
    left out, so that one damaged cell does not take the others with it.
    """
    layout = RootLayout(root)
    cells = []
    for cell_id in layout.built_cells():
        try:
            metadata = read_model(layout.cell(cell_id) / METADATA_NAME, ConversionMetadata)
        except OutputError:
            continue  # `spe1 verify` names it
        cells.append(BuiltCell(cell_id, metadata))
    text = card_text(cells)
    partial = layout.card.with_name(layout.card.name + ".incomplete")
    partial.write_text(text, encoding="utf-8")
    partial.replace(layout.card)
    return layout.card


def mirror_side_files(root: Path, chan_map: Path, summary: Path) -> None:
    """Copy the channel map and the summary (also as CSV) into the root."""
    for source, name in ((chan_map, CHAN_MAP_NAME), (summary, SUMMARY_NAME)):
        target = root / name
        if not (target.exists() and target.samefile(source)):
            partial = root / f"{name}.incomplete"
            shutil.copyfile(source, partial)
            partial.replace(target)
    partial = root / f"{SUMMARY_CSV_NAME}.incomplete"
    partial.write_text(summary_as_csv(summary), encoding="utf-8")
    partial.replace(root / SUMMARY_CSV_NAME)


def card_text(cells: list[BuiltCell]) -> str:
    """The card: YAML that lists exactly the given cells, and the text for people."""
    import yaml

    header = yaml.safe_dump(_front_matter(cells), sort_keys=False, allow_unicode=True, width=100)
    return f"---\n{header}---\n{_body(cells)}"


def _front_matter(cells: list[BuiltCell]) -> dict[str, Any]:
    matter: dict[str, Any] = {
        "license": "cc-by-sa-4.0",
        "pretty_name": "SPE-1 (Marques-Smith et al. 2018): paired patch-clamp and Neuropixels "
        "recordings for spike sorting and localization benchmarks",
        "language": ["en"],
        "tags": list(_TAGS),
        "size_categories": ["n<1K" if _n_rows(cells) < 1000 else "1K<n<10K"],
        "task_categories": ["other"],
        "annotations_creators": ["expert-generated"],
        "source_datasets": ["extended|crcns-spe-1"],
    }
    configs = [_config(cell) for cell in cells]
    if configs:
        # A card whose list of configs is empty, or whose first has no files, loads nothing.
        matter["configs"] = configs
    return matter


def _config(cell: BuiltCell) -> dict[str, Any]:
    return {
        "config_name": cell.cell_id,
        # The cache key of load_dataset sees the card only: without the fingerprint
        # here, a rebuilt cell would give the old rows.
        "description": f"{cell.cell_id}, fingerprint {cell.metadata.provenance.fingerprint}",
        "data_files": [
            {"split": split, "path": f"{cell.cell_id}/{split}/{SHARD_GLOB}"} for split in SPLITS
        ],
    }


def _n_rows(cells: list[BuiltCell]) -> int:
    return sum(split.rows for cell in cells for split in cell.metadata.splits.values())


def _cell_table(cells: list[BuiltCell]) -> str:
    lines = [
        "| cell | patch | spikes | train + test rows | duration (s) | ground-truth electrode "
        "| (x, y) um | peak channel | bad channels | sets |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    known = catalogue()
    for cell in cells:
        data = cell.metadata
        x_um, y_um, _ = data.unit_locations_um["0"]
        train, test = (data.splits[split].rows for split in ("train", "test"))
        duration_s = data.analysis_window.n_samples / data.sampling_frequency
        lines.append(
            f"| {cell.cell_id}{' (simulated)' if data.provenance.simulated else ''} "
            f"| {data.patch.release_type} ({data.patch.units}) "
            f"| {data.n_spikes_total} | {train} + {test} | {duration_s:g} "
            f"| {data.gt_electrode_chan_idx} | ({x_um:g}, {y_um:g}) | {data.peak_channel} "
            f"| {len(data.bad_channel_ids)} | {', '.join(known[cell.cell_id].sets)} |"
        )
    return "\n".join(lines)


def _body(cells: list[BuiltCell]) -> str:
    template = Path(__file__).with_name("card_body.md").read_text(encoding="utf-8")
    example = cells[0].cell_id if cells else "c14"
    return template.format(
        table=_cell_table(cells) if cells else "No cell has been built yet.",
        n_cells=len(cells),
        example=example,
        zhao=", ".join(CELL_SETS["zhao"]),
    )
