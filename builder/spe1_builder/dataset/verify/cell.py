"""One cell, opened and checked: its list of files, its sidecars, its rows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from spe1_builder.dataset import sidecars
from spe1_builder.dataset.findings import Report, read_model_or_report
from spe1_builder.dataset.metadata import ConversionMetadata, OutputFileMetadata
from spe1_builder.dataset.sidecars.sidecar import CheckedCell, RowTotals
from spe1_builder.dataset.verify.files import check_listing, damages_ahead, listed_shards
from spe1_builder.dataset.verify.metadata import (
    TemplatePlan,
    check_loader_files,
    check_metadata,
    check_seal,
)
from spe1_builder.dataset.verify.rows import RowCheck
from spe1_builder.dataset.verify.template_sum import TemplateSum
from spe1_builder.layout import METADATA_NAME, SPLITS
from spe1_builder.progress import Progress, stage
from spe1_builder.signal.quartiles.histogram import ChannelHistogram


def check_cell(
    folder: Path, positions_um: np.ndarray | None, report: Report, progress: Progress
) -> ConversionMetadata | None:
    """Check one cell; returns its metadata, or None where they cannot be read.

    Parameters
    ----------
    folder : Path
    positions_um : np.ndarray or None
        float32 (n_channels, 2): those of the root's channel map.
    report : Report
    progress : Progress
        Gets one stage, in bytes.
    """
    found = report.at(f"{folder.name}/{METADATA_NAME}")
    metadata = read_model_or_report(folder / METADATA_NAME, ConversionMetadata, found)
    if metadata is None:
        return None
    check_seal((folder / METADATA_NAME).read_bytes(), metadata, found.where, report)
    found.equal("cell_id", folder.name, metadata.cell_id)
    listed = check_listing(folder, metadata, report)
    plan = check_metadata(metadata, found.where, report)
    window = None if plan is None else plan.window
    cell = CheckedCell(folder, metadata, window, positions_um, report)
    n_bytes = sum(record.size for record in listed.values())
    with stage(progress, f"verify {folder.name}", n_bytes, "B"), np.errstate(all="ignore"):
        check = _Check(cell, listed, progress)
        check.small_files()
        if plan is not None:
            check.rows(plan)
    return metadata


class _Check:
    """One cell while it is checked: what its files have said so far."""

    def __init__(
        self, cell: CheckedCell, listed: dict[str, OutputFileMetadata], progress: Progress
    ):
        self._cell, self._listed, self._progress = cell, listed, progress
        self._shards = {split: listed_shards(listed, split) for split in SPLITS}
        #: What each sidecar that is whole has said, by name.
        self._read: dict[str, Any] = {}

    def small_files(self) -> None:
        """Every listed file but the shards: its bytes, then what it says."""
        cell = self._cell
        shards = {path for paths in self._shards.values() for path in paths}
        records = [record for path, record in self._listed.items() if path not in shards]
        whole = set()
        for record, damage in damages_ahead(cell.folder, records):
            if damage is None:
                whole.add(record.path)
            else:
                cell.at(record.path).add(**vars(damage))
            self._progress.advance(record.size)
        check_loader_files(cell.folder, cell.metadata, self._shards, whole, cell.report)
        for sidecar in sidecars.SIDECARS:
            if sidecar.name in whole:
                self._read[sidecar.name] = sidecar.check(cell.folder / sidecar.name, cell)

    def rows(self, plan: TemplatePlan) -> None:
        """The one pass over the shards, then what they add up to."""
        cell = self._cell
        folder, report, peak_channel = cell.folder, cell.report, cell.metadata.peak_channel
        template = TemplateSum(plan.n_before, plan.n_after, plan.window.n_samples)
        histogram = ChannelHistogram()
        rows = RowCheck(report, plan.window, peak_channel, template, histogram)
        order = [path for split in SPLITS for path in self._shards[split]]
        damages = damages_ahead(folder, [self._listed[path] for path in order])
        for split in SPLITS:
            rows.start_split(split)
            for path in self._shards[split]:
                record, damage = next(damages)
                if damage is None:
                    rows.check_shard(folder / path, cell.at(path).where, self._progress.advance)
                else:
                    cell.at(path).add(**vars(damage))
                    self._progress.advance(record.size)
                    rows.skip_shard()
            rows.finish_split(cell.at(split).where)
        if rows.is_whole:
            self._sums(rows, template, histogram)

    def _sums(self, rows: RowCheck, template: TemplateSum, histogram: ChannelHistogram) -> None:
        cell = self._cell
        for split, n_spikes in rows.n_spikes.items():
            recorded: Any = cell.metadata.splits[split].spikes  # type: ignore[index]
            cell.at(split).equal("spikes", recorded, n_spikes)
        totals = RowTotals(
            window_spikes=rows.window_spikes,
            template_uV=template.mean_uV(),
            n_template_spikes=template.n_used,
            quartiles=histogram.quartiles(),
            train_shards=[cell.folder / path for path in self._shards["train"]],
        )
        for sidecar in sidecars.SIDECARS:
            if sidecar.name in self._read:
                sidecar.check_rows(self._read[sidecar.name], cell, totals)
