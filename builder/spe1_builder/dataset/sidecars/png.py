"""A PNG under check, without a decoder."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

from spe1_builder.dataset.findings import Place

_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_PNG_END = b"\0\0\0\0IEND\xaeB`\x82"


def check_png(path: Path, found: Place) -> None:
    """A PNG: signature, header with a size and the right checksum, end."""
    try:
        data = path.read_bytes()
    except OSError as error:
        found.add("cannot be read", got=error)
        return
    header = data[8:33]
    is_png = data.startswith(_PNG_SIGNATURE) and header[:8] == b"\0\0\0\rIHDR" and len(header) == 25
    if not is_png or not data.endswith(_PNG_END):
        found.add("not a whole PNG", got=f"{len(data)} bytes, the first {data[:8]!r}")
        return
    width, height = struct.unpack(">II", header[8:16])
    has_sum = struct.unpack(">I", header[21:])[0] == zlib.crc32(header[4:21])
    if not (width and height and has_sum):
        found.add("header of the PNG", got=f"{width} x {height}, checksum {has_sum}")
