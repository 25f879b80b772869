"""The statistics of a cell against those of its rows, counted again while they passed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from spe1_builder.dataset.metadata import DatasetStats
from spe1_builder.dataset.verify.report import Report
from spe1_builder.dataset.write.shards import read_channel
from spe1_builder.signal.quartiles.histogram import BIN_WIDTH_UV, Quartiles

#: A quartile is known to within its bin; an IQR is the difference of two.
_TOLERANCE_UV = {"median": BIN_WIDTH_UV, "iqr": 2 * BIN_WIDTH_UV, "abs_iqr": 2 * BIN_WIDTH_UV}
#: Of float32, which on channels far beyond the histogram is more than a bin.
_RELATIVE_TOLERANCE = float(np.finfo(np.float32).eps)


def check_quartiles(
    stats: DatasetStats,
    quartiles: Quartiles,
    train_shards: Sequence[Path],
    where: str,
    report: Report,
) -> None:
    """Median, IQR and IQR of the absolute value of each channel, against the rows' own.

    Parameters
    ----------
    stats : DatasetStats
    quartiles : Quartiles
        Of the rows of ``train``.
    train_shards : sequence of Path
        Whole; channels whose quartiles lie beyond the histogram are read from them.
    where : str
    report : Report
    """
    exact = quartiles.with_exact(lambda channel: read_channel(list(train_shards), channel))
    for name, tolerance_uV in _TOLERANCE_UV.items():
        stored, rows = np.array(getattr(stats, name)), getattr(exact, name)
        is_good = np.isclose(stored, rows, rtol=_RELATIVE_TOLERANCE, atol=tolerance_uV)
        wrong = np.flatnonzero(~is_good)
        if len(wrong):
            first = wrong[0]
            report.add(
                where,
                name,
                expected=f"{rows[first]:.6g} uV as in the rows, to {tolerance_uV:g} uV",
                got=f"{stored[first]:.6g} uV on channel {first}, {len(wrong)} channels in all",
            )
