"""Open everything that was written and hold it to the contract.

A damaged file is a finding, never an exception. What a damaged file would have
had to say is not looked at, so that one cause gives one finding.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from spe1_builder.cells import catalogue, get_cell
from spe1_builder.dataset.metadata import ConversionMetadata, DatasetStats, OutputFileMetadata
from spe1_builder.dataset.verify.card import check_root_files
from spe1_builder.dataset.verify.files import check_listing, damages_ahead, listed_shards
from spe1_builder.dataset.verify.metadata import (
    Plan,
    check_dataset_files,
    check_metadata,
    read_side_model,
)
from spe1_builder.dataset.verify.report import Finding, Report
from spe1_builder.dataset.verify.rows import RowCheck
from spe1_builder.dataset.verify.sidecars import (
    PATCH_ARRAYS,
    TEMPLATE_ARRAYS,
    check_patch,
    check_picture,
    check_spikes,
    check_template_mean,
    check_templates,
    patch_spikes,
    read_arrays,
)
from spe1_builder.dataset.verify.stats import check_quartiles
from spe1_builder.dataset.verify.template_sum import TemplateSum
from spe1_builder.errors import MissingFileError
from spe1_builder.layout import (
    METADATA_NAME,
    PATCH_NAME,
    QUICKLOOK_NAME,
    SPLITS,
    STATS_NAME,
    TEMPLATES_NAME,
    RootLayout,
)
from spe1_builder.progress import Progress, Silent, stage
from spe1_builder.signal.quartiles.histogram import ChannelHistogram

__all__ = ["Finding", "verify_cell", "verify_root"]


def verify_root(
    root: Path, cell_ids: Sequence[str] | None = None, progress: Progress | None = None
) -> list[Finding]:
    """Check a dataset root: its cells, its card, its side files, and that nothing is left over.

    Parameters
    ----------
    root : Path
    cell_ids : sequence of str, optional
        Cells to check; by default all that are present. Card and side files are
        checked in any case.
    progress : Progress, optional
        Gets one stage a cell, in bytes.

    Returns
    -------
    list of Finding
        Empty if everything is as the contract says.

    Raises
    ------
    MissingFileError
        There is no such folder.
    UnknownCellError
        ``cell_ids`` names a cell that the release does not have.
    """
    root = Path(root)
    if not root.is_dir():
        raise MissingFileError(
            "The dataset root is not there."
            if not root.exists()
            else "The dataset root is no folder.",
            where=root,
            do="name the folder that 'spe1 build --root' wrote, or build a cell first",
        )
    layout, report = RootLayout(root), Report()
    present = [cell_id for cell_id in catalogue() if layout.cell(cell_id).is_dir()]
    with np.errstate(all="ignore"):  # nonsense in a file is a finding, not a warning
        positions_um = check_root_files(layout, present, report)
    for cell_id in present if cell_ids is None else cell_ids:
        if get_cell(cell_id).cell_id in present:
            _check_cell(layout.cell(cell_id), positions_um, report, progress or Silent())
        else:
            report.add(cell_id, "the cell has not been built here")
    return report.findings()


def verify_cell(folder: Path, progress: Progress | None = None) -> list[Finding]:
    """Check the folder of one cell; see `verify_root`.

    Parameters
    ----------
    folder : Path
        ``root/cell_id``; findings are relative to its parent.
    progress : Progress, optional

    Returns
    -------
    list of Finding
    """
    report = Report()
    _check_cell(Path(folder).absolute(), None, report, progress or Silent())
    return report.findings()


def _check_cell(
    folder: Path, positions_um: np.ndarray | None, report: Report, progress: Progress
) -> None:
    """Check one cell; ``positions_um``, float32 (n_channels, 2), are those of the channel map."""
    where = f"{folder.name}/{METADATA_NAME}"
    metadata = read_side_model(folder / METADATA_NAME, ConversionMetadata, where, report)
    if metadata is None:
        return
    report.equal(where, "cell_id", folder.name, metadata.cell_id)
    listed = check_listing(folder, metadata, report)
    plan = check_metadata(metadata, where, report)
    n_bytes = sum(record.size for record in listed.values())
    with stage(progress, f"verify {folder.name}", n_bytes, "B"), np.errstate(all="ignore"):
        cell = _Cell(folder, metadata, listed, report, progress)
        cell.check_side_files(plan, positions_um)
        cell.check_rows(plan)


class _Cell:
    """One cell while it is checked: what its files have said so far."""

    def __init__(
        self,
        folder: Path,
        metadata: ConversionMetadata,
        listed: dict[str, OutputFileMetadata],
        report: Report,
        progress: Progress,
    ):
        self._folder, self._metadata, self._listed = folder, metadata, listed
        self._report, self._progress = report, progress
        self._shards = {split: listed_shards(listed, split) for split in SPLITS}
        self._template: dict[str, np.ndarray] = {}
        self._patch: dict[str, np.ndarray] = {}
        self._stats: DatasetStats | None = None

    def _where(self, path: str) -> str:
        return f"{self._folder.name}/{path}"

    def check_side_files(self, plan: Plan | None, positions_um: np.ndarray | None) -> None:
        """Every listed file but the shards: its bytes, then what it says."""
        shards = {path for paths in self._shards.values() for path in paths}
        records = [record for path, record in self._listed.items() if path not in shards]
        whole = set()
        for record, damage in damages_ahead(self._folder, records):
            if damage is None:
                whole.add(record.path)
            else:
                self._report.add(self._where(record.path), **vars(damage))
            self._progress.advance(record.size)
        check_dataset_files(self._folder, self._metadata, self._shards, whole, self._report)
        if TEMPLATES_NAME in whole:
            self._check_templates(positions_um)
        if PATCH_NAME in whole:
            where = self._where(PATCH_NAME)
            self._patch = read_arrays(self._folder / PATCH_NAME, PATCH_ARRAYS, where, self._report)
            if plan is not None:
                check_patch(self._patch, self._metadata, plan.window, where, self._report)
            self._patch = {
                key: self._patch[key] for key in ("spike_times_s",) if key in self._patch
            }
        if STATS_NAME in whole:
            self._check_stats()
        if QUICKLOOK_NAME in whole:
            look = self._folder / QUICKLOOK_NAME
            check_picture(look, self._where(QUICKLOOK_NAME), self._report)

    def _check_templates(self, positions_um: np.ndarray | None) -> None:
        where = self._where(TEMPLATES_NAME)
        path = self._folder / TEMPLATES_NAME
        self._template = read_arrays(path, TEMPLATE_ARRAYS, where, self._report)
        check_templates(self._template, self._metadata, where, self._report)
        stored_um = self._template.get("probe_positions")
        if positions_um is None or stored_um is None:
            return
        if not np.array_equal(stored_um, positions_um):
            n_off = int((stored_um != positions_um).any(axis=1).sum())
            self._report.add(where, "probe_positions are not chanMap.mat's", got=f"{n_off} differ")

    def _check_stats(self) -> None:
        where = self._where(STATS_NAME)
        self._stats = read_side_model(self._folder / STATS_NAME, DatasetStats, where, self._report)
        if self._stats is None:
            return
        n_samples = self._metadata.splits["train"].samples
        self._report.equal(where, "n_samples", n_samples, self._stats.n_samples)

    def check_rows(self, plan: Plan | None) -> None:
        """The one pass over the shards, then what they add up to."""
        if plan is None:
            return
        template = TemplateSum(plan.n_before, plan.n_after, plan.window.n_samples)
        histogram = ChannelHistogram()
        rows = RowCheck(self._report, plan.window, self._metadata.peak_channel, template, histogram)
        order = [(split, path) for split in SPLITS for path in self._shards[split]]
        damages = damages_ahead(self._folder, [self._listed[path] for _, path in order])
        for split in SPLITS:
            rows.start_split(split)
            for path in self._shards[split]:
                record, damage = next(damages)
                if damage is None:
                    rows.check_shard(self._folder / path, self._where(path), self._progress.advance)
                else:
                    self._report.add(self._where(path), **vars(damage))
                    self._progress.advance(record.size)
                    rows.skip_shard()
            rows.finish_split(self._where(split))
        if rows.is_whole:
            self._check_sums(plan, rows, template)
            if self._stats is not None:
                shards = [self._folder / path for path in self._shards["train"]]
                where = self._where(STATS_NAME)
                check_quartiles(self._stats, histogram.quartiles(), shards, where, self._report)

    def _check_sums(self, plan: Plan, rows: RowCheck, template: TemplateSum) -> None:
        metadata, report = self._metadata, self._report
        for split, n_spikes in rows.n_spikes.items():
            recorded: Any = metadata.splits[split].spikes  # type: ignore[index]
            report.equal(self._where(split), "spikes", recorded, n_spikes)
        where = self._where(PATCH_NAME)
        spikes = patch_spikes(self._patch, plan.window, where, report)
        if spikes is not None:
            check_spikes(rows.spikes, spikes, where, report)
        where = self._where(TEMPLATES_NAME)
        used = metadata.n_spikes_used_for_templates
        report.equal(
            self._where(METADATA_NAME), "spikes used for the template", template.n_used, used
        )
        check_template_mean(self._template, template.mean_uV(), template.n_used, where, report)
