"""What makes a cell easy or hard to sort."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from spe1_builder.benchmark.sorting.cell import SortingCell
from spe1_builder.benchmark.sorting.schema_cells import CellFacts
from spe1_builder.constants import NPX_RATE_HZ
from spe1_builder.errors import MissingFileError

#: Of a simulated cell: a template that is lower has nothing that a person would see. The release
#: counts channels from 20 uV on; its lowest cell with a waveform of its own has 9.
LEAST_SPIKE_UV = 9.0


def cell_facts(cell: SortingCell, detectability: float | None) -> CellFacts:
    """What is measured of a cell on the channels that sorters are given."""
    template_uV = cell.spikes.template.mean_uV[:, cell.peak_channel]
    intervals_s = cell.spikes.intervals_s
    n = len(cell.truth)
    return CellFacts(
        has_extracellular_spike=has_extracellular_spike(cell),
        n_channels=len(cell.channels),
        peak_channel=cell.peak_channel,
        peak_to_peak_uV=float(np.ptp(template_uV)),
        noise_uV=cell.noise_uV,
        snr=float(np.abs(template_uV).max()) / cell.noise_uV,
        detectability=detectability,
        firing_rate_hz=n / cell.n_samples * NPX_RATE_HZ,
        burst_share=float((cell.spikes.burst_indices > 0).mean()) if n else 0.0,
    )


def has_extracellular_spike(cell: SortingCell) -> bool:
    """Whether the patched neuron has an extracellular spike.

    Of 21 of the 43 real neurons the release's authors show one; of a simulated neuron the
    template says it.
    """
    from spe1_builder.source.scraps.packaged import scraps

    if cell.metadata.provenance.kind == "simulated":
        template_uV = cell.spikes.template.mean_uV[:, cell.peak_channel]
        return bool(np.ptp(template_uV) >= LEAST_SPIKE_UV)
    return cell.metadata.cell_id in {one.cell_id for one in scraps().cells}


def planted_others(cell: SortingCell, raw_dir: Path | None) -> Sequence[np.ndarray] | None:
    """Spikes of a simulated cell's other neurons, samples of its window; None where unknown."""
    from spe1_builder.source.simulation.truth import read_truth

    if raw_dir is None or cell.metadata.provenance.kind == "recorded":
        return None
    try:
        truth = read_truth(raw_dir, cell.metadata.cell_id)
    except MissingFileError:
        return None
    start = cell.metadata.analysis_window.start_sample
    samples = np.rint(truth.background_samples).astype(np.int64) - start
    is_inside = (samples >= 0) & (samples < cell.n_samples)
    samples, units = samples[is_inside], truth.background_units[is_inside]
    return [np.sort(samples[units == i]) for i in range(len(truth.background_locations_um))]
