"""The files beside the recordings: channel map, summary, and each cell's description.

Their bytes depend on the content alone: the dates that the libraries write into
a file are set to a fixed one. ``truth/archive.json`` keeps the hash of those that the
simulator wrote, and only these are ever written again.
"""

from __future__ import annotations

import csv
import datetime
import hashlib
import io
import json
import re
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from spe1_builder.constants import N_CHANNELS, REFERENCE_CHANNELS
from spe1_builder.disk.atomic import write_bytes, write_text
from spe1_builder.errors import OptionError, RawDataError
from spe1_builder.layout import RawLayout
from spe1_builder.lengths import recording_length_min
from spe1_builder.packaged import packaged_text
from spe1_builder.probe import nominal_positions_um
from spe1_builder.source.recording.summary import SUMMARY_COLUMNS
from spe1_builder.source.simulation.released import n_doubled
from spe1_builder.source.simulation.truth import (
    CellTruth,
    is_simulated,
    read_truth,
    simulated_cells,
)

#: A MATLAB file begins with 116 bytes of free text; scipy puts the date there.
_MAT_HEADER = b"MATLAB 5.0 MAT-file, simulated SPE-1 channel map".ljust(116)
#: The first date that a zip archive can hold.
_FIXED_DATE = (1980, 1, 1, 0, 0, 0)
_FIXED_STAMP = b"1980-01-01T00:00:00Z"
#: Columns of the release's summary that hold text although a number may stand there.
_TEXT_COLUMNS = ("Cell", "Patch Type", "Spike T", "Cell Type")
#: In ``truth/``: SHA-256 of the shared files that the simulator wrote, by their name.
_RECORD_NAME = "archive.json"


def check_shared_files(raw_dir: Path) -> dict[str, str]:
    """Refuse a channel map or a summary that the simulator did not write.

    Returns
    -------
    dict
        SHA-256 of those that are there, by their name; for `write_shared_files`.

    Raises
    ------
    OptionError
        One is there that is neither recorded nor what the simulator would write.
    RawDataError
        The record does not read.
    """
    layout, recorded = RawLayout(raw_dir), _read_record(raw_dir)
    found = {}
    for path in (layout.chan_map, layout.summary):
        if not path.exists():
            continue
        content = _content(path)
        found[path.name] = _sha256(content)
        if found[path.name] != recorded.get(path.name):
            # Of a run that was killed before it could record the file.
            ours = chan_map() if path == layout.chan_map else summary(raw_dir)
            if content != ours:
                raise _not_ours(path)
    return found


def write_shared_files(raw_dir: Path, found: Mapping[str, str]) -> None:
    """Write ``chanMap.mat`` and ``Data Summary.xlsx``, and record them.

    Parameters
    ----------
    raw_dir : Path
    found : mapping
        As `check_shared_files` gave it before the cells were simulated; a file that
        has been put there since is refused too.
    """
    layout, recorded = RawLayout(raw_dir), _read_record(raw_dir)
    contents = {layout.chan_map: chan_map(), layout.summary: summary(raw_dir)}
    hashes = {path.name: _sha256(content) for path, content in contents.items()}
    for path in contents:
        known = {names.get(path.name) for names in (found, recorded, hashes)}
        if path.exists() and _sha256(_content(path)) not in known:
            raise _not_ours(path)
    for path, content in contents.items():
        if not path.exists() or _content(path) != content:
            write_bytes(path, content)
    layout.truth.mkdir(exist_ok=True)
    if recorded != hashes:
        text = json.dumps(hashes, indent=2)
        write_text(layout.truth / _RECORD_NAME, text + "\n")


def _read_record(raw_dir: Path) -> dict[str, str]:
    """SHA-256 of the shared files that the simulator wrote; nothing without a record."""
    path = RawLayout(raw_dir).truth / _RECORD_NAME
    if not path.exists():
        return {}
    try:
        recorded = json.loads(path.read_text(encoding="utf-8"))
        if not (
            isinstance(recorded, dict) and all(isinstance(item, str) for item in recorded.values())
        ):
            raise ValueError("not a table of names and hashes")
    except (OSError, ValueError, RecursionError) as error:
        raise RawDataError(
            "The record of the simulated shared files cannot be read.",
            where=path,
            expected="JSON: SHA-256 of 'chanMap.mat' and 'Data Summary.xlsx'",
            got=f"{type(error).__name__}: {error}",
            do="name another folder; or, if the two files are simulated, delete all three",
        ) from error
    return recorded


def _not_ours(path: Path) -> OptionError:
    return OptionError(
        f"{path.name} is already there, and was not simulated.",
        where=path,
        expected=f"no such file, or the one that 'truth/{_RECORD_NAME}' records",
        got="another one",
        do="name another folder, or move the file away: real data is never overwritten",
    )


def _content(path: Path) -> bytes:
    """The bytes of a shared file; what is there and does not read is not ours."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise _not_ours(path) from error


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def chan_map() -> bytes:
    """``chanMap.mat`` with Kilosort's fields, each (384, 1)."""
    import scipy.io

    positions_um = nominal_positions_um().astype(np.float64)
    channel = np.arange(N_CHANNELS, dtype=np.float64)[:, None]
    fields = {
        "chanMap": channel + 1,
        "chanMap0ind": channel,
        "connected": ~np.isin(channel, REFERENCE_CHANNELS),
        "xcoords": positions_um[:, :1],
        "ycoords": positions_um[:, 1:],
        "kcoords": np.ones((N_CHANNELS, 1)),
    }
    buffer = io.BytesIO()
    scipy.io.savemat(buffer, fields)
    return _MAT_HEADER + buffer.getvalue()[len(_MAT_HEADER) :]


def summary(raw_dir: Path) -> bytes:
    """``Data Summary.xlsx``: the catalogue, with what was simulated put in."""
    import openpyxl

    workbook = openpyxl.Workbook()
    sheet = workbook.active
    sheet.title = "Sheet1"
    for row in summary_rows(raw_dir):
        sheet.append(row)
    buffer = io.BytesIO()
    workbook.save(buffer)
    return _without_dates(buffer.getvalue())


def summary_rows(raw_dir: Path) -> list[list[Any]]:
    """Header and the 43 rows of the release's summary, in the release's order.

    A simulated cell's row tells what its files hold: Patch Type, lengths, rate,
    number of spikes, soma distance, amplitude and its channel. The distance of a semi-real one
    is the release's, as its electrode is.
    """
    simulated = {cell for cell in simulated_cells(raw_dir) if is_simulated(raw_dir, cell)}
    rows: list[list[Any]] = [list(SUMMARY_COLUMNS)]
    for entry in csv.DictReader(packaged_text("cells.csv").splitlines()):
        row = {name: _value(name, entry[SUMMARY_COLUMNS[name]]) for name in SUMMARY_COLUMNS}
        if entry["cell_id"] in simulated:
            row |= _simulated_values(read_truth(raw_dir, entry["cell_id"]))
        rows.append(list(row.values()))
    return rows


def _simulated_values(truth: CellTruth) -> dict[str, Any]:
    values: dict[str, Any] = {}
    if truth.origin == "simulated":
        electrode_um = nominal_positions_um()[truth.electrode].astype(np.float64)
        from_electrode_um = np.subtract(truth.location_um, [*electrode_um, 0.0])
        values["Distance"] = float(np.linalg.norm(from_electrode_um))
    n_spikes = len(truth.patch_samples)
    if truth.options.as_released:
        n_spikes += n_doubled(n_spikes)  # as the release counts them
    return values | {
        "JTA Peak-Peak Amplitude": truth.peak_to_peak_uV,
        "chan_highest": truth.peak_channel,
        "Patch Type": truth.patch_type,
        "# Patch Spikes": n_spikes,
        "Recording Length (mins)": recording_length_min(truth.n_patch),
        "Patch Samp. Freq. (Hz)": truth.patch_rate_hz,
    }


def _value(column: str, text: str) -> Any:
    """A cell of ``cells.csv`` as the type that the release's workbook has."""
    if text == "":
        return None
    if column in _TEXT_COLUMNS:
        return text
    if column == "Date":
        return datetime.datetime.fromisoformat(text)
    return int(text) if re.fullmatch(r"-?\d+", text) else float(text)


def _without_dates(workbook: bytes) -> bytes:
    """The same workbook with every time stamp of its archive and properties fixed."""
    buffer = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(workbook)) as source,
        zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as target,
    ):
        for name in source.namelist():
            content = source.read(name)
            if name == "docProps/core.xml":
                content = re.sub(rb"\d{4}-\d\d-\d\dT[\d:.]+Z", _FIXED_STAMP, content)
            entry = zipfile.ZipInfo(name, _FIXED_DATE)
            entry.compress_type = zipfile.ZIP_DEFLATED
            target.writestr(entry, content)
    return buffer.getvalue()


def meta_text(n_npx: int, n_patch: int) -> str:
    """``cXX_expt_meta.csv``, as the release's reads: Python-2 literals in CSV quotes."""
    return f"npx,patch\n\"[({N_CHANNELS}L, {n_npx}L), 'int16']\",\"[{n_patch}, 'float64']\"\n"


def may_simulate_into(raw_dir: Path) -> bool:
    """Whether this folder may be written to: it is new, or holds a simulated archive.

    A folder with a summary, a channel map or recordings but without any planted
    truth is a copy of the real release.
    """
    layout = RawLayout(raw_dir)
    holds_files = layout.summary.exists() or layout.chan_map.exists()
    found = layout.recordings.iterdir() if layout.recordings.is_dir() else ()
    # A simulation that was killed leaves its unfinished cell and no truth yet.
    holds_cells = any(path.suffix != ".incomplete" for path in found)
    return bool(simulated_cells(raw_dir)) or not (holds_files or holds_cells)
