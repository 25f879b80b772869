"""``conversion_metadata.json`` and ``dataset_stats.json`` as typed models.

Keys, names and nesting of the public card's example are kept; what is added is
listed in `ConversionMetadata`. Unknown keys, wrong types and contradictions are
refused on reading, so that what passes can be trusted.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any, Literal, Self, TypeVar

from pydantic import ConfigDict, Field, ValidationError, model_validator

from spe1_builder.constants import N_CHANNELS, REFERENCE_CHANNELS
from spe1_builder.dataset.ground_truth_label import LabelMetadata
from spe1_builder.dataset.json_text import json_text
from spe1_builder.disk.bounded import read_bounded
from spe1_builder.errors import MissingFileError, OutputError
from spe1_builder.models import Model, first_problem
from spe1_builder.origins import Origin

#: Of the metadata's own form; a reader refuses one that it does not know.
FORMAT_VERSION: Literal[1] = 1

#: What is in it, as the card's table of files says.
METADATA_HOLDS = (
    "ground-truth electrode, peak and bad channels, spike counts, provenance: versions, options, "
    "hashes"
)

Channel = Field(ge=0, lt=N_CHANNELS)


class _Model(Model):
    model_config = ConfigDict(strict=True)


class SourceMetadata(_Model):
    mode: Literal["spe1_paired_recording"]
    dataset: str
    cell_id: str
    skip_seconds: float
    duration_s: float
    patch_sample_rate_hz: float
    preprocessing: str
    spike_source: str


class TemplateMetadata(_Model):
    extraction_method: str
    ms_before: float
    ms_after: float
    nbefore: int
    nafter: int
    n_spikes_total: int
    n_spikes_used: int
    n_out_of_bounds_discarded: int

    @model_validator(mode="after")
    def _counts_add_up(self) -> Self:
        if self.n_spikes_used + self.n_out_of_bounds_discarded != self.n_spikes_total:
            raise ValueError("n_spikes_used + n_out_of_bounds_discarded is not n_spikes_total")
        return self


class PatchMetadata(_Model):
    """How the neuron was patched; ``rate_hz`` is the true rate on the NPX clock."""

    type: Literal["juxta", "wc-ic"]
    release_type: str
    clamp: Literal["vc", "ic"]
    units: Literal["pA", "mV"]
    rate_hz: float
    polarity: Literal[-1, 1]


class AgreementMetadata(_Model):
    """The release's spikes (reference) against detection on the patch trace (test)."""

    n_reference: int
    n_test: int
    n_matched: int
    recall: float | None
    precision: float | None
    median_offset_ms: float | None


#: What a build measures and warns of; `spe1_builder.dataset.write.doubts` says when.
WarningKind = Literal[
    "spike_recall",
    "spike_precision",
    "spike_offset",
    "inverted_patch",
    "close_spikes",
    "weak_template",
    "peak_far_from_release",
]


class CellWarning(_Model):
    """Something measured that speaks against the data.

    Attributes
    ----------
    kind : str
    message : str
        One line, with the number.
    value : float
        What was measured.
    limit : float
        What it should not be beyond (or below, by the message).
    unit : str
        Of both.
    """

    kind: WarningKind
    message: str
    value: float
    limit: float
    unit: str


class AnalysisWindow(_Model):
    """NPX samples of the raw recording that train followed by test hold."""

    start_sample: int
    n_samples: int


class SplitMetadata(_Model):
    rows: int
    samples: int
    spikes: int


class RawFileMetadata(_Model):
    role: str
    name: str
    size: int
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")


class OutputFileMetadata(_Model):
    """A file of the built cell, its path relative to the cell's folder."""

    path: str
    size: int
    xxh3_128: str = Field(pattern=r"^[0-9a-f]{32}$")


class Provenance(_Model):
    """Software, options and inputs: what it takes to make the same bytes again."""

    spe1_version: str
    data_version: str
    versions: dict[str, str]
    options: dict[str, Any]
    raw_files: list[RawFileMetadata]
    #: What was taken from the summary; None in cells of 0.1.
    summary_facts: dict[str, int | str | None] | None = None
    #: Of both that were not recorded.
    simulated: bool
    #: None in cells of data before this key; `kind` says it of them too.
    origin: Origin | None = None
    fingerprint: str = Field(pattern=r"^[0-9a-f]{64}$")

    @property
    def kind(self) -> Origin:
        """What kind of recording the cell was built from."""
        return (self.origin or "simulated") if self.simulated else "recorded"

    @model_validator(mode="after")
    def _simulated_is_of_the_origin(self) -> Self:
        if self.origin is not None and self.simulated != (self.origin != "recorded"):
            raise ValueError("simulated is not what origin says")
        return self


class ConversionMetadata(_Model):
    """``conversion_metadata.json``: the public keys first, then what is added."""

    source_metadata: SourceMetadata
    template_metadata: TemplateMetadata
    sampling_frequency: float
    num_units: Literal[1]
    num_channels: Literal[384]
    unit_peak_channel: dict[str, int]
    unit_locations_um: dict[str, list[float]]
    gt_electrode_chan_idx: int = Channel
    bad_channel_ids: list[int]
    n_spikes_total: int
    n_spikes_used_for_templates: int
    segment_duration_s: float
    train_fraction: float
    # Added by this project.
    format_version: Literal[1] = FORMAT_VERSION
    units: Literal["uV"] = "uV"
    analysis_window: AnalysisWindow
    patch: PatchMetadata
    ground_truth_agreement: AgreementMetadata | None
    reference_channels: list[int]
    detected_bad_channels: dict[str, Literal["dead", "noise", "out"]]
    splits: dict[Literal["train", "test"], SplitMetadata]
    #: Since data 1.1.0; a cell built before has none.
    warnings: list[CellWarning] = Field(default_factory=list)
    #: Since data 1.3.0; None where it was simulated: its soma was put in front of its electrode.
    ground_truth_label: LabelMetadata | None = None
    files: list[OutputFileMetadata]
    provenance: Provenance
    #: sha256 of all the rest, as `sealed_text` writes it; None in cells of 0.1.
    seal: str | None = Field(default=None, pattern=r"^[0-9a-f]{64}$")

    def right_seal(self) -> str:
        """The seal of what stands here."""
        return hashlib.sha256(json_text(self._sealed()).encode()).hexdigest()

    def sealed_text(self) -> str:
        """The one text of this metadata, its seal at the end."""
        return json_text({**self._sealed(), "seal": self.right_seal()})

    def _sealed(self) -> dict[str, Any]:
        """All but the seal, as it was when it was sealed: an older cell has fewer keys."""
        absent: dict[str, Any] = dict.fromkeys({"ground_truth_label"} - self.model_fields_set, True)
        absent["provenance"] = {"origin"} - self.provenance.model_fields_set
        return self.model_dump(mode="json", exclude={"seal": True, **absent})

    @property
    def cell_id(self) -> str:
        return self.source_metadata.cell_id

    @property
    def peak_channel(self) -> int:
        return self.unit_peak_channel["0"]

    @model_validator(mode="after")
    def _agree(self) -> Self:
        if set(self.unit_peak_channel) != {"0"} or set(self.unit_locations_um) != {"0"}:
            raise ValueError("there is one unit, '0'")
        if not 0 <= self.peak_channel < N_CHANNELS or len(self.unit_locations_um["0"]) != 3:
            raise ValueError("unit '0' has no channel or no (x, y, z)")
        union = {int(channel) for channel in self.detected_bad_channels} | set(REFERENCE_CHANNELS)
        if self.bad_channel_ids != sorted(union):
            raise ValueError("bad_channel_ids is not the union of detected and reference channels")
        if set(self.splits) != {"train", "test"}:
            raise ValueError("splits are not train and test")
        if sum(split.samples for split in self.splits.values()) != self.analysis_window.n_samples:
            raise ValueError("the splits' samples are not those of the analysis window")
        if sum(split.spikes for split in self.splits.values()) != self.n_spikes_total:
            raise ValueError("the splits' spikes are not n_spikes_total")
        return self


class DatasetStats(_Model):
    """``dataset_stats.json``: per channel over the train split, uV."""

    median: list[float]
    iqr: list[float]
    abs_iqr: list[float]
    computed_on: Literal["train"]
    n_samples: int
    method: str
    units: Literal["uV"] = "uV"

    @model_validator(mode="after")
    def _every_channel(self) -> Self:
        if {len(self.median), len(self.iqr), len(self.abs_iqr)} != {N_CHANNELS}:
            raise ValueError(f"median, iqr and abs_iqr do not have {N_CHANNELS} values each")
        return self


#: Metadata are some 20 kB, statistics as much; this is neither.
LARGEST_BYTES = 10_000_000
_REBUILD = "build the cell again (spe1 build --force)"

ModelT = TypeVar("ModelT", bound=_Model)


def read_model(path: Path, model: type[ModelT]) -> ModelT:
    """Read a JSON file of a cell through its model.

    Raises
    ------
    MissingFileError
        No such file.
    OutputError
        The file is not valid JSON or not what the model says.
    """
    if not path.is_file():
        raise MissingFileError(f"{path.name} is missing.", where=path, do=_REBUILD)
    content = read_bounded(path, LARGEST_BYTES, path.name, error=OutputError, do=_REBUILD)
    return parse_model(content, model, str(path))


def parse_model(content: bytes, model: type[ModelT], where: str) -> ModelT:
    """The content of a JSON file of a cell through its model.

    Raises
    ------
    OutputError
        It is not valid JSON or not what the model says.
    """
    try:
        return model.model_validate_json(content)
    except ValidationError as error:
        raise OutputError(
            f"{Path(where).name} is malformed, or was written by another version.",
            where=where,
            got=first_problem(error),
            do=_REBUILD,
        ) from error
