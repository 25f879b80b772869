"""``dataset_stats.json``: median and spread of every channel over the train split."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from spe1_builder.dataset.findings import Place, read_model_or_report
from spe1_builder.dataset.json_text import write_json
from spe1_builder.dataset.metadata import DatasetStats
from spe1_builder.dataset.rows.shards import read_channel
from spe1_builder.dataset.sidecars.facts import CellFacts
from spe1_builder.dataset.sidecars.sidecar import CheckedCell, RowTotals, Sidecar
from spe1_builder.layout import STATS_NAME
from spe1_builder.signal.quartiles.histogram import BIN_WIDTH_UV, RANGE_UV, Quartiles

#: A quartile is known to within its bin; an IQR is the difference of two.
_TOLERANCE_UV = {"median": BIN_WIDTH_UV, "iqr": 2 * BIN_WIDTH_UV, "abs_iqr": 2 * BIN_WIDTH_UV}
#: Of float32, which on channels far beyond the histogram is more than a bin.
_RELATIVE_TOLERANCE = float(np.finfo(np.float32).eps)


def write_stats(path: Path, facts: CellFacts) -> None:
    """Write median, IQR and IQR of the absolute value.

    Channels so large that a quartile lies beyond the histogram (a broken site, say)
    are read back from the shards and computed exactly.
    """
    stats = make_stats(
        facts.segments.train_histogram.quartiles(), facts.segments.writers["train"].shards
    )
    write_json(path, stats.model_dump())


def make_stats(quartiles: Quartiles, train_shards: list[Path]) -> DatasetStats:
    """The statistics of the train split from its histogram, and its shards where that ends."""
    method = f"histogram of {BIN_WIDTH_UV} uV bins, interpolated within a bin"
    wide = quartiles.wide_channels
    if wide:
        method += f"; exact for channels {wide}, beyond {RANGE_UV} uV"
    exact = quartiles.with_exact(lambda channel: read_channel(train_shards, channel))
    return DatasetStats(
        median=exact.median.tolist(),
        iqr=exact.iqr.tolist(),
        abs_iqr=exact.abs_iqr.tolist(),
        computed_on="train",
        n_samples=quartiles.n_samples,
        method=method,
    )


def check_stats(path: Path, cell: CheckedCell) -> DatasetStats | None:
    """Hold the file to its model and to the metadata."""
    found = cell.at(STATS_NAME)
    stats = read_model_or_report(path, DatasetStats, found)
    if stats is not None:
        found.equal("n_samples", cell.metadata.splits["train"].samples, stats.n_samples)
    return stats


def check_against_rows(stats: DatasetStats | None, cell: CheckedCell, rows: RowTotals) -> None:
    """The statistics against those of the rows, counted again while they passed."""
    if stats is not None:
        compare(stats, rows.quartiles, rows.train_shards, cell.at(STATS_NAME))


def compare(
    stats: DatasetStats, quartiles: Quartiles, train_shards: list[Path], found: Place
) -> None:
    """Statistics against the quartiles of rows; wide channels are read from the shards."""
    exact = quartiles.with_exact(lambda channel: read_channel(train_shards, channel))
    for name, tolerance_uV in _TOLERANCE_UV.items():
        stored, counted = np.array(getattr(stats, name)), getattr(exact, name)
        is_good = np.isclose(stored, counted, rtol=_RELATIVE_TOLERANCE, atol=tolerance_uV)
        wrong = np.flatnonzero(~is_good)
        if len(wrong):
            first = wrong[0]
            found.add(
                name,
                expected=f"{counted[first]:.6g} uV as in the rows, to {tolerance_uV:g} uV",
                got=f"{stored[first]:.6g} uV on channel {first}, {len(wrong)} channels in all",
            )


STATS = Sidecar(
    name=STATS_NAME,
    holds="median, IQR and IQR of the absolute value per channel, train split, uV",
    write=write_stats,
    check=check_stats,
    check_rows=check_against_rows,
)
