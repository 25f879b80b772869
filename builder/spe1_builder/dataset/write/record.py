"""The record of how a cell was made: metadata from what the build has in hand."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path, PurePosixPath
from typing import Any

from spe1_builder import __version__
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
    SPIKE_SOURCE_LABELS,
)
from spe1_builder.dataset.card.configs import cell_description
from spe1_builder.dataset.ground_truth_label import recorded_label
from spe1_builder.dataset.metadata import CellWarning, ConversionMetadata
from spe1_builder.dataset.plan.cell import CellPlan
from spe1_builder.dataset.plan.fingerprint import as_records
from spe1_builder.dataset.rows.stream import Segments
from spe1_builder.dataset.sidecars.facts import CellFacts
from spe1_builder.disk.direct import hash_file
from spe1_builder.layout import SPLITS
from spe1_builder.versions import installed_versions

_PACKAGES = ("spikeinterface", "datasets", "pyarrow", "numpy", "scipy", "numba")


def make_metadata(
    folder: Path,
    facts: CellFacts,
    warnings: list[CellWarning],
    to_come: Mapping[str, bytes],
) -> ConversionMetadata:
    """The metadata of a cell whose other files are all written in ``folder``.

    Parameters
    ----------
    folder : Path
    facts : CellFacts
    warnings : list of CellWarning
    to_come : mapping of str to bytes
        Files that will be written after the metadata, by path.
    """
    plan, template = facts.plan, facts.template
    options, window, patch_type = plan.options, plan.window, plan.inputs.patch_type
    x_um, y_um = (float(value) for value in plan.positions_um[plan.inputs.gt_channel])
    document = {
        "source_metadata": {
            "mode": "spe1_paired_recording",
            "dataset": SOURCE_DATASET,
            "cell_id": plan.cell_id,
            "skip_seconds": options.skip_seconds,
            "duration_s": options.duration_s,
            "patch_sample_rate_hz": plan.raw.patch_rate_hz,
            "preprocessing": PREPROCESSING,
            "spike_source": _spike_source(plan),
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
        "num_channels": len(plan.positions_um),
        "unit_peak_channel": {"0": facts.peak_channel},
        "unit_locations_um": {"0": [x_um, y_um, 0.0]},
        "gt_electrode_chan_idx": plan.inputs.gt_channel,
        "bad_channel_ids": list(facts.bad.all),
        "n_spikes_total": template.n_spikes_total,
        "n_spikes_used_for_templates": template.n_spikes_used,
        "segment_duration_s": options.segment_duration_s,
        "train_fraction": options.train_fraction,
        "analysis_window": {"start_sample": window.start, "n_samples": window.n_samples},
        "patch": {
            "type": patch_type.public_name,
            "release_type": patch_type.release_name,
            "clamp": patch_type.clamp,
            "units": patch_type.units,
            "rate_hz": plan.raw.patch_rate_hz,
            "polarity": patch_type.polarity,
        },
        "ground_truth_agreement": (None if facts.agreement is None else asdict(facts.agreement)),
        "reference_channels": list(REFERENCE_CHANNELS),
        "detected_bad_channels": {
            str(channel): facts.bad.labels[channel] for channel in facts.bad.detected
        },
        "splits": {
            split: {
                "rows": len(window.split_segments(split)),
                "samples": window.split_samples(split),
                "spikes": facts.segments.n_spikes[split],
            }
            for split in SPLITS
        },
        "ground_truth_label": recorded_label(
            plan.cell_id, plan.inputs.gt_channel, origin=plan.inputs.origin
        ),
        "warnings": [warning.model_dump() for warning in warnings],
        "files": _output_files(folder, facts.segments, to_come),
        "provenance": {
            "spe1_version": __version__,
            "data_version": DATA_VERSION,
            "versions": software_versions(),
            "options": options.as_dict(),
            "raw_files": as_records(facts.identity.raw_files),
            "summary_facts": facts.identity.summary_facts,
            "simulated": plan.inputs.origin != "recorded",
            "origin": plan.inputs.origin,
            "fingerprint": facts.identity.fingerprint,
        },
    }
    return ConversionMetadata.model_validate(document)


def _spike_source(plan: CellPlan) -> str:
    """Where the spikes come from; those that were generated have no authority."""
    label, origin = SPIKE_SOURCE_LABELS[plan.ground_truth.source], plan.inputs.origin
    return label if origin == "recorded" else label.replace("authoritative GT", origin)


def software_versions() -> dict[str, str]:
    """Versions of Python and of the packages that touch the data; "absent" for an extra."""
    found = installed_versions(_PACKAGES)
    packages = {name: found.get(name, "absent") for name in _PACKAGES}
    return {"python": platform.python_version(), **packages}


def _output_files(
    folder: Path, segments: Segments, to_come: Mapping[str, bytes]
) -> list[dict[str, Any]]:
    """Size and hash of every file of the cell; shards were hashed as they were written."""
    import xxhash

    known = {
        f"{split}/{name}": digest
        for split, writer in segments.writers.items()
        for name, digest in writer.hashes.items()
    }
    found = {
        path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()
    }
    records = [
        {"path": name, "size": path.stat().st_size, "xxh3_128": known.get(name) or hash_file(path)}
        for name, path in found.items()
    ]
    records += [
        {"path": name, "size": len(content), "xxh3_128": xxhash.xxh3_128(content).hexdigest()}
        for name, content in to_come.items()
    ]
    return sorted(records, key=lambda record: PurePosixPath(record["path"]))


def dataset_info(facts: CellFacts) -> dict[str, Any]:
    """``dataset_info.json`` of both splits, in the form that every ``datasets`` reads."""
    from spe1_builder.dataset.rows.batches import FEATURES

    cell_id, writers = facts.plan.cell_id, facts.segments.writers
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
        "config_name": cell_id,
        "dataset_name": "spe1",
        "dataset_size": sum(split["num_bytes"] for split in splits.values()),
        "description": cell_description(cell_id, facts.identity.fingerprint),
        "features": FEATURES,
        "homepage": HOMEPAGE,
        "license": LICENSE_NAME,
        "splits": splits,
        "version": {"version_str": DATA_VERSION},
    }
