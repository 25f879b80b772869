"""The table of spikes in a few numbers a cell."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class SpikeSummary:
    """The spikes of one cell.

    Attributes
    ----------
    cell_id : str
    n_spikes : int
    rate_hz : float or None
        In the analysis window; None where its length is not known.
    median_interval_ms : float or None
        Between one spike and the next; None for fewer than two.
    least_amplitude_uV, largest_amplitude_uV : float or None
        Of ``amplitude_uV``; None where the table has no such column, or no value in it.
    """

    cell_id: str
    n_spikes: int
    rate_hz: float | None
    median_interval_ms: float | None
    least_amplitude_uV: float | None
    largest_amplitude_uV: float | None


def summarize_spikes(spikes: pa.Table, cells: pa.Table) -> list[SpikeSummary]:
    """One summary a built cell that has spikes in the table, in the table's order.

    Parameters
    ----------
    spikes : pyarrow.Table
        As `spe1_builder.reading.spikes.spikes` gives it: cell after cell, in the order of time.
    cells : pyarrow.Table
        As `spe1_builder.reading.catalogue.cells` gives it of the same root.
    """
    durations_s = dict(
        zip(cells["cell_id"].to_pylist(), cells["duration_s"].to_pylist(), strict=True)
    )
    names = np.array(spikes["cell_id"].to_pylist(), dtype=object)
    summaries = []
    for cell_id in dict.fromkeys(names.tolist()):
        of_cell = spikes.filter(names == cell_id)
        duration_s = durations_s.get(cell_id)
        intervals_s = np.diff(of_cell["time_s"].to_numpy())
        least_uV, largest_uV = _range_uV(of_cell)
        summaries.append(
            SpikeSummary(
                cell_id=cell_id,
                n_spikes=of_cell.num_rows,
                rate_hz=of_cell.num_rows / duration_s if duration_s else None,
                median_interval_ms=(
                    float(np.median(intervals_s)) * 1000.0 if len(intervals_s) else None
                ),
                least_amplitude_uV=least_uV,
                largest_amplitude_uV=largest_uV,
            )
        )
    return summaries


def _range_uV(of_cell: pa.Table) -> tuple[float | None, float | None]:
    if "amplitude_uV" not in of_cell.column_names:
        return None, None
    import pyarrow.compute as pc

    found = pc.min_max(of_cell["amplitude_uV"]).as_py()
    return found["min"], found["max"]
