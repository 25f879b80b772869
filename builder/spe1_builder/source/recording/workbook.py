"""The first sheet of an Excel workbook as rows of values, within bounds.

openpyxl unpacks whatever a workbook holds: one of 12 kB with a single cell in row
1,048,576 takes it 45 s and 2 GB. Here sizes are looked at first, rows come one by one,
and the Strict form of Office Open XML, which it does not know, is put into the common one.
"""

from __future__ import annotations

import io
import warnings
import zipfile
from typing import Any

#: The release's workbook has 43 rows, 27 columns, 12 parts and 0.2 MB unpacked.
MAX_WORKBOOK_BYTES = 4_000_000
_MAX_UNPACKED_BYTES = 4_000_000
_MAX_PARTS = 300
_MAX_ROWS = 2000
_MAX_COLUMNS = 200
#: Namespaces of the Strict form (ISO/IEC 29500-1) and those that everybody writes (-4).
_STRICT = (
    (
        b"http://purl.oclc.org/ooxml/officeDocument/relationships",
        b"http://schemas.openxmlformats.org/officeDocument/2006/relationships",
    ),
    (
        b"http://purl.oclc.org/ooxml/spreadsheetml/main",
        b"http://schemas.openxmlformats.org/spreadsheetml/2006/main",
    ),
    (
        b"http://purl.oclc.org/ooxml/drawingml/main",
        b"http://schemas.openxmlformats.org/drawingml/2006/main",
    ),
    (
        b"http://purl.oclc.org/ooxml/officeDocument/",
        b"http://schemas.openxmlformats.org/officeDocument/2006/",
    ),
)


def read_first_sheet(content: bytes) -> list[tuple[Any, ...]]:
    """The rows of the first sheet, each with as many values as the longest.

    Parameters
    ----------
    content : bytes
        The workbook, at most `MAX_WORKBOOK_BYTES`.

    Returns
    -------
    list of tuple
        Rows that hold nothing at the end are left out.

    Raises
    ------
    Exception
        Not a workbook, or one beyond every reason: openpyxl raises errors of zipfile,
        of XML, KeyError and others alike; ValueError for what is checked here.
    """
    import openpyxl

    content = _checked(content)
    with warnings.catch_warnings():
        # Of what openpyxl does not keep when it writes, which nobody asks it to.
        warnings.simplefilter("ignore")
        workbook = openpyxl.load_workbook(io.BytesIO(content), data_only=True, read_only=True)
        if not workbook.worksheets:
            raise ValueError("a workbook without a sheet")
        sheet = workbook.worksheets[0]
        # What a sheet says of its own size may be wrong.
        sheet.reset_dimensions()
        rows: list[tuple[Any, ...]] = []
        for row in sheet.iter_rows(values_only=True):
            if len(rows) >= _MAX_ROWS or len(row) > _MAX_COLUMNS:
                raise ValueError(f"a sheet of more than {_MAX_ROWS} rows or {_MAX_COLUMNS} columns")
            rows.append(tuple(row))
    while rows and not any(value is not None for value in rows[-1]):
        rows.pop()
    width = max((len(row) for row in rows), default=0)
    return [row + (None,) * (width - len(row)) for row in rows]


def _checked(content: bytes) -> bytes:
    """The workbook, its size once unpacked within bounds, in the form that openpyxl knows."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        parts = archive.infolist()
        n_bytes = sum(part.file_size for part in parts)
        if len(parts) > _MAX_PARTS or n_bytes > _MAX_UNPACKED_BYTES:
            raise ValueError(f"{len(parts)} parts, {n_bytes} bytes once unpacked")
        strict = _STRICT[1][0]
        book = next((part for part in parts if part.filename.endswith("workbook.xml")), None)
        if book is None or strict not in archive.read(book):
            return content
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as target:
            for part in parts:
                body = archive.read(part)
                for name, common in _STRICT:
                    body = body.replace(name, common)
                target.writestr(part.filename, body)
        return buffer.getvalue()
