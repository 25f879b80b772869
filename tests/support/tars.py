"""Archives made by hand, member by member and header by header."""

import gzip
import io
import tarfile


def packed(*members: tuple[tarfile.TarInfo, bytes]) -> bytes:
    """A ``.tar.gz`` of hand-made members."""
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w") as tar:
        for member, data in members:
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return gzip.compress(raw.getvalue(), 1, mtime=0)


def member(name: str, data: bytes = b"x", **fields) -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(name)
    for field, value in fields.items():
        setattr(info, field, value)
    return info, data


def header(name: str = "c14/c14_npx_raw.bin", size: int = 0, kind: bytes = b"0") -> bytes:
    """512 bytes of a member that need not be followed by anything."""
    info = tarfile.TarInfo(name)
    info.size, info.type = size, kind
    return info.tobuf(tarfile.GNU_FORMAT)


def pax(fields: bytes, kind: bytes = tarfile.XHDTYPE) -> bytes:
    """A PAX header with these fields, and a member that they are of."""
    body = fields + bytes(-len(fields) % 512)
    return header("x", len(fields), kind) + body + header() + bytes(1024)


def field(name: bytes, value: bytes) -> bytes:
    rest = b" %s=%s\n" % (name, value)
    n = len(rest) + len(str(len(rest) + 9))
    while len(rest) + len(str(n)) != n:
        n += 1
    return b"%d%s" % (n, rest)
