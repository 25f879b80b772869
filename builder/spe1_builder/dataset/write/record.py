"""The record of how a cell was made: metadata from what the build has in hand."""

from __future__ import annotations

import platform
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np

from spe1_builder import __version__
from spe1_builder.cells import PatchType
from spe1_builder.constants import (
    CITATION,
    DATA_VERSION,
    EXTRACTION_METHOD,
    HOMEPAGE,
    LICENSE_NAME,
    NPX_RATE_HZ,
    PREPROCESSING,
    REFERENCE_CHANNELS,
    SOURCE_DATASET,
)
from spe1_builder.dataset.metadata import ConversionMetadata
from spe1_builder.dataset.plan.fingerprint import RawFile, as_records
from spe1_builder.dataset.plan.options import BuildOptions, Window
from spe1_builder.dataset.write.stream import Segments
from spe1_builder.disk.direct import hash_file
from spe1_builder.layout import SPLITS
from spe1_builder.signal.bad_channels.detect import BadChannels
from spe1_builder.signal.template import Template
from spe1_builder.source.recording.detection import Agreement
from spe1_builder.source.recording.patch import SOURCE_LABELS, GroundTruth

_PACKAGES = ("spikeinterface", "datasets", "pyarrow", "numpy", "scipy", "numba")


@dataclass(frozen=True)
class Findings:
    """Everything that a build found out about a cell.

    Attributes
    ----------
    cell_id : str
    options : BuildOptions
    window : Window
    patch_type : PatchType
    patch_rate_hz : float
    ground_truth : GroundTruth
    agreement : Agreement or None
    bad : BadChannels
    peak_channel, gt_channel : int
    positions_um : np.ndarray
        float32 (n_channels, 2).
    segments : Segments
    raw_files : list of RawFile
    fingerprint : str
    simulated : bool
        The raw files come from the simulator.
    """

    cell_id: str
    options: BuildOptions
    window: Window
    patch_type: PatchType
    patch_rate_hz: float
    ground_truth: GroundTruth
    agreement: Agreement | None
    bad: BadChannels
    peak_channel: int
    gt_channel: int
    positions_um: np.ndarray
    segments: Segments
    raw_files: list[RawFile]
    fingerprint: str
    simulated: bool

    @property
    def template(self) -> Template:
        return self.segments.template


def make_metadata(folder: Path, found: Findings) -> ConversionMetadata:
    """The metadata of a cell whose other files are all written in ``folder``."""
    options, template, window = found.options, found.template, found.window
    x_um, y_um = (float(value) for value in found.positions_um[found.gt_channel])
    document = {
        "source_metadata": {
            "mode": "spe1_paired_recording",
            "dataset": SOURCE_DATASET,
            "cell_id": found.cell_id,
            "skip_seconds": options.skip_seconds,
            "duration_s": options.duration_s,
            "patch_sample_rate_hz": found.patch_rate_hz,
            "preprocessing": PREPROCESSING,
            "spike_source": SOURCE_LABELS[found.ground_truth.source],
        },
        "template_metadata": {
            "extraction_method": EXTRACTION_METHOD,
            "ms_before": options.ms_before,
            "ms_after": options.ms_after,
            "nbefore": template.n_before,
            "nafter": template.n_after,
            "n_spikes_total": template.n_spikes_total,
            "n_spikes_used": template.n_spikes_used,
            "n_out_of_bounds_discarded": template.n_spikes_total - template.n_spikes_used,
        },
        "sampling_frequency": NPX_RATE_HZ,
        "num_units": 1,
        "num_channels": len(found.positions_um),
        "unit_peak_channel": {"0": found.peak_channel},
        "unit_locations_um": {"0": [x_um, y_um, 0.0]},
        "gt_electrode_chan_idx": found.gt_channel,
        "bad_channel_ids": list(found.bad.all),
        "n_spikes_total": template.n_spikes_total,
        "n_spikes_used_for_templates": template.n_spikes_used,
        "segment_duration_s": options.segment_duration_s,
        "train_fraction": options.train_fraction,
        "analysis_window": {"start_sample": window.start, "n_samples": window.n_samples},
        "patch": {
            "type": found.patch_type.public_name,
            "release_type": found.patch_type.release_name,
            "clamp": found.patch_type.clamp,
            "units": found.patch_type.units,
            "rate_hz": found.patch_rate_hz,
            "polarity": found.patch_type.polarity,
        },
        "ground_truth_agreement": (None if found.agreement is None else asdict(found.agreement)),
        "reference_channels": list(REFERENCE_CHANNELS),
        "detected_bad_channels": {
            str(channel): found.bad.labels[channel] for channel in found.bad.detected
        },
        "splits": {
            split: {
                "rows": len(window.split_segments(split)),
                "samples": window.split_samples(split),
                "spikes": found.segments.spikes[split],
            }
            for split in SPLITS
        },
        "files": _output_files(folder, found.segments),
        "provenance": {
            "spe1_version": __version__,
            "data_version": DATA_VERSION,
            "versions": software_versions(),
            "options": options.as_dict(),
            "raw_files": as_records(found.raw_files),
            "simulated": found.simulated,
            "fingerprint": found.fingerprint,
        },
    }
    return ConversionMetadata.model_validate(document)


def software_versions() -> dict[str, str]:
    """Versions of Python and of the packages that touch the data; "absent" for an extra."""
    versions = {"python": platform.python_version()}
    for name in _PACKAGES:
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            versions[name] = "absent"
    return versions


def _output_files(folder: Path, segments: Segments) -> list[dict[str, Any]]:
    """Size and hash of every file of the cell; shards were hashed as they were written."""
    known = {
        folder / split / name: digest
        for split, writer in segments.writers.items()
        for name, digest in writer.hashes.items()
    }
    return [
        {
            "path": path.relative_to(folder).as_posix(),
            "size": path.stat().st_size,
            "xxh3_128": known.get(path) or hash_file(path),
        }
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    ]


def dataset_info(found: Findings) -> dict[str, Any]:
    """``dataset_info.json`` of both splits, in the form that every ``datasets`` reads."""
    from spe1_builder.dataset.write.rows import FEATURES

    writers = found.segments.writers
    splits = {
        split: {
            "name": split,
            "num_bytes": sum(path.stat().st_size for path in writer.shards),
            "num_examples": writer.n_written,
            "dataset_name": "spe1",
        }
        for split, writer in writers.items()
    }
    return {
        "builder_name": "spe1",
        "citation": CITATION,
        "config_name": found.cell_id,
        "dataset_name": "spe1",
        "dataset_size": sum(split["num_bytes"] for split in splits.values()),
        "description": f"SPE-1 {found.cell_id}: preprocessed traces in uV, ground-truth spikes; "
        f"fingerprint {found.fingerprint}",
        "features": FEATURES,
        "homepage": HOMEPAGE,
        "license": LICENSE_NAME,
        "splits": splits,
        "version": {"version_str": DATA_VERSION},
    }
