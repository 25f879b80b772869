"""The statistics of a cell against those of its rows, counted again while they passed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from builder.dataset.metadata import DatasetStats
from builder.dataset.shards import read_channel
from builder.dataset.verify.report import Report
from builder.signal.histogram import BIN_WIDTH_UV, Quartiles

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
    rows = {name: getattr(quartiles, name).copy() for name in _TOLERANCE_UV}
    for channel in np.flatnonzero(np.isnan(list(rows.values())).any(axis=0)):
        exact = _exact_quartiles(read_channel(list(train_shards), int(channel)))
        for name, value in exact.items():
            rows[name][channel] = value
    for name, tolerance_uV in _TOLERANCE_UV.items():
        stored = np.array(getattr(stats, name))
        is_good = np.isclose(stored, rows[name], rtol=_RELATIVE_TOLERANCE, atol=tolerance_uV)
        wrong = np.flatnonzero(~is_good)
        if len(wrong):
            first = wrong[0]
            report.add(
                where,
                name,
                expected=f"{rows[name][first]:.6g} uV as in the rows, to {tolerance_uV:g} uV",
                got=f"{stored[first]:.6g} uV on channel {first}, {len(wrong)} channels in all",
            )


def _exact_quartiles(trace_uV: np.ndarray) -> dict[str, float]:
    """Of one channel, float32 (n_samples,), which is used up: one copy is large enough."""
    low, median, high = np.quantile(trace_uV, [0.25, 0.5, 0.75], overwrite_input=True)
    np.abs(trace_uV, out=trace_uV)
    abs_low, abs_high = np.quantile(trace_uV, [0.25, 0.75], overwrite_input=True)
    return {"median": median, "iqr": high - low, "abs_iqr": abs_high - abs_low}
