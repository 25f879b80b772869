"""MATLAB files that no program writes."""

import struct
import zlib


def _element(kind: int, body: bytes) -> bytes:
    return struct.pack("<II", kind, len(body)) + body + b"\0" * (-len(body) % 8)


def nested_cells(name: str, depth: int, compress: bool = False) -> bytes:
    """A MATLAB 5 file whose one variable is a cell in a cell in a cell ..."""
    cell = _element(6, struct.pack("<II", 1, 0)) + _element(5, struct.pack("<ii", 1, 1))
    # From the inside out; sizes grow, so that only their heads are joined at the end.
    size = len(cell) + 8
    heads = []
    for level in range(depth):
        label = _element(1, name.encode() if level == depth - 1 else b"")
        if level == 0:
            heads.append(cell + _element(1, b""))
            size = len(heads[0])
            continue
        heads.append(cell + label + struct.pack("<II", 14, size))
        size += len(heads[-1])
    header = b"MATLAB 5.0 MAT-file, nested".ljust(124) + b"\x00\x01IM"
    variable = struct.pack("<II", 14, size) + b"".join(reversed(heads))
    if compress:
        packed = zlib.compress(variable)
        variable = struct.pack("<II", 15, len(packed)) + packed
    return header + variable
