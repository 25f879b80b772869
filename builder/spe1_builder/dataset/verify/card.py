"""What lies beside the cells of a root: the card, the shared files, and what should not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from spe1_builder.dataset import views
from spe1_builder.dataset.card.card import read_built_cells
from spe1_builder.dataset.card.configs import card_configs
from spe1_builder.dataset.card.kept import KeptPart, kept_part, made_part, read_header
from spe1_builder.dataset.card.root_files import ROOT_NAMES, make_page
from spe1_builder.dataset.findings import Report, listing
from spe1_builder.dataset.metadata import ConversionMetadata
from spe1_builder.dataset.scraps.shard import SCRAPS_NAME, scraps_shard
from spe1_builder.dataset.verify.croissant import check_croissant
from spe1_builder.dataset.verify.index import Index, add_error
from spe1_builder.dataset.verify.metadata import check_seal
from spe1_builder.dataset.views.shards import is_lacking, listed_shards
from spe1_builder.disk.bounded import read_bounded
from spe1_builder.errors import Spe1Error
from spe1_builder.layout import (
    CARD_NAME,
    CHAN_MAP_NAME,
    METADATA_NAME,
    SHARD_GLOB,
    SPLITS,
    SUMMARY_CSV_NAME,
    SUMMARY_NAME,
    RootLayout,
)
from spe1_builder.lengths import StreamLengths
from spe1_builder.probe import read_positions_um
from spe1_builder.source.recording.summary import read_summary

_LEFTOVERS = ("*.incomplete", "views/*/*/*.incomplete", ".spe1/staging/*", ".spe1/retired/*/*")
#: What desktops, network disks and clones of a repository leave in a folder.
_LITTER = ("Thumbs.db", "desktop.ini")
#: No card and no index comes near it.
_LARGEST_TEXT_BYTES = 10_000_000
#: What comes through from the workbook reader on sheets that are no table.
_TABLE_ERRORS = (Spe1Error, OSError, ValueError, LookupError)


@dataclass(frozen=True, eq=False)
class RootFiles:
    """What the files of a root have said.

    Attributes
    ----------
    positions_um : np.ndarray or None
        The channel map: float32 (n_channels, 2); None if it cannot be read.
    sealed : dict of str to ConversionMetadata
        Cells whose metadata can be read and were not edited.
    """

    positions_um: np.ndarray | None
    sealed: dict[str, ConversionMetadata]


def check_root_files(
    layout: RootLayout, present: Sequence[str], index: Index | None, report: Report
) -> RootFiles:
    """Check everything in a root but the cells' own files and the views.

    Parameters
    ----------
    layout : RootLayout
    present : sequence of str
        Cells that have a folder.
    index : Index or None
        None without any cell. Tells which files are not as they were written; those that take
        a parser to read are not looked at then.
    report : Report
    """
    _check_entries(layout, present, report)
    if index is None:
        report.add(".", "no cell has been built here")
        return RootFiles(None, {})
    cells = _readable(layout)
    sealed = {cell_id: cells[cell_id] for cell_id in cells if _is_sealed(layout, cells[cell_id])}
    if not index.tell(SUMMARY_NAME, report):
        _check_summary(layout, cells, report)
    is_whole = set(cells) == set(present) == set(sealed) and scraps_shard(layout).is_file()
    # A view's file that is not there is a finding of its own.
    is_whole = is_whole and not any(is_lacking(layout, cells[cell_id]) for cell_id in cells)
    kept = _check_card(layout, cells, present, is_whole=is_whole, report=report)
    if kept is not None and kept.is_written and not report.has(CARD_NAME):
        index.accept(CARD_NAME)
    positions_um = None
    if not index.tell(CHAN_MAP_NAME, report):
        try:
            positions_um = read_positions_um(layout.root / CHAN_MAP_NAME)
        except (Spe1Error, OSError) as error:
            add_error(report, CHAN_MAP_NAME, error)
    if kept is not None and is_whole:
        check_croissant(layout, kept, index, report)
    return RootFiles(positions_um, sealed)


def _check_entries(layout: RootLayout, present: Sequence[str], report: Report) -> None:
    """Nothing but what spe1 writes, and nothing that is on its way."""
    for pattern in _LEFTOVERS:
        for path in sorted(layout.root.glob(pattern)):
            where = path.relative_to(layout.root).as_posix()
            report.add(where, "left by a build that was interrupted, or is still running")
    script = f"{layout.root.resolve().name}.py"
    known = {*ROOT_NAMES, *present}
    for path in sorted(layout.root.iterdir()):
        if path.name == script:
            report.add(script, "datasets loads no folder that holds a script of its own name")
        elif path.name in present:
            if path.is_symlink():
                report.add(path.name, "the cell is a link out of the root", got=path.resolve())
        elif not (
            path.name in known
            or path.name.startswith(".")
            or path.name in _LITTER
            or report.has(path.name)
        ):
            report.add(path.name, "nothing that spe1 wrote")


def _readable(layout: RootLayout) -> dict[str, ConversionMetadata]:
    """Metadata of the cells whose metadata can be read; the others are found elsewhere."""
    try:
        return {cell.cell_id: cell.metadata for cell in read_built_cells(layout)}
    except (Spe1Error, OSError):
        return {}


def _check_summary(
    layout: RootLayout, cells: dict[str, ConversionMetadata], report: Report
) -> None:
    """Both forms of the summary, the same, and what the cells took from it."""
    path, copy = layout.root / SUMMARY_NAME, layout.root / SUMMARY_CSV_NAME
    summary = text = None
    try:
        summary = read_summary(path)
        text = summary.as_csv()
    except _TABLE_ERRORS as error:
        add_error(report, SUMMARY_NAME, error)
    try:
        # Bytes, so that no line end is translated.
        content = read_bounded(copy, _LARGEST_TEXT_BYTES, "The summary as CSV")
        if content.decode() != text and text is not None:
            report.add(SUMMARY_CSV_NAME, f"is not the table of {SUMMARY_NAME}")
    except (Spe1Error, OSError, UnicodeDecodeError) as error:
        report.add(SUMMARY_CSV_NAME, "cannot be read", got=error)
    if summary is None or text is None:
        return
    for cell_id, metadata in cells.items():
        try:
            row = summary.row(cell_id)
        except _TABLE_ERRORS as error:
            add_error(report, SUMMARY_NAME, error)
            continue
        got = (row.chan_predicted, row.patch_type)
        built = (metadata.gt_electrode_chan_idx, metadata.patch.release_type)
        report.equal(SUMMARY_NAME, f"chan_predicted and Patch Type of {cell_id}", built, got)
        if not metadata.provenance.simulated:
            _check_lengths(cell_id, metadata, row.lengths, report)


def _check_lengths(
    cell_id: str, metadata: ConversionMetadata, lengths: StreamLengths, report: Report
) -> None:
    """A real cell was made from recordings as long as the release's."""
    sizes = {file.role: file.size for file in metadata.provenance.raw_files}
    for role, n_bytes in (("npx_raw", lengths.npx_bytes), ("patch", lengths.patch_bytes)):
        fact = f"bytes of the raw {role} by the summary"
        report.equal(f"{cell_id}/{METADATA_NAME}", fact, n_bytes, sizes.get(role, "no such file"))


def _check_card(
    layout: RootLayout,
    cells: dict[str, ConversionMetadata],
    present: Sequence[str],
    *,
    is_whole: bool,
    report: Report,
) -> KeptPart | None:
    """The card is what the cells make of it; where it is not, what loading would meet first.

    Returns
    -------
    KeptPart or None
        What of it is the author's; None if it cannot be read.
    """
    try:
        content = read_bounded(layout.card, _LARGEST_TEXT_BYTES, "The dataset card")
        kept = kept_part(content, layout.card)
        if is_whole and _is_made(content, make_page(layout, kept).card, kept):
            return kept
        configs = _read_configs(content)
    except (Spe1Error, OSError, ValueError) as error:
        report.add(CARD_NAME, "the card cannot be read", got=error)
        return None
    shards = listed_shards(layout, cells.values()) if is_whole else {}
    scraps_file = scraps_shard(layout) if is_whole else None
    of_views = {config.name: config for config in card_configs([], shards, scraps_file)}
    view_names = {*(view.name for view in views.VIEWS), SCRAPS_NAME}
    names = [str(config.get("config_name")) for config in configs]
    for name in sorted({name for name in names if names.count(name) > 1}):
        report.add(CARD_NAME, f"config {name} is listed more than once")
    for name, config in zip(names, configs, strict=True):
        if name in cells:
            _check_config(layout, config, cells[name], report)
        elif name in of_views:
            for key, value in of_views[name].as_config().items():
                report.equal(CARD_NAME, f"{key} of {name}", value, config.get(key))
        elif name not in present and name not in view_names:
            report.add(CARD_NAME, f"config {name} is no cell that is here")
    for kind, wanted in (("cells", cells), ("views", of_views)):
        missing = [name for name in wanted if name not in names]
        if missing:
            report.add(CARD_NAME, f"{kind} that the card does not list", got=listing(missing))
    if is_whole and not report.has(CARD_NAME):
        report.add(CARD_NAME, "not the card that these cells have (spe1 card writes it again)")
    return kept


def _is_made(content: bytes, made: str, kept: KeptPart) -> bool:
    """Whether a card is what is made; of one that an author wrote in, the part that is ours."""
    if content == made.encode():
        return True
    return kept.is_written and made_part(content.decode()) == made_part(made)


def _is_sealed(layout: RootLayout, metadata: ConversionMetadata) -> bool:
    """Whether metadata were not edited; if they were, that is a finding of the cell."""
    try:
        content = (layout.cell(metadata.cell_id) / METADATA_NAME).read_bytes()
    except OSError:
        return False
    return check_seal(content, metadata, metadata.cell_id)


def _read_configs(content: bytes) -> list[dict[str, Any]]:
    """The configs of the card's YAML; ValueError if it is not what ``datasets`` reads."""
    configs = read_header(content.decode()).get("configs", [])
    if not isinstance(configs, list) or not all(isinstance(config, dict) for config in configs):
        raise ValueError("its YAML has no list of configs")
    return configs


def _check_config(
    layout: RootLayout, config: dict[str, Any], metadata: ConversionMetadata, report: Report
) -> None:
    """The fingerprint, which is the cache key of load_dataset, and the files."""
    cell_id, mark = metadata.cell_id, metadata.provenance.fingerprint
    if mark not in str(config.get("description")):
        report.add(
            CARD_NAME, f"description of {cell_id}", expected=mark, got=config.get("description")
        )
    matched = _matched(layout, config)
    for split in SPLITS:
        there = set((layout.cell(cell_id) / split).glob(SHARD_GLOB))
        got = matched.pop(split, set())
        report.equal(CARD_NAME, f"files of {cell_id}, {split}", len(there), len(got & there))
        if got - there:
            report.add(CARD_NAME, f"{cell_id}, {split} takes other files", got=listing(got - there))
    if matched:
        report.add(
            CARD_NAME, f"splits of {cell_id}", expected=listing(SPLITS), got=listing(matched)
        )


def _matched(layout: RootLayout, config: dict[str, Any]) -> dict[str, set[Path]]:
    """Files that each split of a config takes."""
    entries = config.get("data_files")
    matched: dict[str, set[Path]] = {}
    for entry in entries if isinstance(entries, list) else []:
        if isinstance(entry, dict):
            try:
                found = set(layout.root.glob(str(entry.get("path"))))
            except (ValueError, NotImplementedError):  # an empty or an absolute pattern
                found = set()
            matched.setdefault(str(entry.get("split")), set()).update(found)
    return matched
