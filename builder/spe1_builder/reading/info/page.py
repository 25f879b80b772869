"""One cell as a page of plain text."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from spe1_builder.errors import printable
from spe1_builder.layout import shard_mark
from spe1_builder.origins import MEANINGS

if TYPE_CHECKING:
    from spe1_builder.reading.info.model import BuiltInfo, CellInfo, ReleaseInfo

#: Characters of a line's head.
_HEAD = 12
_CELL_TYPES = {"PC": "pyramidal cell", "IN": "interneuron"}
_CLAMPS = {"vc": "voltage clamp", "ic": "current clamp"}
_PATCHES = {"juxta": "juxtacellular", "wc-ic": "whole cell"}
#: Of a hash.
_HASH = 8
_MOST_PROBLEMS = 5


def page(info: CellInfo, width: int) -> str:
    """The page: a headline, then a line or more for each subject.

    Parameters
    ----------
    info : CellInfo
    width : int
        Characters of a line, at least 40.
    """
    lines = [_wrapped(_headline(info), width)]
    for head, text in _subjects(info):
        lines.append(_wrapped(f"{head:<{_HEAD}}{text}", width, _HEAD))
    # A command is typed as it stands, so it is not broken.
    for i, (name, step) in enumerate(info.next_steps.items()):
        lines.append(f"{'' if i else 'next':<{_HEAD}}{name + ':':<11}{printable(step)}")
    return "\n".join(lines)


def _wrapped(text: str, width: int, indent: int = 0) -> str:
    return textwrap.fill(
        printable(text),
        max(width, 40),
        subsequent_indent=" " * indent,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _headline(info: CellInfo) -> str:
    kind = _CELL_TYPES[info.release.cell_type]
    if info.built is None:
        state = "its metadata cannot be read" if info.is_built else "not built here"
        return f"{info.cell_id}, {state}; what the release says of the real one, a {kind}:"
    is_real = info.built.origin == "recorded"
    what = f"real recording of a {kind}" if is_real else MEANINGS[info.built.origin]
    return f"{info.cell_id}, {what}, built in {info.built.folder}"


def _subjects(info: CellInfo) -> Iterator[tuple[str, str]]:
    for problem in info.problems[:_MOST_PROBLEMS]:
        yield "DAMAGED", problem
    n_more = len(info.problems) - _MOST_PROBLEMS
    if n_more > 0:
        yield "DAMAGED", f"and {_counted(n_more, 'problem')} more"
    if info.built is None:
        yield from _release(info.release)
        return
    built = info.built
    yield "neuron", _neuron(info.release, built)
    yield "release", _recording(info.release, built)
    yield "template", _template(built)
    yield "spikes", _spikes(built)
    yield "agreement", _agreement(built)
    yield "patch", _patch(built)
    yield "warnings", "; ".join(built.warnings) or "none"
    yield "masked", _masked(built)
    yield "window", _window(built)
    yield "rows", _rows(built)
    yield "made from", _made_from(built)
    yield "made by", _made_by(built)
    yield "options", _options(built.changed_options)
    yield (
        "fingerprint",
        f"{shard_mark(built.fingerprint)}..., which the names of its rows' files carry",
    )


def _release(release: ReleaseInfo) -> Iterator[tuple[str, str]]:
    place = f"nearest electrode {release.gt_channel} at ({release.x_um:g}, {release.y_um:g}) um"
    yield "neuron", f"{place}, {_soma(release)}"
    yield "recording", _recorded(release)
    yield "patch", f"{release.patch_type}, {release.patch_rate_hz:,.2f} Hz"
    yield "sets", ", ".join(release.sets) or "none"


def _soma(release: ReleaseInfo) -> str:
    return f"{release.distance_um:.0f} um from the soma, {release.depth_um:.0f} um below the pia"


def _recorded(release: ReleaseInfo) -> str:
    return (
        f"{release.n_patch_spikes:,} spikes in {release.recording_length_min:g} min; mean spike "
        f"{release.peak_to_peak_uV:g} uV peak to peak, largest on channel {release.highest_channel}"
    )


def _neuron(release: ReleaseInfo, built: BuiltInfo) -> str:
    place = f"nearest electrode {built.gt_channel} at ({built.x_um:g}, {built.y_um:g}) um"
    # How far a simulated soma lies is not the release's to say.
    return place if built.origin == "simulated" else f"{place}, {_soma(release)}"


def _recording(release: ReleaseInfo, built: BuiltInfo) -> str:
    if not built.is_simulated:
        return _recorded(release)
    # The place of a semi-real one stands with its electrode.
    place = f"electrode {_soma(release)}; " if built.origin == "simulated" else ""
    return f"of the real cell: {place}{_recorded(release)}"


def _template(built: BuiltInfo) -> str:
    size_uV = built.template_peak_to_peak_uV
    amplitude = "cannot be read" if size_uV is None else f"{size_uV:.1f} uV peak to peak"
    apart = (
        "the electrode itself"
        if built.peak_channel == built.gt_channel
        else f"{built.peak_to_gt_um:.0f} um from the electrode"
    )
    return (
        f"{amplitude} on its peak channel {built.peak_channel}, {apart}; mean of "
        f"{_counted(built.n_template_spikes, 'spike')}"
    )


def _spikes(built: BuiltInfo) -> str:
    rate = "" if built.rate_hz is None else f", {built.rate_hz:.2f} Hz"
    text = f"{built.n_spikes:,} in {built.duration_s:g} s{rate}"
    n_intervals = built.n_spikes - 1
    if built.n_short_intervals is not None and n_intervals > 0:
        share = 100 * built.n_short_intervals / n_intervals
        text += (
            f"; {built.n_short_intervals:,} intervals ({share:.1f} %) under "
            f"{built.short_interval_ms:g} ms"
        )
    return f"{text}; from {built.spike_source}"


def _agreement(built: BuiltInfo) -> str:
    found = built.agreement
    if found is None:
        return "not known: there is only one source of the spikes"
    offset = (
        ""
        if found.median_offset_ms is None
        else f", median offset {found.median_offset_ms:+.3f} ms"
    )
    return (
        f"detection on the patch trace: recall {_share(found.recall)}, precision "
        f"{_share(found.precision)} against the list{offset}"
    )


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"


def _patch(built: BuiltInfo) -> str:
    patch = built.patch
    sign = "negative" if patch.polarity < 0 else "positive"
    return (
        f"{_PATCHES[patch.type]}, {_CLAMPS[patch.clamp]}: trace in {patch.units}, true rate "
        f"{patch.rate_hz:,.2f} Hz, spikes {sign}"
    )


def _masked(built: BuiltInfo) -> str:
    by_label: dict[str, list[str]] = {}
    for channel, label in built.detected_bad_channels.items():
        by_label.setdefault(label, []).append(channel)
    detected = ", ".join(f"{label} {' '.join(names)}" for label, names in by_label.items())
    sites = " ".join(str(channel) for channel in built.reference_channels)
    return f"detected: {detected or 'none'}; reference sites: {sites}"


def _window(built: BuiltInfo) -> str:
    first, n_samples = built.window.start_sample, built.window.n_samples
    return (
        f"{built.start_s:g} s to {built.start_s + built.duration_s:g} s of the recording: samples "
        f"{first:,} to {first + n_samples:,}"
    )


def _rows(built: BuiltInfo) -> str:
    parts = [
        f"{name} {_counted(split.rows, 'row')}, {_counted(split.spikes, 'spike')}"
        for name, split in built.splits.items()
    ]
    size = f"{_size(built.rows_bytes)}, and {_size(built.other_bytes)} of other files"
    return f"{'; '.join(parts)}; {built.segment_duration_s:g} s a row; {size}"


def _made_from(built: BuiltInfo) -> str:
    files = sorted(built.raw_files, key=lambda file: -file.size)
    return ", ".join(f"{file.name} {_size(file.size)} {file.sha256[:_HASH]}" for file in files)


def _made_by(built: BuiltInfo) -> str:
    versions = ", ".join(f"{name} {version}" for name, version in built.versions.items())
    return f"spe1 {built.spe1_version}, data {built.data_version}; {versions}"


def _options(changed: dict[str, Any]) -> str:
    if not changed:
        return "the default's"
    return ", ".join(f"{name} {value}" for name, value in changed.items()) + " (else the default's)"


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def _size(n_bytes: int) -> str:
    for unit, factor in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if n_bytes >= factor:
            return f"{n_bytes / factor:.3g} {unit}"
    return f"{n_bytes} B"
