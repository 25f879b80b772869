"""Read ``Data Summary.xlsx``, the release's table of the paired recordings."""

from __future__ import annotations

import csv
import io
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from spe1_builder.cells import get_cell
from spe1_builder.constants import N_CHANNELS
from spe1_builder.disk.bounded import read_bounded
from spe1_builder.disk.renamed import find_renamed
from spe1_builder.errors import MissingFileError, SummaryError
from spe1_builder.layout import SUMMARY_NAME
from spe1_builder.lengths import StreamLengths, stream_lengths
from spe1_builder.source.recording.workbook import MAX_WORKBOOK_BYTES, read_first_sheet

#: Column of the release -> column of cells.csv, in the release's order. Coordinates are
#: micrometres in the stereotactic frame of [MS18]; "Spike T" stays text (one cell has a
#: unit in it).
SUMMARY_COLUMNS = {
    "Cell": "cell_id",
    "cell order(day)": "order_in_day",
    "Date": "date",
    "Session": "session",
    "Probe Insert x": "probe_insert_x_um",
    "Probe Insert y": "probe_insert_y_um",
    "Probe Insert z": "probe_insert_z_um",
    "Probe Insert L": "probe_insert_length_um",
    "Ratio to Paxinos": "ratio_to_paxinos",
    "Cell x": "cell_x_um",
    "Cell y": "cell_y_um",
    "Cell z": "cell_z_um",
    "Chan x": "chan_x_um",
    "Chan y": "chan_y_um",
    "Chan z": "chan_z_um",
    "Distance": "distance_um",
    "Depth": "depth_um",
    "chan_predicted": "chan_predicted",
    "JTA Peak-Peak Amplitude": "jta_peak_to_peak_uV",
    "chan_highest": "chan_highest",
    "Patch Type": "patch_type",
    "# Patch Spikes": "n_patch_spikes",
    "Recording Length (mins)": "recording_length_min",
    "Spike T": "spike_threshold_text",
    "# channels pk >20µV": "n_channels_above_20_uV",
    "Cell Type": "cell_type",
    "Patch Samp. Freq. (Hz)": "patch_rate_hz",
}
_LENGTH_COLUMN = "Recording Length (mins)"
#: Two months; the longest has 36 minutes.
_MAX_LENGTH_MIN = 1e5


@dataclass(frozen=True)
class SummaryRow:
    """What a build takes from the summary.

    Attributes
    ----------
    cell_id : str
    chan_predicted : int
        0-based channel of the electrode nearest to the patched soma: the
        localization target.
    chan_highest : int
        0-based channel of the largest spike-triggered average; the catalogue's where the
        table has none.
    patch_type : str
        "Juxta, VC", "Juxta, IC" or "WC, IC".
    patch_rate_hz : float or None
        Patch sampling rate on the NPX clock; None where the table has none.
    recording_length_min : float or None
        None where the table has none.
    """

    cell_id: str
    chan_predicted: int
    chan_highest: int
    patch_type: str
    patch_rate_hz: float | None
    recording_length_min: float | None

    @property
    def lengths(self) -> StreamLengths:
        """Of the two streams; the catalogue stands in for what the table has not."""
        known = get_cell(self.cell_id)
        return stream_lengths(
            self.recording_length_min or known.recording_length_min,
            self.patch_rate_hz or known.patch_rate_hz,
        )


@dataclass(frozen=True)
class Summary:
    """The release's table, read once.

    Attributes
    ----------
    path : Path
    content : bytes
        The workbook itself.
    table : list of dict
        The first sheet: one dict for each row that has a cell id.
    """

    path: Path
    content: bytes
    table: list[dict[str, Any]]

    def row(self, cell_id: str) -> SummaryRow:
        """The row of one cell, checked.

        Raises
        ------
        SummaryError
            The cell, ``chan_predicted`` or ``Patch Type`` is missing or out of range.
        """
        return _row(self, cell_id)

    def as_csv(self) -> str:
        """The table as CSV text, columns and values as in the workbook."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(self.table[0] if self.table else ["Cell"])
        for row in self.table:
            writer.writerow([_csv_value(value) for value in row.values()])
        return text.getvalue()


#: A text that begins so is a formula to a spreadsheet that opens the CSV.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def _csv_value(value: Any) -> Any:
    """A value for the CSV; a text that a spreadsheet would run is told to be one."""
    if isinstance(value, str) and value.startswith(_FORMULA_STARTS):
        return f"'{value}"
    return "" if value is None else value


def read_summary(path: Path) -> Summary:
    """Read ``Data Summary.xlsx``.

    Raises
    ------
    MissingFileError
        No such file.
    SummaryError
        Not a workbook, or a sheet without a ``Cell`` column.
    """
    path = Path(path)
    if not path.exists():
        renamed = find_renamed(path.parent, [path.name, SUMMARY_NAME])
        raise MissingFileError(
            "The summary of the paired recordings is missing.",
            where=path,
            got=f"'{renamed[0].path.name}'" if renamed else None,
            do=renamed[0].remedy
            if renamed
            else "put the release's 'Data Summary.xlsx' there ('spe1 download' does), or name it "
            "with --summary (summary=)",
        )
    again = "download 'Data Summary.xlsx' again (a saved login page is a common cause)"
    content = read_bounded(path, MAX_WORKBOOK_BYTES, "The summary", error=SummaryError, do=again)
    try:
        rows = read_first_sheet(content)
    except Exception as error:  # openpyxl raises zipfile, KeyError, XML errors alike
        raise SummaryError(
            "The summary cannot be read as an Excel workbook.",
            where=path,
            got=f"{type(error).__name__}: {error}",
            do=again,
        ) from error
    header = [str(name).strip() if name is not None else "" for name in (rows[0] if rows else [])]
    if "Cell" not in header:
        raise SummaryError(
            "The summary has no column 'Cell'.",
            where=path,
            expected="the first sheet of the release's Data Summary.xlsx",
            got=f"columns {header[:8]}",
            do="use the file of the release unchanged",
        )
    table = [dict(zip(header, row, strict=True)) for row in rows[1:]]
    return Summary(path, content, [row for row in table if row["Cell"] is not None])


def _row(summary: Summary, cell_id: str) -> SummaryRow:
    path, table = summary.path, summary.table
    for column in ("chan_predicted", "Patch Type"):
        if table and column not in table[0]:
            raise SummaryError(
                f"The summary has no column '{column}'.",
                where=path,
                got=f"columns {list(table[0])}",
                do="use the file of the release unchanged",
            )
    matches = [row for row in table if str(row["Cell"]).strip() == cell_id]
    if len(matches) != 1:
        raise SummaryError(
            f"The summary has {len(matches)} rows for cell {cell_id}.",
            where=path,
            expected="exactly one row",
            got=f"cells {', '.join(str(row['Cell']) for row in table) or 'none'}",
            do="use the summary that belongs to these recordings",
        )
    row = matches[0]
    rate_hz = row.get("Patch Samp. Freq. (Hz)")
    if rate_hz is not None and not (isinstance(rate_hz, int | float) and 1 <= rate_hz < math.inf):
        raise SummaryError(
            f"The patch sampling rate of cell {cell_id} is none.",
            where=path,
            expected="a number of Hz, 1 or more",
            got=repr(rate_hz),
            do="correct that cell of the table, or leave it empty for the catalogue's rate",
        )
    return SummaryRow(
        cell_id=cell_id,
        chan_predicted=_channel(row["chan_predicted"], path, cell_id),
        chan_highest=_highest(row.get("chan_highest"), cell_id),
        patch_type=str(row["Patch Type"]).strip(),
        patch_rate_hz=None if rate_hz is None else float(rate_hz),
        recording_length_min=length_min(row, path),
    )


def length_min(row: dict[str, Any], path: Path) -> float | None:
    """Minutes of one row's recording; None where the table has none.

    Parameters
    ----------
    row : dict
        Of `Summary.table`.
    path : Path
        The workbook, for the error.

    Raises
    ------
    SummaryError
        The length is no number.
    """
    minutes = row.get(_LENGTH_COLUMN)
    if minutes is None:
        return None
    if not isinstance(minutes, int | float) or not 0 < minutes < _MAX_LENGTH_MIN:
        raise SummaryError(
            f"The length of {row['Cell']} is not a number of minutes.",
            where=path,
            expected=f"{_LENGTH_COLUMN!r} above 0",
            got=repr(minutes),
            do="correct that cell of the table",
        )
    return float(minutes)


def _channel(value: object, path: Path, cell_id: str) -> int:
    channel = _as_channel(value)
    if channel is None:
        raise SummaryError(
            f"chan_predicted of cell {cell_id} is not a channel of the probe.",
            where=path,
            expected=f"a whole number in [0, {N_CHANNELS - 1}]",
            got=repr(value),
            do="correct that cell of the table; without it the cell has no ground-truth electrode",
        )
    return channel


def _highest(value: object, cell_id: str) -> int:
    """``chan_highest``: only a warning rests on it, so that the catalogue may stand in."""
    channel = _as_channel(value)
    return get_cell(cell_id).chan_highest if channel is None else channel


def _as_channel(value: object) -> int | None:
    """A channel of the probe; None for anything else."""
    is_whole = (
        isinstance(value, int | float) and not isinstance(value, bool) and value == value // 1
    )
    if not is_whole or not 0 <= int(value) < N_CHANNELS:  # type: ignore[call-overload]
        return None
    return int(value)  # type: ignore[call-overload]
