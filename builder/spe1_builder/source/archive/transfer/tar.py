"""The members of a ``.tar.gz``, one after the other, with a bound on all that is read.

`tarfile` knows the 512 bytes of a header; what may stand between two members is read here.
It would read a longer name of a gigabyte whole, search a PAX header in the square of its
length, and take a damaged header for the end.
"""

from __future__ import annotations

import gzip
import tarfile
from collections.abc import Iterator
from typing import IO, cast

from spe1_builder.source.archive.server.limits import parse_size
from spe1_builder.source.archive.transfer.checksums import HashingReader

_BLOCK_BYTES = tarfile.BLOCKSIZE
#: Bytes of a member's longer name or of its other properties; a path has at most 4,096.
_EXTENSION_BYTES = 65_536
#: Headers before a member that are about it: longer name and link, PAX for it and for all.
_MOST_EXTENSIONS = 8
#: Digits of the length of a PAX field; `_EXTENSION_BYTES` has five.
_LENGTH_DIGITS = 5
#: Zeros behind the end; tar pads to 10,240 bytes unless told otherwise.
_PADDING_BYTES = 4_000_000
#: Deflate packs at most 1,032 bytes into one (zlib's documentation, "Maximum Compression Factor").
_MOST_PACKED = 1032
_CHUNK_BYTES = 1 << 20
_PAX_KINDS = (tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.SOLARIS_XHDTYPE)


class Members:
    """A packed archive, member by member.

    Every method raises `tarfile.TarError`, or what `gzip` does, for damaged bytes.

    Parameters
    ----------
    reader : HashingReader
        At the archive's first byte.
    n_packed : int
        Bytes of the archive.
    """

    def __init__(self, reader: HashingReader, n_packed: int):
        self._packed = gzip.GzipFile(fileobj=cast(IO[bytes], reader))
        self._most_bytes = n_packed * _MOST_PACKED
        self._of_all: dict[str, bytes] = {}

    def next(self) -> tarfile.TarInfo | None:
        """The next member, after the content of the one before it; None at the end."""
        fields: dict[str, bytes] = {}
        for n_before in range(_MOST_EXTENSIONS):
            block = self._packed.read(_BLOCK_BYTES)
            # A block of zeros is the end; so is, for every tar, the file's own.
            if not any(block) and len(block) in (0, _BLOCK_BYTES) and n_before == 0:
                return None
            member = tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
            if member.type in (tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK):
                name = self._extension(member).split(b"\0", 1)[0]
                if member.type == tarfile.GNUTYPE_LONGNAME:
                    fields["path"] = name
            elif member.type in _PAX_KINDS:
                found = _pax_fields(self._extension(member))
                (self._of_all if member.type == tarfile.XGLTYPE else fields).update(found)
            else:
                self._apply(self._of_all | fields, member)
                return member
        raise tarfile.ReadError(f"more than {_MOST_EXTENSIONS} headers for one member")

    def content(self, member: tarfile.TarInfo) -> Iterator[bytes]:
        """The bytes of the member that is at hand, as they come."""
        left = member.size
        while left:
            chunk = self._packed.read(min(left, _CHUNK_BYTES))
            if not chunk:
                raise tarfile.ReadError(f"ends {left} bytes before the member's end")
            left -= len(chunk)
            yield chunk
        self._exactly(-member.size % _BLOCK_BYTES)

    def finish(self) -> None:
        """Read to the end: there stand the CRC and the length of it all."""
        n_bytes = 0
        while chunk := self._packed.read(_CHUNK_BYTES):
            n_bytes += len(chunk)
            if n_bytes > _PADDING_BYTES:
                raise tarfile.ReadError(f"more than {_PADDING_BYTES} bytes behind the end")

    def _apply(self, fields: dict[str, bytes], member: tarfile.TarInfo) -> None:
        if "path" in fields:
            member.name = fields["path"].decode("utf-8", "surrogateescape").rstrip("/")
        if "size" in fields:
            size = parse_size(fields["size"].decode("ascii", "replace"))
            member.size = -1 if size is None else size
        if any(name.startswith("GNU.sparse") for name in fields):
            member.type = tarfile.GNUTYPE_SPARSE
        if not 0 <= member.size <= self._most_bytes:
            raise tarfile.ReadError(
                f"a member that claims {member.size} bytes, more than can be packed here"
            )

    def _extension(self, member: tarfile.TarInfo) -> bytes:
        if not 0 <= member.size <= _EXTENSION_BYTES:
            raise tarfile.ReadError(f"a header of {member.size} bytes")
        data = self._exactly(member.size)
        self._exactly(-member.size % _BLOCK_BYTES)
        return data

    def _exactly(self, n_bytes: int) -> bytes:
        data = self._packed.read(n_bytes)
        if len(data) != n_bytes:
            raise tarfile.ReadError("ends in the middle of a header")
        return data


def _pax_fields(data: bytes) -> dict[str, bytes]:
    """Those fields that count: ``length name=value`` lines, each as long as it says."""
    fields, position = {}, 0
    while position < len(data):
        end = data.find(b" ", position, position + _LENGTH_DIGITS + 1)
        length = data[position:end] if end >= 0 else b""
        line = data[position : position + int(length)] if length.isdigit() else b""
        name, is_field, value = line[len(length) + 1 :].partition(b"=")
        if not is_field or not line.endswith(b"\n"):
            raise tarfile.ReadError(f"a PAX header that cannot be read: {data[position:][:40]!r}")
        if name in (b"path", b"size") or name.startswith(b"GNU.sparse"):
            fields[name[:40].decode("ascii", "replace")] = value[:-1]
        position += len(line)
    return fields
