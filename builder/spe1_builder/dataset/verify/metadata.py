"""The JSON files of a cell: each through its model, and in agreement with the metadata."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from spe1_builder.cells import PATCH_TYPES, catalogue
from spe1_builder.constants import N_CHANNELS, NPX_RATE_HZ, REFERENCE_CHANNELS
from spe1_builder.dataset.findings import Report, listing, read_json
from spe1_builder.dataset.ground_truth_label import recorded_label
from spe1_builder.dataset.metadata import ConversionMetadata
from spe1_builder.dataset.plan.fingerprint import RawFile, fingerprint
from spe1_builder.dataset.plan.options import BuildOptions
from spe1_builder.dataset.plan.window import Window, plan_window
from spe1_builder.dataset.rows.batches import FEATURES
from spe1_builder.errors import Spe1Error
from spe1_builder.layout import DATASET_DICT_NAME, DATASET_INFO_NAME, SPLITS, STATE_NAME


@dataclass(frozen=True)
class TemplatePlan:
    """What the metadata's options lead to: the window and its segments, the template's window."""

    window: Window
    n_before: int
    n_after: int


def check_metadata(metadata: ConversionMetadata, where: str, report: Report) -> TemplatePlan | None:
    """Hold the metadata's entries to each other; None if no build has such options."""
    _check_entries(metadata, where, report)
    _check_fingerprint(metadata, where, report)
    source, template = metadata.source_metadata, metadata.template_metadata
    recorded, options = metadata.analysis_window, metadata.provenance.options
    try:
        wanted = BuildOptions(
            skip_seconds=source.skip_seconds,
            duration_s=source.duration_s,
            segment_duration_s=metadata.segment_duration_s,
            train_fraction=metadata.train_fraction,
            ms_before=template.ms_before,
            ms_after=template.ms_after,
        )
        window = plan_window(recorded.start_sample + recorded.n_samples, wanted)
        facts: list[tuple[str, Any, Any]] = []
        for split, got in metadata.splits.items():
            planned = (len(window.split_segments(split)), window.split_samples(split))
            facts.append((f"rows and samples of {split}", planned, (got.rows, got.samples)))
    except Spe1Error as error:
        report.add(where, "options that no build takes", got=f"{error.what} ({error.got})")
        return None
    except OverflowError as error:
        report.add(where, "options that no build takes", got=error)
        return None
    facts += [
        ("analysis_window.start_sample", window.start, recorded.start_sample),
        ("analysis_window.n_samples", window.n_samples, recorded.n_samples),
        ("nbefore", wanted.n_before, template.nbefore),
        ("nafter", wanted.n_after, template.nafter),
    ]
    for name in ("skip_seconds", "duration_s", "segment_duration_s", "train_fraction"):
        facts.append((f"option {name}", getattr(wanted, name), options.get(name)))
    for fact, expected, got in facts:
        report.equal(where, fact, expected, got)
    return TemplatePlan(window, wanted.n_before, wanted.n_after)


def _check_entries(metadata: ConversionMetadata, where: str, report: Report) -> None:
    """What the metadata says twice, and what the release fixes."""
    source, template, patch = metadata.source_metadata, metadata.template_metadata, metadata.patch
    kind = PATCH_TYPES.get(patch.release_type)
    if kind is None:
        report.add(
            where, "patch.release_type", expected=" or ".join(PATCH_TYPES), got=patch.release_type
        )
    else:
        known = (kind.public_name, kind.clamp, kind.units, kind.polarity)
        recorded = (patch.type, patch.clamp, patch.units, patch.polarity)
        fact = f"patch type, clamp, units, polarity of {patch.release_type!r}"
        report.equal(where, fact, known, recorded)
    n_used = metadata.n_spikes_used_for_templates
    for fact, expected, got in (
        ("sampling_frequency", NPX_RATE_HZ, metadata.sampling_frequency),
        ("reference_channels", list(REFERENCE_CHANNELS), metadata.reference_channels),
        ("patch_sample_rate_hz", patch.rate_hz, source.patch_sample_rate_hz),
        ("n_spikes_total of the template", metadata.n_spikes_total, template.n_spikes_total),
        ("n_spikes_used of the template", n_used, template.n_spikes_used),
    ):
        report.equal(where, fact, expected, got)
    if "ground_truth_label" in metadata.model_fields_set:
        _check_label(metadata, where, report)
    if not patch.rate_hz >= 1:
        report.add(where, "patch.rate_hz", expected="1 or more", got=patch.rate_hz)
    beyond = [channel for channel in metadata.bad_channel_ids if not 0 <= channel < N_CHANNELS]
    if beyond:
        report.add(where, "bad_channel_ids", expected=f"0 to {N_CHANNELS - 1}", got=listing(beyond))


def _check_label(metadata: ConversionMetadata, where: str, report: Report) -> None:
    """What is recorded of the label is what the release's coordinates give."""
    if metadata.cell_id not in catalogue():
        return  # a finding already
    channel = metadata.gt_electrode_chan_idx
    right = recorded_label(metadata.cell_id, channel, origin=metadata.provenance.kind)
    expected, got = (
        {} if label is None else label.model_dump()
        for label in (right, metadata.ground_truth_label)
    )
    wrong = [name for name in {**expected, **got} if expected.get(name) != got.get(name)]
    if wrong:
        report.add(
            where,
            f"ground_truth_label: {listing(wrong)}",
            expected=listing(expected.get(name, "nothing") for name in wrong),
            got=listing(got.get(name, "nothing") for name in wrong),
        )


def _check_fingerprint(metadata: ConversionMetadata, where: str, report: Report) -> None:
    """What the fingerprint was made of, and every option as a build takes it."""
    provenance = metadata.provenance
    made = fingerprint(
        metadata.cell_id,
        [RawFile(file.role, file.name, file.size, file.sha256) for file in provenance.raw_files],
        provenance.summary_facts or {},
        provenance.options,
        data_version=provenance.data_version,
    )
    report.equal(
        where, "fingerprint of raw files, options and version", made, provenance.fingerprint
    )
    told = provenance.summary_facts or {}
    built = (metadata.gt_electrode_chan_idx, metadata.patch.release_type)
    taken = (told.get("chan_predicted"), told.get("patch_type"))
    report.equal(where, "summary_facts", built, taken)
    try:
        recorded = BuildOptions(**provenance.options).as_dict()
    except (Spe1Error, TypeError) as error:
        got = error.what if isinstance(error, Spe1Error) else error
        report.add(where, "provenance.options", expected="options of a build", got=got)
        return
    report.equal(where, "provenance.options", recorded, provenance.options)


def check_seal(
    text: bytes, metadata: ConversionMetadata, where: str, report: Report | None = None
) -> bool:
    """Whether the metadata are, to the byte, what was sealed when they were written."""
    if metadata.sealed_text().encode() == text:
        return True
    if report is not None:
        if metadata.seal != metadata.right_seal():
            got = metadata.seal or "no seal"
            report.add(where, "seal: the file was edited", expected=metadata.right_seal(), got=got)
        else:
            report.add(where, "the same entries in another form than they were written in")
    return False


def check_loader_files(
    folder: Path,
    metadata: ConversionMetadata,
    shards: dict[str, list[str]],
    whole: set[str],
    report: Report,
) -> None:
    """``dataset_dict.json``, and ``state.json`` and ``dataset_info.json`` of each split.

    Parameters
    ----------
    folder : Path
    metadata : ConversionMetadata
    shards : dict of str to list of str
        Paths of each split's shards within the cell.
    whole : set of str
        Files that are there as recorded; others are left alone.
    report : Report
    """
    mark = metadata.provenance.fingerprint
    wanted: dict[str, dict[str, Any]] = {DATASET_DICT_NAME: {"splits": list(SPLITS)}}
    for split in SPLITS:
        wanted[f"{split}/{STATE_NAME}"] = {
            "_data_files": [{"filename": Path(path).name} for path in shards[split]],
            "_fingerprint": mark[:16],
            "_format_type": None,
            "_format_columns": None,
            "_split": split,
        }
        wanted[f"{split}/{DATASET_INFO_NAME}"] = {
            "config_name": metadata.cell_id,
            "features": FEATURES,
        }
    for path in sorted(whole.intersection(wanted)):
        where = f"{folder.name}/{path}"
        try:
            document = read_json(folder / path)
        except (Spe1Error, OSError, ValueError) as error:
            report.add(where, "not a JSON file", got=error)
            continue
        if not isinstance(document, dict):
            report.add(where, "not a JSON object", got=type(document).__name__)
            continue
        for key, value in wanted[path].items():
            report.equal(where, key, value, document.get(key, "nothing"))
        if path.endswith(DATASET_INFO_NAME):
            _check_info_splits(document, metadata, where, report)


def _check_info_splits(
    document: dict[str, Any], metadata: ConversionMetadata, where: str, report: Report
) -> None:
    rows = {split: metadata.splits[split].rows for split in SPLITS}  # type: ignore[index]
    splits = document.get("splits")
    got = {
        name: value.get("num_examples") if isinstance(value, dict) else value
        for name, value in (splits.items() if isinstance(splits, dict) else ())
    }
    report.equal(where, "num_examples of the splits", rows, got)
    if metadata.provenance.fingerprint not in str(document.get("description")):
        report.add(where, "description does not name the cell's fingerprint")
