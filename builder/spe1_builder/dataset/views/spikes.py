"""The view ``spikes``: a row for each ground-truth spike, with its waveforms."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from spe1_builder.dataset.metadata import ConversionMetadata
from spe1_builder.dataset.spikes.arrow import column, lists, texts
from spe1_builder.dataset.spikes.cell import CellSpikes
from spe1_builder.dataset.spikes.columns import spike_table, spike_values
from spe1_builder.dataset.views.channels import channel_columns, nearest_channels
from spe1_builder.dataset.views.view import View, ViewColumn
from spe1_builder.layout import SPLITS

#: 40 channels of 90 samples: with ten rows as JSON the Hub's viewer has 200 kB, which leaves
#: 4.9 characters for a value.
N_CHANNELS_SHOWN = 40
BEFORE_MS, AFTER_MS = 1.0, 2.0
N_BEFORE, N_AFTER = 30, 60
#: What waveforms are rounded to: of 1/64 uV a value takes 8.6 characters, of 1/2 uV 4.6 (noise
#: of c26). The converter's step is 2.34 uV, and the rows have the exact values.
WAVEFORM_STEP_UV = 0.5
#: The same for the patch trace, in its own unit.
PATCH_STEPS = {"pA": 1 / 8, "mV": 1 / 64}
#: Rows of a record batch: 2 MB.
_BATCH_SPIKES = 128
#: Samples that are read at once at most, 14 MB: as they lie in the file, channel by channel.
_MOST_SAMPLES = 90_000

_SHARED = (
    ViewColumn("cell_id", "string", "", "the cell"),
    ViewColumn("spike_index", "int64", "", "from 0 in the cell, over both splits"),
    ViewColumn("time_s", "float64", "s", "from the start of the analysis window"),
    ViewColumn("sample", "int64", "", "the same at 30 kHz"),
    ViewColumn(
        "patch_time_s",
        "float64",
        "s",
        "of the patch sample that it was found at, not rounded to 30 kHz; null for cells built "
        "before data 1.2.0",
    ),
    ViewColumn(
        "amplitude_uV",
        "float32",
        "µV",
        "on the peak channel, where the template has its peak; null beyond the window's end",
    ),
    ViewColumn("isi_s", "float64", "s", "since the spike before; null for the first"),
    ViewColumn("burst_index", "int64", "", "place in its burst (intervals below 10 ms), from 0"),
)
_OWN = (
    ViewColumn("is_whole", "bool", "", "false where the recording ends within the waveforms"),
    ViewColumn("patch_units", "string", "", "of `patch_waveform`: `pA` or `mV`"),
    ViewColumn("patch_rate_hz", "float64", "Hz", "of `patch_waveform`"),
    ViewColumn(
        "waveform",
        "list<list<float32>>",
        "µV",
        f"`[{N_CHANNELS_SHOWN}][{N_BEFORE + N_AFTER}]` at 30 kHz, {BEFORE_MS:g} ms before to "
        f"{AFTER_MS:g} ms after (the spike is sample {N_BEFORE}), rounded to {WAVEFORM_STEP_UV:g} "
        "µV; zeros where there is no recording",
    ),
    *channel_columns(N_CHANNELS_SHOWN),
    ViewColumn("target_xy_um", "list<float32>", "µm", "x, y of the ground-truth electrode"),
    ViewColumn(
        "patch_waveform",
        "list<float32>",
        "`patch_units`",
        "the patch trace, as long before and after, at `patch_rate_hz`, rounded to 1/8 pA or "
        "1/64 mV; null for cells built before data 1.2.0",
    ),
)


def _n_rows(metadata: ConversionMetadata, split: str) -> int:
    return metadata.splits[split].spikes  # type: ignore[index]


def _arrays(cell: CellSpikes, split: str) -> Iterator[dict[str, pa.Array]]:
    table = spike_table([spike_values(cell)])
    there = np.flatnonzero(cell.is_train == (split == "train"))
    channels = nearest_channels(cell, N_CHANNELS_SHOWN)
    positions_um = cell.template.positions_um[channels]
    target_um = np.array(cell.metadata.unit_locations_um["0"][:2], np.float32)
    patch = cell.metadata.patch
    for start in range(0, len(there), _BATCH_SPIKES):
        spikes = there[start : start + _BATCH_SPIKES]
        n_spikes = len(spikes)
        # The spikes of a split follow each other.
        rows = table.slice(spikes[0], n_spikes).combine_chunks()
        waveforms_uV, is_whole = _waveforms_uV(cell, cell.samples[spikes], channels)
        patch_waveforms, is_whole_too = _patch_waveforms(cell, spikes)
        yield {
            **{shared.name: rows[shared.name].chunk(0) for shared in _SHARED},
            "is_whole": column(is_whole & is_whole_too),
            "patch_units": texts([patch.units] * n_spikes),
            "patch_rate_hz": column(np.full(n_spikes, patch.rate_hz)),
            "waveform": lists(waveforms_uV),
            "channel_ids": lists(np.tile(channels, (n_spikes, 1))),
            "channel_positions_um": lists(np.tile(positions_um, (n_spikes, 1, 1))),
            "target_xy_um": lists(np.tile(target_um, (n_spikes, 1))),
            "patch_waveform": patch_waveforms,
        }


def _waveforms_uV(
    cell: CellSpikes, samples: np.ndarray, channels: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Windows around spikes, (n_spikes, n_channels, n_samples); which are whole, (n_spikes,)."""
    n_samples = cell.traces.n_samples
    windows_uV = np.zeros((len(samples), len(channels), N_BEFORE + N_AFTER), np.float32)
    first = 0
    while first < len(samples):
        stop = int(np.searchsorted(samples, samples[first] + _MOST_SAMPLES))
        low = max(int(samples[first]) - N_BEFORE, 0)
        high = min(int(samples[stop - 1]) + N_AFTER, n_samples)
        block_uV = cell.traces.window_uV(channels, low, high)
        for i in range(first, stop):
            _cut(block_uV, int(samples[i]) - N_BEFORE - low, windows_uV[i])
        first = stop
    is_whole = (samples >= N_BEFORE) & (samples + N_AFTER <= n_samples)
    return _rounded(windows_uV, WAVEFORM_STEP_UV), is_whole


def _patch_waveforms(cell: CellSpikes, spikes: np.ndarray) -> tuple[pa.Array, np.ndarray]:
    """The same of the patch trace."""
    if cell.patch_indices is None:
        nothing = pa.nulls(len(spikes), pa.list_(pa.float32()))
        return nothing, np.ones(len(spikes), dtype=bool)
    patch, trace = cell.metadata.patch, cell.patch_array("patch_v")
    n_before, n_after = (round(ms * patch.rate_hz / 1000.0) for ms in (BEFORE_MS, AFTER_MS))
    indices = cell.patch_indices[spikes]
    windows = np.zeros((len(spikes), n_before + n_after), np.float32)
    for i, index in enumerate(indices.tolist()):
        _cut(trace, index - n_before, windows[i])
    is_whole = (indices >= n_before) & (indices + n_after <= len(trace))
    return lists(_rounded(windows, PATCH_STEPS[patch.units])), is_whole


def _cut(traces: np.ndarray, start: int, window: np.ndarray) -> None:
    """Fill a window, (..., n_samples), from traces; beyond their ends it stays as it is."""
    n_samples = window.shape[-1]
    low, high = max(start, 0), min(start + n_samples, traces.shape[-1])
    if low < high:
        window[..., low - start : high - start] = traces[..., low:high]


def _rounded(values: np.ndarray, step: float) -> np.ndarray:
    """To whole steps, a power of 2, so that nothing is lost on the way to float32."""
    # Adding zero turns -0.0, which JSON would show, into 0.0.
    return np.rint(values / np.float32(step)) * np.float32(step) + np.float32(0)


SPIKES = View(
    name="spikes",
    holds="one row for each ground-truth spike: its times, its amplitude, and its waveforms on "
    f"the {N_CHANNELS_SHOWN} channels nearest to the peak and in the patch",
    version=1,
    splits=SPLITS,
    columns=(*_SHARED, *_OWN),
    n_rows=_n_rows,
    arrays=_arrays,
)
