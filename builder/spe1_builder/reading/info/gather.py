"""What is known of one cell, gathered from the catalogue and the cell's small files."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import ValidationError

from spe1_builder.cells import Cell, get_cell, plain_names
from spe1_builder.constants import NPX_RATE_HZ
from spe1_builder.dataset.metadata import ConversionMetadata
from spe1_builder.dataset.plan.options import BuildOptions
from spe1_builder.dataset.warnings import warnings_of
from spe1_builder.errors import Spe1Error
from spe1_builder.layout import RootLayout
from spe1_builder.models import first_problem
from spe1_builder.paths import local_path
from spe1_builder.probe import nominal_positions_um
from spe1_builder.reading.built import (
    BuiltCell,
    duration_s,
    problem_line,
    rate_hz,
    read_built,
    size_bytes,
)
from spe1_builder.reading.catalogue import require_root
from spe1_builder.reading.info.model import BuiltInfo, CellInfo, ReleaseInfo
from spe1_builder.reading.spikes import spikes

#: Spikes of one burst follow each other so fast; a sorter may miss the small later ones.
SHORT_INTERVAL_MS = 10.0
#: What stands in commands where no root was given.
_DEFAULT_ROOT = Path("spe1")


def info(cell: str, root: str | Path | None = "spe1") -> CellInfo:
    """What is known of one cell: what it is, what was built of it, and what to do next.

    Parameters
    ----------
    cell : str
        Cell of SPE-1, such as "c14".
    root : str or Path, optional
        Dataset root; None looks into the catalogue only.

    Returns
    -------
    CellInfo
        Printed, it is one page: real or simulated; where the neuron is; spikes, patch and the
        agreement of the two spike sources; warnings; what was masked; rows and sizes; what it
        was made from. A damaged cell says so in ``problems``.

    Raises
    ------
    UnknownCellError
        SPE-1 has no such cell.
    OptionError
        The cell is no name, or the root no path of this machine.
    MissingFileError
        There is no such root.

    Examples
    --------
    >>> import spe1
    >>> c14 = spe1.info("c14", root="spe1")
    >>> c14.built.gt_channel, c14.built.x_um, c14.built.y_um, c14.is_simulated
    (159, 27.0, 1600.0, True)
    >>> print(c14)
    c14, simulated ...
    >>> spe1.info("c15", root="spe1").next_steps["build"]
    'spe1 build c15 --raw-dir .raw --root spe1'
    """
    names = plain_names([cell]) if isinstance(cell, str) else []
    known = get_cell(names[0] if len(names) == 1 else cell)
    place = _DEFAULT_ROOT if root is None else local_path(root, "root")
    found = None
    if root is not None:
        found = read_built(RootLayout(require_root(place)), known.cell_id)
    problems, built = [], None
    if found is not None:
        problems = list(found.problems)
        try:
            built = _built_info(found, place, problems)
        except (ValidationError, OverflowError) as error:
            told = first_problem(error) if isinstance(error, ValidationError) else str(error)
            problems.append(f"the metadata hold impossible values ({told})")
    return CellInfo(
        cell_id=known.cell_id,
        is_built=found is not None,
        problems=problems,
        release=_release_info(known),
        built=built,
        next_steps=_next_steps(known.cell_id, place, found is not None, problems),
    )


def _release_info(cell: Cell) -> ReleaseInfo:
    x_um, y_um = nominal_positions_um()[cell.chan_predicted].tolist()
    return ReleaseInfo(
        patch_type=cell.patch_type.release_name,
        cell_type=cell.cell_type,
        sets=list(cell.sets),
        gt_channel=cell.chan_predicted,
        x_um=x_um,
        y_um=y_um,
        distance_um=cell.distance_um,
        depth_um=cell.depth_um,
        highest_channel=cell.chan_highest,
        peak_to_peak_uV=cell.jta_peak_to_peak_uV,
        recording_length_min=cell.recording_length_min,
        n_patch_spikes=cell.n_patch_spikes,
        patch_rate_hz=cell.patch_rate_hz,
    )


def _built_info(found: BuiltCell, root: Path, problems: list[str]) -> BuiltInfo | None:
    """What the metadata and the spikes say; adds what is wrong with the latter."""
    data = found.metadata
    if data is None:
        return None
    x_um, y_um = data.unit_locations_um["0"][:2]
    peak_um = nominal_positions_um()[data.peak_channel]
    rows_bytes = sum(file.size for file in data.files if file.path.endswith(".arrow"))
    return BuiltInfo(
        folder=str(found.folder),
        is_simulated=data.provenance.simulated,
        origin=data.provenance.kind,
        gt_channel=data.gt_electrode_chan_idx,
        x_um=x_um,
        y_um=y_um,
        peak_channel=data.peak_channel,
        peak_to_gt_um=float(np.hypot(peak_um[0] - x_um, peak_um[1] - y_um)),
        template_peak_to_peak_uV=found.template_peak_to_peak_uV,
        n_template_spikes=data.n_spikes_used_for_templates,
        n_spikes=data.n_spikes_total,
        rate_hz=rate_hz(data),
        short_interval_ms=SHORT_INTERVAL_MS,
        n_short_intervals=_n_short_intervals(found.folder.name, root, problems),
        spike_source=data.source_metadata.spike_source,
        agreement=data.ground_truth_agreement,
        patch=data.patch,
        warnings=warnings_of(data),
        detected_bad_channels=data.detected_bad_channels,
        reference_channels=data.reference_channels,
        window=data.analysis_window,
        duration_s=duration_s(data),
        start_s=data.analysis_window.start_sample / NPX_RATE_HZ,
        segment_duration_s=data.segment_duration_s,
        splits=data.splits,
        rows_bytes=rows_bytes,
        other_bytes=size_bytes(data) - rows_bytes,
        raw_files=data.provenance.raw_files,
        spe1_version=data.provenance.spe1_version,
        data_version=data.provenance.data_version,
        versions=data.provenance.versions,
        changed_options=_changed_options(data),
        fingerprint=data.provenance.fingerprint,
    )


def _n_short_intervals(cell_id: str, root: Path, problems: list[str]) -> int | None:
    """Intervals between spikes of the window that are shorter than a burst's."""
    try:
        times_s = spikes(root, cell_id)["time_s"].to_numpy()
    except (Spe1Error, OSError) as error:
        line = problem_line(error)
        if line not in problems:
            problems.append(line)
        return None
    return int((np.diff(times_s) < SHORT_INTERVAL_MS / 1000.0).sum())


def _changed_options(data: ConversionMetadata) -> dict[str, Any]:
    defaults = BuildOptions().as_dict()
    return {
        name: value
        for name, value in data.provenance.options.items()
        if name not in defaults or value != defaults[name]
    }


def _next_steps(cell_id: str, root: Path, is_built: bool, problems: list[str]) -> dict[str, str]:
    place = shlex.quote(str(root))
    build = f"spe1 build {cell_id} --raw-dir .raw --root {place}"
    if not is_built:
        return {"build": build}
    verify = f"spe1 verify {cell_id} --root {place}"
    if problems:
        return {"verify": verify, "build": f"{build} --force"}
    return {
        "load": f'ds = spe1.load("{cell_id}", root={json.dumps(str(root))})',
        "verify": verify,
        "benchmark": f"spe1 benchmark localization --cells {cell_id} --root {place}",
    }
