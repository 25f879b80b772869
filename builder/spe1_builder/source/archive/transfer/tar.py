"""The members of a ``.tar.gz``, as `tarfile` reads them, with a bound on all that it reads."""

from __future__ import annotations

import gzip
import tarfile
from collections.abc import Iterator
from typing import IO, cast

from spe1_builder.source.archive.transfer.checksums import HashingReader

#: Bytes of a member's longer name or of its other properties; a path has at most 4,096.
_EXTENSION_BYTES = 65_536
#: Bytes from one member's end to the next one's content: its headers, or blocks of zeros.
_BETWEEN_BYTES = 4_000_000
#: Deflate packs at most 1,032 bytes into one (zlib's documentation, "Maximum Compression Factor").
_MOST_PACKED = 1032
_CHUNK_BYTES = 1 << 20
_EXTENSIONS = (
    tarfile.GNUTYPE_LONGNAME,
    tarfile.GNUTYPE_LONGLINK,
    tarfile.XHDTYPE,
    tarfile.XGLTYPE,
    tarfile.SOLARIS_XHDTYPE,
)


class Member(tarfile.TarInfo):
    """A member whose headers are short; `tarfile` would read them whole, however long."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Member:
        member = super().frombuf(buf, encoding, errors)
        if member.type in _EXTENSIONS and not 0 <= member.size <= _EXTENSION_BYTES:
            raise tarfile.ReadError(f"a header of {member.size} bytes")
        return member


class Members:
    """A packed archive, member by member; what the libraries raise comes through.

    Parameters
    ----------
    reader : HashingReader
        At the archive's first byte.
    n_packed : int
        Bytes of the archive.
    """

    def __init__(self, reader: HashingReader, n_packed: int):
        self._stream = _Stream(gzip.GzipFile(fileobj=cast(IO[bytes], reader)))
        self._n_packed = n_packed
        self._stream.allow(_BETWEEN_BYTES)
        self._tar = tarfile.open(  # noqa: SIM115
            fileobj=cast(IO[bytes], self._stream), mode="r|", bufsize=_CHUNK_BYTES, tarinfo=Member
        )

    def next(self) -> tarfile.TarInfo | None:
        """The next member; its content is to be read before the one after it."""
        self._stream.allow(_BETWEEN_BYTES)
        member = self._tar.next()
        if member is not None and member.size > self._n_packed * _MOST_PACKED:
            raise tarfile.ReadError(
                f"a member that claims {member.size:.3g} bytes, in an archive of {self._n_packed}"
            )
        return member

    def content(self, member: tarfile.TarInfo) -> Iterator[bytes]:
        """A member's bytes, as they come."""
        content = self._tar.extractfile(member)
        if content is None:
            return
        while True:
            self._stream.allow(_BETWEEN_BYTES)
            if not (chunk := content.read(_CHUNK_BYTES)):
                return
            yield chunk

    def finish(self) -> None:
        """Read to the end: there stand the CRC and the length of it all."""
        self._tar.close()
        self._stream.allow(_BETWEEN_BYTES)
        while self._stream.read(_CHUNK_BYTES):
            pass


class _Stream:
    """Unpacked bytes, of which only so many come as were allowed."""

    def __init__(self, packed: gzip.GzipFile):
        self._packed = packed
        self._left = 0

    def allow(self, n_bytes: int) -> None:
        self._left = n_bytes

    def read(self, size: int) -> bytes:
        data = self._packed.read(size)
        self._left -= len(data)
        if self._left < 0:
            raise tarfile.ReadError(f"more than {_BETWEEN_BYTES} bytes without any content")
        return data
