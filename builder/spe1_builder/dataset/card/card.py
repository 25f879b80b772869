"""The dataset card and the shared files of a root, made again from what is present."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from spe1_builder.cells import CELL_SETS, catalogue
from spe1_builder.constants import LICENSE_NAME, SOURCE_DATASET
from spe1_builder.dataset import sidecars, views
from spe1_builder.dataset.card.configs import ROW_COLUMNS, CardConfig, card_configs
from spe1_builder.dataset.card.kept import KeptPart
from spe1_builder.dataset.card.subject import what_cells_are
from spe1_builder.dataset.metadata import METADATA_HOLDS, ConversionMetadata, read_model
from spe1_builder.dataset.scraps.shard import SCRAPS_HOLD, SCRAPS_NAME, SCRAPS_SPLIT
from spe1_builder.dataset.views.view import ViewColumn
from spe1_builder.dataset.warnings import warnings_of
from spe1_builder.errors import OutputError
from spe1_builder.layout import (
    BENCHMARK_NAME,
    CARD_END_MARKER,
    CARD_MARKER,
    METADATA_NAME,
    RootLayout,
)
from spe1_builder.origins import Origin, origin_mark
from spe1_builder.packaged import packaged_text

TAGS = (
    "neuroscience",
    "electrophysiology",
    "spike-sorting",
    "spike-localization",
    "neuropixels",
    "patch-clamp",
    "ground-truth",
)


#: In the place of a repo's name that is not known.
_NO_REPO = "USER/spe1"
_PLACEHOLDER = (
    f" In the place of\n`{_NO_REPO}` goes the repo that this page is of; `load_dataset` also takes "
    "the path of a folder."
)

#: Below the first sentence, by what kinds of cells there are.
_NOT_RECORDED: dict[Origin, str] = {
    "simulated": """
> **Simulated data, not recordings.** Cells marked so in the table were made by ``spe1 simulate``;
> nothing in them was measured in an animal.
""",
    "semi-real": """
> **Semi-real data, neither simulated nor recorded.** Cells marked so in the table have a real
> neuron's footprint and spike train, put into generated noise by ``spe1 simulate --semi-real``.
""",
}

_BENCHMARK = f"""
## Benchmark

`{BENCHMARK_NAME}` holds the scores of center of mass, monopolar triangulation and grid convolution
on cells of this folder, made by `spe1 benchmark localization`: by cell and over all, with every
parameter and version. Whether its cells were recorded stands in `provenance`.
"""


@dataclass(frozen=True)
class BuiltCell:
    """A cell of the root and its metadata."""

    cell_id: str
    metadata: ConversionMetadata


def read_built_cells(layout: RootLayout) -> list[BuiltCell]:
    """The cells that are present, in the catalogue's order.

    Cells whose metadata cannot be read are left out, so that one damaged cell does
    not take the others with it; ``spe1 verify`` names it.
    """
    cells = []
    for cell_id in layout.built_cells():
        try:
            metadata = read_model(layout.cell(cell_id) / METADATA_NAME, ConversionMetadata)
        except (OutputError, OSError):
            continue
        cells.append(BuiltCell(cell_id, metadata))
    return cells


def card_text(
    cells: list[BuiltCell],
    configs: Sequence[CardConfig] | None = None,
    *,
    has_benchmark: bool = False,
    kept: KeptPart | None = None,
) -> str:
    """The card: YAML that lists exactly the given cells, and the text for people.

    Parameters
    ----------
    cells : list of BuiltCell
    configs : sequence of CardConfig, optional
        What it lists; without any, the cells alone.
    has_benchmark : bool
    kept : KeptPart, optional
        What of the card before stays.
    """
    import yaml

    kept = kept or KeptPart()
    if configs is None:
        configs = card_configs([cell.metadata for cell in cells], {})
    header = yaml.safe_dump(_front_matter(configs), sort_keys=False, allow_unicode=True, width=100)
    if kept.keys:  # escaped: PyYAML writes some line ends raw, and reads them as a blank
        header += yaml.safe_dump(kept.keys, sort_keys=False, width=100)
    body = _body(cells, has_benchmark, kept.repo_id)
    return f"---\n{header}---\n{CARD_MARKER}\n{kept.repo_line}{body}{CARD_END_MARKER}\n{kept.text}"


def _front_matter(configs: Sequence[CardConfig]) -> dict[str, Any]:
    matter: dict[str, Any] = {
        "license": LICENSE_NAME,
        "pretty_name": "SPE-1 (Marques-Smith et al. 2018): paired patch-clamp and Neuropixels "
        "recordings for spike sorting and localization benchmarks",
        "language": ["en"],
        "tags": list(TAGS),
        "size_categories": [_size_category(sum(config.n_rows for config in configs))],
        "task_categories": ["other"],
        "annotations_creators": ["expert-generated"],
        "source_datasets": ["extended|crcns-spe-1"],
    }
    if configs:
        # A card whose list of configs is empty, or whose first has no files, loads nothing.
        matter["configs"] = [config.as_config() for config in configs]
        matter["dataset_info"] = [config.as_info() for config in configs]
    return matter


def _size_category(n_rows: int) -> str:
    """The Hub's name for so many rows."""
    for limit, name in ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K")):
        if n_rows < limit:
            return name
    return "100K<n<1M"


def _plain(text: str) -> str:
    """A text of the release in a Markdown table: no markup, no cell border."""
    return html.escape(text).replace("|", "\\|").replace("\n", " ")


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
            f"| {cell.cell_id}{origin_mark(data.provenance.kind)} "
            f"| {_plain(data.patch.release_type)} ({data.patch.units}) "
            f"| {data.n_spikes_total} | {train} + {test} | {duration_s:g} "
            f"| {data.gt_electrode_chan_idx} | ({x_um:g}, {y_um:g}) | {data.peak_channel} "
            f"| {len(data.bad_channel_ids)} | {', '.join(known[cell.cell_id].sets)} |"
        )
    return "\n".join(lines)


def _warnings(cells: list[BuiltCell]) -> str:
    """What speaks against cells, one line each; nothing where there is nothing."""
    lines = [f"- {cell.cell_id}: {line}" for cell in cells for line in warnings_of(cell.metadata)]
    if not lines:
        return ""
    head = "**Warnings** of the build: what was measured speaks against these cells."
    return "\n".join(["", head, "", *lines, ""])


def _file_table() -> str:
    lines = [f"| `{sidecar.name}` | {sidecar.holds} |" for sidecar in sidecars.SIDECARS]
    return "\n".join(
        ["| file | holds |", "|---|---|", *lines, f"| `{METADATA_NAME}` | {METADATA_HOLDS} |"]
    )


def _columns(columns: Sequence[ViewColumn]) -> str:
    lines = [f"| `{c.name}` | {c.shown_kind} | {c.unit} | {c.meaning} |" for c in columns]
    return "\n".join(["| column | type | unit | meaning |", "|---|---|---|---|", *lines])


def _views() -> str:
    parts = [
        f"**`{view.name}`** ({' and '.join(f'`{split}`' for split in view.splits)}): {view.holds}."
        f"\n\n{_columns(view.columns)}"
        for view in views.VIEWS
    ]
    return "\n\n".join([*parts, f"**`{SCRAPS_NAME}`** (`{SCRAPS_SPLIT}`): {SCRAPS_HOLD}."])


def _provenance(cells: list[BuiltCell]) -> str:
    """Where the cells come from, and what made them."""
    lines = []
    if any(cell.metadata.provenance.kind == "recorded" for cell in cells):
        lines.append(
            f"- **Recordings**: {SOURCE_DATASET}, doi:10.6080/K0J67F4T, raw files as released."
        )
    made_by = sorted(
        {
            (cell.metadata.provenance.spe1_version, cell.metadata.provenance.data_version)
            for cell in cells
        }
    )
    lines += [f"- **Software**: `spe1` {version}, data {data}." for version, data in made_by]
    return "".join(f"{line}\n" for line in lines)


def _body(cells: list[BuiltCell], has_benchmark: bool, repo_id: str | None) -> str:
    template = packaged_text("dataset/card/card_body.md")
    kinds = [cell.metadata.provenance.kind for cell in cells]
    label, rest = what_cells_are(kinds)
    return template.format(
        repo=repo_id or _NO_REPO,
        placeholder=_PLACEHOLDER if repo_id is None else "",
        what=f"**{label}**{rest}",
        files=_file_table(),
        row_columns=_columns(ROW_COLUMNS),
        views=_views(),
        table=_cell_table(cells) if cells else "No cell has been built yet.",
        doubts=_warnings(cells),
        n_cells=len(cells),
        warning="".join(text for kind, text in _NOT_RECORDED.items() if kind in kinds),
        example=cells[0].cell_id if cells else "c14",
        provenance=_provenance(cells),
        benchmark=_BENCHMARK if has_benchmark else "",
        zhao=", ".join(CELL_SETS["zhao"]),
    )
