"""A folder as Kilosort and Phy leave it, with the patched neuron as its one unit.

Arrays of spikes have one dimension: SpikeLab reads no other, Phy and SpikeInterface read both.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from spe1_builder.export.binary import TRACES_NAME, write_descriptions, write_traces
from spe1_builder.export.check import require_same_spikes
from spe1_builder.export.signal import Signal
from spe1_builder.export.source import CellSource
from spe1_builder.progress import Progress

#: Cluster, template and unit.
_UNIT = 0
_TIMES_NAME = "spike_times.npy"


def write_phy(folder: Path, source: CellSource, signal: Signal, progress: Progress) -> str:
    """Write the folder; returns the traces' hash, read back."""
    digest = write_traces(folder / TRACES_NAME, signal, progress)
    write_descriptions(folder, source, signal)
    samples, n_channels = source.spikes.samples, len(source.channels)
    n_spikes = len(samples)
    identity = np.eye(n_channels)
    arrays = {
        _TIMES_NAME: samples,
        "spike_clusters.npy": np.full(n_spikes, _UNIT, np.int32),
        "spike_templates.npy": np.full(n_spikes, _UNIT, np.int32),
        "amplitudes.npy": _amplitudes(source),
        # In counts, which are not whitened, so that the matrices are 1.
        "templates.npy": (source.template_uV / np.float32(signal.uV_per_bit))[np.newaxis],
        "similar_templates.npy": np.ones((1, 1), np.float32),
        "whitening_mat.npy": identity,
        "whitening_mat_inv.npy": identity,
        # Columns of the file. A map of channels of the release would lead SpikeLab and Phy to
        # other rows of the positions.
        "channel_map.npy": np.arange(n_channels, dtype=np.int32),
        "channel_shanks.npy": np.zeros(n_channels, np.int32),
    }
    for name, values in arrays.items():
        np.save(folder / name, values)
    (folder / "cluster_group.tsv").write_text(f"cluster_id\tgroup\n{_UNIT}\tgood\n")
    require_same_spikes(folder / _TIMES_NAME, samples, np.load(folder / _TIMES_NAME))
    return digest


def _amplitudes(source: CellSource) -> np.ndarray:
    """Size of each spike as a multiple of the mean spike, which is what the template is of it.

    float64 (n_spikes,); 1 where the peak lies outside the window.
    """
    spikes = source.spikes
    mean_uV = spikes.template.mean_uV[:, spikes.metadata.peak_channel]
    at_peak_uV = float(mean_uV[np.abs(mean_uV).argmax()])
    ratios = spikes.amplitudes_uV.astype(np.float64) / at_peak_uV
    return np.where(np.isfinite(ratios), ratios, 1.0)
