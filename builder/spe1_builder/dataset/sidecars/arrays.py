"""The small files of a built cell: template, patch trace, statistics."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from spe1_builder.cells import PatchType
from spe1_builder.constants import NPX_RATE_HZ
from spe1_builder.dataset.metadata import DatasetStats
from spe1_builder.dataset.write.rows import write_json
from spe1_builder.dataset.write.shards import read_channel
from spe1_builder.layout import PATCH_NAME, STATS_NAME, TEMPLATES_NAME
from spe1_builder.signal.quartiles.histogram import BIN_WIDTH_UV, RANGE_UV, Quartiles
from spe1_builder.signal.template import Template
from spe1_builder.source.recording.patch import PatchWindow

#: Patch samples copied at a time.
_PIECE_SAMPLES = 1_000_000


def write_templates(folder: Path, template: Template, positions_um: np.ndarray) -> None:
    """``templates.npz``: the contract's five arrays, no pickles.

    Parameters
    ----------
    positions_um : np.ndarray
        float32 (n_channels, 2).
    """
    np.savez(
        folder / TEMPLATES_NAME,
        templates=template.mean_uV[np.newaxis],
        sampling_frequency=NPX_RATE_HZ,
        probe_positions=positions_um,
        nbefore=template.n_before,
        nafter=template.n_after,
    )


def write_patch(
    folder: Path, cell_id: str, window: PatchWindow, patch_type: PatchType, spikes: np.ndarray
) -> None:
    """``patch.npz``: the patch trace of the analysis window and the spike times.

    The two long arrays are streamed, so that memory stays flat.

    Parameters
    ----------
    spikes : np.ndarray
        int64 (n_spikes,), samples of the analysis window.
    """
    ranges = [
        (first, min(first + _PIECE_SAMPLES, window.last))
        for first in range(window.first, window.last, _PIECE_SAMPLES)
    ]
    traces = (window.raw.read_patch(*piece).astype(np.float32) for piece in ranges)
    times_s = (window.times_s(*piece) for piece in ranges)
    with zipfile.ZipFile(folder / PATCH_NAME, "w", zipfile.ZIP_STORED, allowZip64=True) as archive:
        _stream_array(archive, "patch_v", np.dtype(np.float32), len(window), traces)
        _stream_array(archive, "t_patch_s", np.dtype(np.float64), len(window), times_s)
        small = {
            "spike_times_s": spikes / NPX_RATE_HZ,
            "patch_type": np.array(patch_type.public_name),
            "clamp": np.array(patch_type.clamp),
            "patch_units": np.array(patch_type.units),
            "cell_id": np.array(cell_id),
            "window_start_s": np.array(window.start / NPX_RATE_HZ),
        }
        for name, array in small.items():
            # ZipInfo of a bare name has a fixed date, so that the bytes repeat.
            with archive.open(zipfile.ZipInfo(f"{name}.npy"), "w") as file:
                np.lib.format.write_array(file, np.asarray(array), allow_pickle=False)


def _stream_array(
    archive: zipfile.ZipFile, name: str, dtype: np.dtype, length: int, pieces: Iterator[np.ndarray]
) -> None:
    header = {
        "descr": np.lib.format.dtype_to_descr(dtype),
        "fortran_order": False,
        "shape": (length,),
    }
    with archive.open(zipfile.ZipInfo(f"{name}.npy"), "w", force_zip64=True) as file:
        np.lib.format.write_array_header_1_0(file, header)
        for piece in pieces:
            file.write(piece.data.cast("B"))


def write_stats(folder: Path, quartiles: Quartiles, train_shards: list[Path]) -> None:
    """``dataset_stats.json``: median, IQR and IQR of the absolute value, train split.

    Channels so large that a quartile lies beyond the histogram (a broken site, say)
    are read back from the shards and computed exactly.
    """
    method = f"histogram of {BIN_WIDTH_UV} uV bins, interpolated within a bin"
    wide = quartiles.wide_channels
    if wide:
        method += f"; exact for channels {wide}, beyond {RANGE_UV} uV"
    exact = quartiles.with_exact(lambda channel: read_channel(train_shards, channel))
    stats = DatasetStats(
        median=exact.median.tolist(),
        iqr=exact.iqr.tolist(),
        abs_iqr=exact.abs_iqr.tolist(),
        computed_on="train",
        n_samples=quartiles.n_samples,
        method=method,
    )
    write_json(folder / STATS_NAME, stats.model_dump())
