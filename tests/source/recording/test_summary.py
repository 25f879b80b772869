"""The summary in every form that a workbook has, and workbooks that are hostile."""

import io
import os
import warnings
import zipfile
from pathlib import Path

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from spe1_builder.errors import MissingFileError, Spe1Error, SummaryError
from spe1_builder.source.recording.summary import read_summary
from spe1_builder.source.simulation import shared_files

STRICT = (
    (
        "http://schemas.openxmlformats.org/spreadsheetml/2006",
        "http://purl.oclc.org/ooxml/spreadsheetml",
    ),
    (
        "http://schemas.openxmlformats.org/officeDocument/2006/relationships",
        "http://purl.oclc.org/ooxml/officeDocument/relationships",
    ),
    ("http://schemas.openxmlformats.org/drawingml/2006", "http://purl.oclc.org/ooxml/drawingml"),
)
NOWHERE = Path("/nonexistent")


@pytest.fixture(scope="module")
def workbook() -> bytes:
    """As the simulator writes it: the release's 43 rows."""
    return shared_files.summary(NOWHERE)


def _repacked(workbook: bytes, change) -> bytes:
    buffer = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(workbook)) as source,
        zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as target,
    ):
        for name in source.namelist():
            target.writestr(name, change(name, source.read(name)))
    return buffer.getvalue()


def _strict(name: str, body: bytes) -> bytes:
    for common, strict in STRICT:
        body = body.replace(common.encode(), strict.encode())
    return body


def _read(tmp_path, content: bytes):
    path = tmp_path / "Data Summary.xlsx"
    path.unlink(missing_ok=True)
    path.write_bytes(content)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return read_summary(path)


def test_the_table_is_that_of_the_release(tmp_path, workbook):
    summary = _read(tmp_path, workbook)
    header, *rows = shared_files.summary_rows(NOWHERE)
    # A workbook keeps 16 digits of a number.
    kept = [[float(f"{v:.16g}") if isinstance(v, float) else v for v in row] for row in rows]
    assert [list(row.values()) for row in summary.table] == kept
    assert list(summary.table[0]) == header
    row = summary.row("c14")
    assert (row.chan_predicted, row.chan_highest, row.patch_type) == (159, 161, "Juxta, VC")


def test_the_strict_form_reads_the_same(tmp_path, workbook):
    strict = _repacked(workbook, _strict)
    assert b"purl.oclc.org/ooxml/spreadsheetml/main" in zipfile.ZipFile(io.BytesIO(strict)).read(
        "xl/workbook.xml"
    )
    with pytest.warns(UserWarning, match="invalid specification"):
        # Which is why it is put into the other form first.
        assert not openpyxl.load_workbook(io.BytesIO(strict)).worksheets
    assert _read(tmp_path, strict).table == _read(tmp_path, workbook).table


def test_a_sheet_that_lies_about_its_size_is_read_whole(tmp_path, workbook):
    def lie(name, body):
        return body.replace(b'<dimension ref="A1:AA44"', b'<dimension ref="A1:B3"')

    assert _read(tmp_path, _repacked(workbook, lie)).table == _read(tmp_path, workbook).table


def test_rows_without_their_last_values(tmp_path, workbook):
    """A program that leaves empty cells out writes rows of different lengths."""
    book = openpyxl.load_workbook(io.BytesIO(workbook))
    column = [cell.value for cell in book.active[1]].index("Patch Samp. Freq. (Hz)") + 1
    for row in range(2, 45):
        book.active.cell(row, column).value = None
    buffer = io.BytesIO()
    book.save(buffer)
    assert _read(tmp_path, buffer.getvalue()).row("c14").patch_rate_hz is None


@pytest.mark.parametrize("value", [None, "159", 384, 2.5])
def test_without_the_highest_channel_the_catalogue_stands_in(tmp_path, workbook, value):
    book = openpyxl.load_workbook(io.BytesIO(workbook))
    column = [cell.value for cell in book.active[1]].index("chan_highest") + 1
    for row in range(2, 45):
        book.active.cell(row, column).value = value
    buffer = io.BytesIO()
    book.save(buffer)
    assert _read(tmp_path, buffer.getvalue()).row("c14").chan_highest == 161


def _far_cell(row: int, column: int) -> bytes:
    book = openpyxl.Workbook()
    book.active.append(["Cell"])
    book.active.cell(row, column).value = 1
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


HOSTILE = {
    "a cell in the last row": lambda: _far_cell(1_048_576, 1),  # 45 s and 2 GB, before
    "a cell in the last column": lambda: _far_cell(2, 16_384),
    "a bomb": lambda: _repacked(_far_cell(2, 2), lambda name, body: body + b" " * 30_000_000),
    "deep": lambda: _repacked(
        _far_cell(2, 2), lambda name, body: b"<a>" * 300_000 if "sheet1" in name else body
    ),
    "without a sheet": lambda: _repacked(
        _far_cell(2, 2),
        lambda name, body: b"<workbook/>" if name == "xl/workbook.xml" else body,
    ),
    "no workbook": lambda: _repacked(_far_cell(2, 2), lambda name, body: b""),
    "a page": lambda: b"<html>please log in</html>",
    "nothing": lambda: b"",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_workbooks_are_refused(tmp_path, name):
    with pytest.raises(SummaryError) as caught:
        _read(tmp_path, HOSTILE[name]())
    assert caught.value.do and caught.value.got


def test_it_is_looked_at_before_it_is_read(tmp_path):
    path = tmp_path / "Data Summary.xlsx"
    path.touch()
    os.truncate(path, 6_000_000_000)
    with pytest.raises(SummaryError, match="far larger"):
        read_summary(path)
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(SummaryError, match="no regular file"):
        read_summary(path)


@pytest.mark.parametrize(
    "name", ["Data Summary (1).xlsx", "Data_Summary.xlsx", "data summary.xlsx"]
)
def test_a_renamed_summary_is_told(tmp_path, workbook, name):
    (tmp_path / name).write_bytes(workbook)
    with pytest.raises(MissingFileError) as caught:
        read_summary(tmp_path / "Data Summary.xlsx")
    assert name in caught.value.got and "mv" in caught.value.do


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40
)
@given(
    st.sampled_from(["xl/workbook.xml", "xl/worksheets/sheet1.xml", "xl/sharedStrings.xml", ""]),
    st.lists(st.tuples(st.integers(0, 3000), st.binary(min_size=1, max_size=9)), max_size=3),
)
def test_mangled_workbooks_raise_our_errors_only(tmp_path, workbook, part, edits):
    """Within a part, or in the archive itself."""

    def mangle(name, body):
        changed = bytearray(body)
        for at, data in edits if name == part else ():
            changed[at : at + len(data)] = data
        return bytes(changed)

    content = _repacked(workbook, mangle) if part else mangle("", workbook)
    try:
        _read(tmp_path, content).row("c14")
    except Spe1Error as error:
        assert error.do
