"""A flat binary file of the traces, and what Kilosort, Phy and SpikeSift ask beside it."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from spe1_builder.constants import NPX_RATE_HZ
from spe1_builder.disk.direct import HashingFile, hash_file
from spe1_builder.export.check import require_same_traces
from spe1_builder.export.signal import Signal
from spe1_builder.export.source import CellSource
from spe1_builder.progress import Progress, stage

TRACES_NAME = "recording.dat"
PARAMS_NAME = "params.py"
PROBE_NAME = "probe.json"
CHANNEL_MAP_NAME = "chanMap.mat"
POSITIONS_NAME = "channel_positions.npy"
SPIKES_NAME = "ground_truth_samples.npy"


def write_binary(folder: Path, source: CellSource, signal: Signal, progress: Progress) -> str:
    """Write the traces and their descriptions; returns the traces' hash, read back.

    ``recording.dat`` is time-major, C order (n_samples, n_channels), without a header.
    """
    digest = write_traces(folder / TRACES_NAME, signal, progress)
    write_descriptions(folder, source, signal)
    np.save(folder / SPIKES_NAME, source.spikes.samples)
    return digest


def write_traces(path: Path, signal: Signal, progress: Progress) -> str:
    """The flat file, read back from the disk.

    Raises
    ------
    OutputError
        What is read is not what was written.
    """
    file = HashingFile(path)
    try:
        for piece in signal.pieces(progress, "write"):
            file.write(piece)
        file.close()
    finally:
        file.abandon()
    with stage(progress, "check", 1, "files"):
        digest = hash_file(path)
    require_same_traces(path, file.xxh3_128, digest)
    return digest


def write_descriptions(folder: Path, source: CellSource, signal: Signal) -> None:
    """Geometry and format of the flat file, once for each program that reads it."""
    import scipy.io
    from probeinterface import write_probeinterface

    positions_um, n_channels = source.positions_um, len(source.channels)
    probe = source.recording.get_probe()
    probe.annotate_contacts(
        channel=source.channels, quality=source.recording.get_property("quality")
    )
    write_probeinterface(folder / PROBE_NAME, probe)
    np.save(folder / POSITIONS_NAME, positions_um)
    index = np.arange(n_channels, dtype=np.float64)[:, np.newaxis]
    scipy.io.savemat(
        folder / CHANNEL_MAP_NAME,
        {
            "name": source.metadata.cell_id,
            "chanMap": index + 1,
            "chanMap0ind": index,
            "connected": ~source.is_bad[:, np.newaxis],
            "xcoords": positions_um[:, :1],
            "ycoords": positions_um[:, 1:],
            "kcoords": np.ones((n_channels, 1)),
            "fs": NPX_RATE_HZ,
        },
    )
    (folder / PARAMS_NAME).write_text(
        f"dat_path = '{TRACES_NAME}'\n"
        f"n_channels_dat = {n_channels}\n"
        f"dtype = '{signal.dtype}'\n"
        "offset = 0\n"
        f"sample_rate = {NPX_RATE_HZ}\n"
        "hp_filtered = True\n",
        encoding="utf-8",
    )
