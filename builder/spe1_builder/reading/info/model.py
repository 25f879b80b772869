"""What is told of one cell, as typed models."""

from __future__ import annotations

from typing import Any, Literal

from spe1_builder.dataset.metadata import (
    AgreementMetadata,
    AnalysisWindow,
    PatchMetadata,
    RawFileMetadata,
    SplitMetadata,
)
from spe1_builder.models import Model
from spe1_builder.origins import Origin

#: Characters of a line, as `CellInfo` prints itself.
WIDTH = 80


class ReleaseInfo(Model):
    """What the release says of the real cell, whatever is built.

    Attributes
    ----------
    patch_type : str
        "Juxta, VC", "Juxta, IC" or "WC, IC".
    cell_type : str
        "PC" (pyramidal) or "IN" (interneuron).
    sets : list of str
        Named sets that hold the cell.
    gt_channel : int
        The electrode nearest to the soma, 0-based; x_um and y_um are its place on the probe.
    distance_um, depth_um : float
        Soma to electrode; soma below the pia.
    highest_channel : int
        Channel of the largest mean spike, whose size is ``peak_to_peak_uV``.
    recording_length_min : float
    n_patch_spikes : int
        Of the whole recording.
    patch_rate_hz : float
        On the Neuropixels clock.
    """

    patch_type: str
    cell_type: str
    sets: list[str]
    gt_channel: int
    x_um: float
    y_um: float
    distance_um: float
    depth_um: float
    highest_channel: int
    peak_to_peak_uV: float
    recording_length_min: float
    n_patch_spikes: int
    patch_rate_hz: float


class BuiltInfo(Model):
    """What a build made of it.

    Attributes
    ----------
    is_simulated, origin : bool, str
        Whether it was not recorded; and what it is, see `spe1_builder.origins`.
    gt_channel : int
        Electrode nearest to the soma, the target of localization; x_um and y_um are its place.
    peak_channel : int
        Channel of the template's largest value among the good ones.
    peak_to_gt_um : float
        From that channel to the electrode.
    template_peak_to_peak_uV : float or None
        On the peak channel; None where ``templates.npz`` cannot be read.
    n_spikes, rate_hz : int, float or None
        Ground-truth spikes of the analysis window.
    n_short_intervals : int or None
        Intervals under ``short_interval_ms``; None where ``patch.npz`` cannot be read.
    spike_source : str
        Where the spikes come from.
    agreement : AgreementMetadata or None
        The release's list (reference) against detection on the patch trace; None where there
        is no list.
    detected_bad_channels : dict
        Label ("dead", "noise" or "out") by channel.
    reference_channels : list of int
        Sites that carry no signal; masked, too.
    duration_s, start_s : float
        Of the analysis window; its start within the recording.
    rows_bytes, other_bytes : int
        Sizes of the Arrow files and of all others.
    changed_options : dict
        Options of the build that are not the default's.
    """

    folder: str
    is_simulated: bool
    origin: Origin
    gt_channel: int
    x_um: float
    y_um: float
    peak_channel: int
    peak_to_gt_um: float
    template_peak_to_peak_uV: float | None
    n_template_spikes: int
    n_spikes: int
    rate_hz: float | None
    short_interval_ms: float
    n_short_intervals: int | None
    spike_source: str
    agreement: AgreementMetadata | None
    patch: PatchMetadata
    warnings: list[str]
    detected_bad_channels: dict[str, Literal["dead", "noise", "out"]]
    reference_channels: list[int]
    window: AnalysisWindow
    duration_s: float
    start_s: float
    segment_duration_s: float
    splits: dict[Literal["train", "test"], SplitMetadata]
    rows_bytes: int
    other_bytes: int
    raw_files: list[RawFileMetadata]
    spe1_version: str
    data_version: str
    versions: dict[str, str]
    changed_options: dict[str, Any]
    fingerprint: str


class CellInfo(Model):
    """What is known of one cell; printed, it is one page of 80 columns.

    Attributes
    ----------
    cell_id : str
    is_built : bool
        Whether it is in the root.
    problems : list of str
        What is damaged of it, a line each.
    release : ReleaseInfo
    built : BuiltInfo or None
        None where it is not built, or its metadata cannot be read.
    next_steps : dict of str
        What to type next, by what for.
    """

    cell_id: str
    is_built: bool
    problems: list[str]
    release: ReleaseInfo
    built: BuiltInfo | None
    next_steps: dict[str, str]

    @property
    def is_simulated(self) -> bool | None:
        """Whether what is built was simulated; None where that is not known."""
        return None if self.built is None else self.built.is_simulated

    @property
    def origin(self) -> Origin | None:
        """What kind of recording is built; None where that is not known."""
        return None if self.built is None else self.built.origin

    def text(self, width: int = WIDTH) -> str:
        """The page, in lines of at most ``width`` characters where words allow."""
        from spe1_builder.reading.info.page import page

        return page(self, width)

    def __repr__(self) -> str:
        return self.text()

    def __str__(self) -> str:
        return self.text()
