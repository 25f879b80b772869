"""An HDF5 file of spike trains in the four styles that SpikeLab's loader knows."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from spe1_builder.constants import NPX_RATE_HZ
from spe1_builder.export.check import require_same_spikes
from spe1_builder.export.packages import require_package
from spe1_builder.export.source import CellSource

#: Width of a bin of the raster.
RASTER_BIN_MS = 1.0


def write_spikelab(path: Path, source: CellSource) -> None:
    """Write the spikes of the patched neuron, from the start of the analysis window.

    ``spike_times`` (s) with ``spike_times_index``; ``idces`` with ``times`` (s);
    ``units/0`` (s); ``raster``, counts in bins of 1 ms. The file's ``length_ms`` and
    ``start_time`` are those of SpikeLab's own exporter.
    """
    h5py = require_package("h5py")
    samples, metadata = source.spikes.samples, source.metadata
    times_s = samples / NPX_RATE_HZ
    length_ms = metadata.analysis_window.n_samples / NPX_RATE_HZ * 1e3
    x_um, y_um = source.positions_um[source.peak].tolist()
    with h5py.File(path, "w") as file:
        file.attrs["length_ms"] = length_ms
        file.attrs["start_time"] = 0.0
        file.attrs["cell_id"] = metadata.cell_id
        file.attrs["origin"] = metadata.provenance.kind
        file.attrs["fingerprint"] = metadata.provenance.fingerprint
        file.attrs["peak_channel"] = int(source.channels[source.peak])
        file.attrs["peak_channel_position_um"] = [x_um, y_um]
        file["spike_times"] = times_s
        file["spike_times_index"] = np.array([len(times_s)], dtype=np.int64)
        file["times"] = times_s
        file["idces"] = np.zeros(len(times_s), dtype=np.int64)
        file["units/0"] = times_s
        # By whole samples: no spike falls on the wrong side of a bin's edge.
        bin_samples = round(RASTER_BIN_MS * NPX_RATE_HZ / 1e3)
        n_bins = -(-metadata.analysis_window.n_samples // bin_samples)
        counts = np.bincount(samples // bin_samples, minlength=n_bins)
        file.create_dataset("raster", data=counts[np.newaxis].astype(np.int16), compression="gzip")
    with h5py.File(path, "r") as file:
        read = np.rint(file["spike_times"][:] * NPX_RATE_HZ).astype(np.int64)
    require_same_spikes(path, samples, read)
