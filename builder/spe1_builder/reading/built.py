"""What a built cell's small files say, and what is wrong with them; damage raises nothing here."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from spe1_builder.constants import NPX_RATE_HZ, SPIKE_SOURCE_LABELS
from spe1_builder.dataset.findings import Report
from spe1_builder.dataset.metadata import ConversionMetadata, read_model
from spe1_builder.dataset.sidecars.npz import read_arrays
from spe1_builder.dataset.sidecars.templates import ARRAYS
from spe1_builder.errors import Spe1Error, printable
from spe1_builder.layout import METADATA_NAME, TEMPLATES_NAME, RootLayout
from spe1_builder.reading.arrays import is_there

_TEMPLATES = "templates"
#: Of a problem, which stands in one field of a table.
_LONGEST = 300


@dataclass(frozen=True)
class BuiltCell:
    """A cell of a root, as far as it can be read.

    Attributes
    ----------
    folder : Path
    metadata : ConversionMetadata or None
        None where it cannot be read.
    template_peak_to_peak_uV : float or None
        Of the mean spike on the peak channel; None where it cannot be read.
    problems : tuple of str
        What is wrong, a line each; empty if nothing was found. The rows are not read:
        ``spe1 verify`` does that.
    """

    folder: Path
    metadata: ConversionMetadata | None
    template_peak_to_peak_uV: float | None
    problems: tuple[str, ...]

    @property
    def problem(self) -> str | None:
        """All problems in one line."""
        return "; ".join(self.problems) or None


def read_built(layout: RootLayout, cell_id: str) -> BuiltCell | None:
    """A cell of a root; None if it is not there.

    Parameters
    ----------
    layout : RootLayout
    cell_id : str
        One of the catalogue's.
    """
    folder = layout.cell(cell_id)
    try:
        if not is_there(folder / METADATA_NAME):
            return None
        metadata = read_model(folder / METADATA_NAME, ConversionMetadata)
    except (Spe1Error, OSError) as error:
        return BuiltCell(folder, None, None, (problem_line(error),))
    problems = _contradictions(cell_id, metadata) + _missing_files(folder, metadata)
    peak_to_peak_uV = None
    if not any(problem.startswith(TEMPLATES_NAME) for problem in problems):
        peak_to_peak_uV, trouble = _peak_to_peak_uV(folder / TEMPLATES_NAME, metadata.peak_channel)
        problems += trouble
    return BuiltCell(folder, metadata, peak_to_peak_uV, tuple(problems))


def problem_line(error: Exception) -> str:
    """An error of one cell in one line."""
    if isinstance(error, Spe1Error):
        got = "" if error.got is None else f" ({error.got})"
        text = error.what.rstrip(".") + got
    else:
        text = getattr(error, "strerror", None) or f"{type(error).__name__}: {error}"
    text = printable(text)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."


def duration_s(metadata: ConversionMetadata) -> float:
    """Length of the analysis window."""
    return metadata.analysis_window.n_samples / NPX_RATE_HZ


def rate_hz(metadata: ConversionMetadata) -> float | None:
    """Ground-truth spikes a second of the analysis window; None for an empty one."""
    length_s = duration_s(metadata)
    return metadata.n_spikes_total / length_s if length_s > 0 else None


def spike_source(metadata: ConversionMetadata) -> str:
    """Where the spikes come from: "file" (the release's list), "detect", or what stands there."""
    label = metadata.source_metadata.spike_source
    names = {text.split(" (")[0]: name for name, text in SPIKE_SOURCE_LABELS.items()}
    return names.get(label.split(" (")[0], label)


def size_bytes(metadata: ConversionMetadata) -> int:
    """Of all files that the metadata lists."""
    return sum(file.size for file in metadata.files)


def _contradictions(cell_id: str, metadata: ConversionMetadata) -> list[str]:
    problems = []
    if metadata.cell_id != cell_id:
        problems.append(f"{METADATA_NAME} is that of {printable(metadata.cell_id):.20}")
    # A cell of 0.1 has no seal.
    if metadata.seal is not None and metadata.seal != metadata.right_seal():
        problems.append(f"{METADATA_NAME} was changed after the build")
    return problems


def _missing_files(folder: Path, metadata: ConversionMetadata) -> list[str]:
    """Files that are gone, or that have another size than they had."""
    problems = []
    for file in metadata.files:
        path = folder / file.path
        if not path.is_relative_to(folder) or ".." in path.parts:
            problems.append(f"{METADATA_NAME} lists a file outside the cell")
            continue
        try:
            size = path.stat().st_size
        except (OSError, ValueError):
            problems.append(f"{printable(file.path):.100} is missing")
            continue
        if size != file.size:
            problems.append(f"{printable(file.path):.100} has {size} bytes in place of {file.size}")
    return problems


def _peak_to_peak_uV(path: Path, channel: int) -> tuple[float | None, list[str]]:
    """Of the template on a channel; or why it cannot be had."""
    report = Report()
    # Only this array is read; that there are others is no fault here.
    wanted = {_TEMPLATES: ARRAYS[_TEMPLATES]}
    template_uV = read_arrays(path, wanted, report.at(TEMPLATES_NAME)).get(_TEMPLATES)
    if template_uV is None:
        what = "; ".join(finding.what for finding in report.findings())
        return None, [f"{TEMPLATES_NAME} cannot be read ({printable(what):.200})"]
    waveform_uV = template_uV[0, :, channel]
    if waveform_uV.size == 0 or not np.isfinite(waveform_uV).all():
        return None, [f"{TEMPLATES_NAME} holds no finite template on channel {channel}"]
    return float(np.ptp(waveform_uV)), []
