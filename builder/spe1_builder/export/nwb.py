"""An NWB file: traces, patch, the patched neuron's unit, electrodes, where it comes from."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from spe1_builder.cells import Cell, get_cell
from spe1_builder.constants import CITATION, HOMEPAGE, LICENSE_NAME, NPX_RATE_HZ, PREPROCESSING
from spe1_builder.export.check import require_same_spikes, require_same_traces
from spe1_builder.export.nwb_traces import compressed, read_pieces
from spe1_builder.export.packages import require_package
from spe1_builder.export.signal import Digest, Signal, digest_of
from spe1_builder.export.source import CellSource
from spe1_builder.progress import Progress, stage
from spe1_builder.reading.spikeinterface.patch import PatchTrace, patch_trace

if TYPE_CHECKING:
    from pynwb import NWBFile

#: Of the traces in the file.
SERIES_NAME = "ElectricalSeries"
_MODULE_NAME, _INTERFACE_NAME = "ecephys", "FilteredEphys"
TRACES_PATH = f"processing/{_MODULE_NAME}/{_INTERFACE_NAME}/{SERIES_NAME}"
_VOLTS = 1e-6
_FILTERING = f"{PREPROCESSING}; zero phase, order 5; median over all 384 channels subtracted"


def write_nwb(path: Path, source: CellSource, signal: Signal, progress: Progress) -> str:
    """Write the file; returns the traces' hash, read back.

    Time 0 is the start of the analysis window.
    """
    pynwb = require_package("pynwb")
    h5py = require_package("h5py")
    digest = Digest()
    pieces = digest.over(signal.pieces(progress, "write"))
    file = _described(pynwb, source)
    _add_traces(pynwb, file, source, signal, pieces)
    _add_patch(pynwb, file, source)
    _add_unit(file, source)
    with pynwb.NWBHDF5IO(str(path), "w") as io:
        io.write(file)
    with h5py.File(path, "r") as written, stage(progress, "check", signal.n_bytes, "B"):
        read = digest_of(read_pieces(written[f"{TRACES_PATH}/data"], progress))
        spikes = np.rint(written["units/spike_times"][:] * NPX_RATE_HZ).astype(np.int64)
    require_same_traces(path, digest.xxh3_128, read)
    require_same_spikes(path, source.spikes.samples, spikes)
    return read


def _described(pynwb: Any, source: CellSource) -> NWBFile:
    """The file with its session and its subject."""
    metadata, cell = source.metadata, get_cell(source.metadata.cell_id)
    kind = metadata.provenance.kind
    what = "Recorded." if kind == "recorded" else f"NOT RECORDED: this cell is {kind}."
    length_s = metadata.analysis_window.n_samples / NPX_RATE_HZ
    file = pynwb.NWBFile(
        session_description=f"SPE-1 {cell.cell_id}: one cortical neuron patched "
        f"({cell.patch_type.release_name}) beside a Neuropixels probe. {what}",
        identifier=f"spe1-{cell.cell_id}-{metadata.provenance.fingerprint}",
        # The release has the day, not the hour.
        session_start_time=datetime.fromisoformat(cell.date).replace(tzinfo=UTC),
        session_id=f"{cell.cell_id}-session-{cell.session}",
        experimenter=["Marques-Smith, André", "Neto, Joana P.", "Kampff, Adam R."],
        institution="Sainsbury Wellcome Centre, University College London",
        lab="Kampff",
        keywords=["Neuropixels", "patch clamp", "ground truth", "spike sorting", kind],
        related_publications=["doi:10.1101/370080", "doi:10.6080/K0J67F4T"],
        experiment_description=f"Paired recording of the release SPE-1 ({HOMEPAGE}). {CITATION}.",
        data_collection=f"Licence: {LICENSE_NAME}. Source: {HOMEPAGE}.",
        notes=f"{what} Time 0 is the start of the analysis window of {length_s:.3f} s, which is "
        f"{source.window_start_s:g} s after the start of the recording. The hour of the session "
        f"is not known. Build {metadata.provenance.fingerprint}, data version "
        f"{metadata.provenance.data_version}.",
        source_script="spe1 export --to nwb",
        source_script_file_name="spe1",
    )
    file.subject = pynwb.file.Subject(
        subject_id=f"session-{cell.session}",
        description=f"Anaesthetised rat; sex and age are not in the release. {what}",
        species="Rattus norvegicus",
        sex="U",
    )
    return file


def _add_traces(
    pynwb: Any, file: NWBFile, source: CellSource, signal: Signal, pieces: Iterator[np.ndarray]
) -> None:
    probe = file.create_device(
        name="probe", description="Neuropixels 1.0, Phase 3A, option 1; imec", manufacturer="imec"
    )
    group = file.create_electrode_group(
        name="shank0",
        description="The one shank. Positions x, y (and rel_x, rel_y) are on the probe, um, "
        "y from the tip upwards; they are not stereotaxic.",
        location="cortex",
        device=probe,
    )
    _add_electrodes(file, group, source)
    region = file.create_electrode_table_region(
        region=list(range(len(source.channels))), description="every exported channel"
    )
    series = pynwb.ecephys.ElectricalSeries(
        name=SERIES_NAME,
        description="Preprocessed traces of the analysis window.",
        data=compressed(signal, pieces),
        electrodes=region,
        starting_time=0.0,
        rate=NPX_RATE_HZ,
        conversion=signal.uV_per_bit * _VOLTS,
        offset=0.0,
        filtering=_FILTERING,
    )
    module = file.create_processing_module(
        name=_MODULE_NAME, description="Preprocessed extracellular traces."
    )
    module.add(pynwb.ecephys.FilteredEphys(name=_INTERFACE_NAME, electrical_series=series))


def _add_electrodes(file: NWBFile, group: Any, source: CellSource) -> None:
    file.add_electrode_column("channel_name", "channel of the release, counted from 0 at the tip")
    file.add_electrode_column("bad", "whether the channel is bad or a reference site")
    file.add_electrode_column("quality", "good, dead, noise, out (of the brain) or reference")
    quality = source.recording.get_property("quality").tolist()
    # Ids are row numbers: SpikeLab takes one for the other.
    for row, (x_um, y_um) in enumerate(source.positions_um.tolist()):
        file.add_electrode(
            id=row,
            x=x_um,
            y=y_um,
            z=0.0,
            rel_x=x_um,
            rel_y=y_um,
            location="cortex",
            filtering=_FILTERING,
            group=group,
            channel_name=str(source.channels[row]),
            bad=bool(source.is_bad[row]),
            quality=quality[row],
        )


def _add_patch(pynwb: Any, file: NWBFile, source: CellSource) -> None:
    cell, patch = get_cell(source.metadata.cell_id), patch_trace(source.folder)
    amplifier = file.create_device(name="amplifier", description="Patch-clamp amplifier.")
    electrode = file.create_icephys_electrode(
        name="pipette",
        description=f"Patch pipette: {cell.patch_type.release_name}.",
        device=amplifier,
        cell_id=cell.cell_id,
        location="cortex",
    )
    file.add_acquisition(_patch_series(pynwb, cell, patch, electrode))


def _patch_series(pynwb: Any, cell: Cell, patch: PatchTrace, electrode: Any) -> Any:
    icephys = pynwb.icephys
    is_current = cell.patch_type.clamp == "vc"
    series = icephys.VoltageClampSeries if is_current else icephys.CurrentClampSeries
    return series(
        name=series.__name__,
        description=f"What the pipette recorded, in {patch.units} before the conversion.",
        data=pynwb.H5DataIO(patch.trace, compression="gzip", compression_opts=1, shuffle=True),
        electrode=electrode,
        conversion=1e-12 if is_current else 1e-3,
        starting_time=float(patch.times_s[0]),
        rate=patch.rate_hz,
        stimulus_description="none",
    )


def _add_unit(file: NWBFile, source: CellSource) -> None:
    """The patched neuron. Its electrodes begin with the one where it is largest."""
    cell, metadata = get_cell(source.metadata.cell_id), source.metadata
    away_um = np.hypot(*(source.positions_um - source.positions_um[source.peak]).T)
    rows = np.argsort(away_um, kind="stable")
    file.add_unit_column("gt_channel", "channel of the release nearest to the patched soma")
    file.add_unit_column("distance_um", "from the soma to that electrode")
    file.add_unit_column("cell_type", "PC (pyramidal) or IN (interneuron)")
    file.add_unit(
        id=0,
        spike_times=source.spikes.samples / NPX_RATE_HZ,
        obs_intervals=[[0.0, metadata.analysis_window.n_samples / NPX_RATE_HZ]],
        electrodes=rows.tolist(),
        waveform_mean=source.template_uV[:, rows] * np.float32(_VOLTS),
        gt_channel=metadata.gt_electrode_chan_idx,
        distance_um=cell.distance_um,
        cell_type=cell.cell_type,
    )
    file.units.waveform_rate = NPX_RATE_HZ
    file.units.resolution = 1 / NPX_RATE_HZ
