"""The view ``mini``: ten seconds of every cell, for a laptop and for tests of other programs."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from spe1_builder.constants import NPX_RATE_HZ
from spe1_builder.dataset.metadata import ConversionMetadata
from spe1_builder.dataset.spikes.arrow import column, lists, texts
from spe1_builder.dataset.spikes.cell import CellSpikes
from spe1_builder.dataset.views.channels import channel_columns, nearest_channels
from spe1_builder.dataset.views.view import View, ViewColumn

N_CHANNELS_SHOWN = 64
N_WINDOWS = 10
WINDOW_SAMPLES = 30_000
#: What a count stands for: int16 then reaches 1,024 uV, about what the converter does.
SCALE_UV = 1 / 32
_LARGEST_COUNT = 32_767

_COLUMNS = (
    ViewColumn("cell_id", "string", "", "the cell"),
    ViewColumn("start_s", "float64", "s", "of the window, from the start of the analysis window"),
    ViewColumn(
        "scale_uV",
        "float64",
        "µV",
        "what a count of `traces` stands for: 1/32, and more only where a value is beyond the "
        "1,023.97 µV that int16 holds so (1/16, 1/8, ...)",
    ),
    ViewColumn("spike_times_s", "list<float64>", "s", "ground-truth spikes, from `start_s`"),
    *channel_columns(N_CHANNELS_SHOWN),
    ViewColumn(
        "traces",
        "list<list<int16>>",
        "`scale_uV` µV",
        f"`[{N_CHANNELS_SHOWN}][{WINDOW_SAMPLES}]` at 30 kHz",
    ),
)


def _windows(metadata: ConversionMetadata) -> list[range]:
    """The first whole seconds of train, ten at most; what there is, where it has not one."""
    n_samples = metadata.splits["train"].samples
    n_whole = min(n_samples // WINDOW_SAMPLES, N_WINDOWS)
    whole = [range(i * WINDOW_SAMPLES, (i + 1) * WINDOW_SAMPLES) for i in range(n_whole)]
    return whole or [range(n_samples)]


def _n_rows(metadata: ConversionMetadata, split: str) -> int:
    return len(_windows(metadata))


def _arrays(cell: CellSpikes, split: str) -> Iterator[dict[str, pa.Array]]:
    channels = nearest_channels(cell, N_CHANNELS_SHOWN)
    positions_um = cell.template.positions_um[channels]
    for window in _windows(cell.metadata):
        counts, scale_uV = to_counts(cell.traces.window_uV(channels, window.start, window.stop))
        first, last = np.searchsorted(cell.samples, (window.start, window.stop))
        spikes = cell.samples[first:last] - window.start
        yield {
            "cell_id": texts([cell.metadata.cell_id]),
            "start_s": column(np.array([window.start / NPX_RATE_HZ])),
            "scale_uV": column(np.array([scale_uV])),
            "spike_times_s": lists((spikes / NPX_RATE_HZ)[np.newaxis]),
            "channel_ids": lists(channels[np.newaxis]),
            "channel_positions_um": lists(positions_um[np.newaxis]),
            "traces": lists(counts[np.newaxis]),
        }


def to_counts(traces_uV: np.ndarray) -> tuple[np.ndarray, float]:
    """Traces in whole counts, none of which is clipped or wraps.

    Parameters
    ----------
    traces_uV : np.ndarray
        float32 (n_channels, n_samples)

    Returns
    -------
    counts : np.ndarray
        int16 (n_channels, n_samples)
    scale_uV : float
        What a count stands for: `SCALE_UV`, doubled until the largest value fits.

    Raises
    ------
    ValueError
        There is NaN or infinity.
    """
    largest_uV = float(np.abs(traces_uV).max())
    if not np.isfinite(largest_uV):
        raise ValueError("traces that are not finite")
    scale_uV = SCALE_UV
    while np.rint(largest_uV / scale_uV) > _LARGEST_COUNT:
        scale_uV *= 2
    return np.rint(traces_uV / np.float32(scale_uV)).astype(np.int16), scale_uV


MINI = View(
    name="mini",
    holds=f"the first {N_WINDOWS} whole seconds of each cell's train split, one row a second, on "
    f"the {N_CHANNELS_SHOWN} channels nearest to the peak, as int16",
    version=1,
    splits=("train",),
    columns=_COLUMNS,
    n_rows=_n_rows,
    arrays=_arrays,
)
