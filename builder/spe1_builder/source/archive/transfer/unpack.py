"""A cell's ``.tar.gz`` into an empty folder: hashed, unpacked and checked in one pass."""

from __future__ import annotations

import gzip
import shutil
import tarfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, cast

from spe1_builder.disk.space import require_space
from spe1_builder.errors import BadArchiveError, DamagedFileError, Spe1Error, UnsafeArchiveError
from spe1_builder.progress import Progress, Silent, stage
from spe1_builder.source.archive.server.listing import ListedFile
from spe1_builder.source.archive.transfer.checksums import HashingReader, compare

_CHUNK_BYTES = 1 << 20
#: A cell has seven files; an archive of many more is something else.
_MOST_MEMBERS = 1000
#: What a Mac adds to an archive.
_LITTER = ("__MACOSX", ".DS_Store")
#: What the libraries raise on damaged bytes; `tarfile` lets a few of these through.
_DAMAGE = (tarfile.TarError, gzip.BadGzipFile, zlib.error, EOFError, ValueError, RecursionError)


def unpack(archive: Path, file: ListedFile, folder: Path, progress: Progress | None = None) -> None:
    """Unpack into ``folder``, and hold the archive to its size, MD5 and own checksums.

    Only plain files are written. Folders that every file has in common fall away.

    Parameters
    ----------
    archive : Path
    file : ListedFile
        What the archive file should be.
    folder : Path
        Empty; on an error its content is to be thrown away.

    Raises
    ------
    DamagedFileError
        The bytes are not those that were published (`ChecksumError`), or it is not known
        which were, and they cannot be unpacked.
    UnsafeArchiveError
        Absolute paths, "..", links, devices.
    BadArchiveError
        The published file itself cannot be unpacked.
    SpaceError
    """
    progress = progress or Silent()
    failure: Spe1Error | None = None
    with (
        archive.open("rb") as source,
        stage(progress, f"unpack {file.name}", file.size, "B"),
    ):
        reader = HashingReader(source, progress)
        try:
            _extract(reader, archive, folder)
        except (DamagedFileError, BadArchiveError) as error:
            failure = error
        # Damage first: of bytes that are not the published ones nothing can be said.
        compare(archive, file, reader.finish(), reader.n_bytes)
    if failure is None:
        _hoist(folder)
    elif isinstance(failure, DamagedFileError) and file.md5 is not None:
        raise BadArchiveError(
            f"{file.name} is as the archive publishes it, and cannot be unpacked.",
            where=archive,
            got=failure.got,
            do="tell CRCNS; another copy may be better (--from)",
        )
    else:
        raise failure


def _extract(reader: HashingReader, archive: Path, folder: Path) -> None:
    n_members = 0
    with _damage_reported(archive):
        packed = gzip.GzipFile(fileobj=cast(IO[bytes], reader))
        members = tarfile.open(fileobj=packed, mode="r|", bufsize=_CHUNK_BYTES)  # noqa: SIM115
    while (member := _next_member(members, archive)) is not None:
        n_members += 1
        path = _safe_path(member, archive)
        if n_members > _MOST_MEMBERS:
            raise _unsafe(archive, "an unbelievable number of members", f"over {_MOST_MEMBERS}")
        if path is not None:
            require_space(
                folder,
                member.size,
                f"{path.name}, which {archive.name} holds",
                do="free some room, then run the same command again: nothing is fetched twice",
            )
            _write_member(members, member, folder / path, archive)
    with _damage_reported(archive):
        members.close()
        # To the end: there stand the CRC and the length of it all.
        while packed.read(_CHUNK_BYTES):
            pass
    if n_members == 0:
        raise _damaged(archive, "no member")


def _next_member(members: tarfile.TarFile, archive: Path) -> tarfile.TarInfo | None:
    with _damage_reported(archive):
        return members.next()


def _safe_path(member: tarfile.TarInfo, archive: Path) -> PurePosixPath | None:
    """Where a member goes, relative to the folder; None if nowhere."""
    path = PurePosixPath(member.name)
    if path.is_absolute() or ".." in path.parts or "\\" in member.name or "\0" in member.name:
        raise _unsafe(archive, "a path that leads out of its folder", member.name)
    if member.isdir() or any(part in _LITTER or part.startswith("._") for part in path.parts):
        return None
    if not member.isreg() or member.size < 0:
        raise _unsafe(archive, "a link, a device or another thing that is no file", member.name)
    if not path.parts:
        raise _unsafe(archive, "a file without a name", member.name)
    return path


def _write_member(
    members: tarfile.TarFile, member: tarfile.TarInfo, target: Path, archive: Path
) -> None:
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        out = target.open("xb")
    except (FileExistsError, NotADirectoryError, IsADirectoryError):
        out = None
    if out is None:
        raise _unsafe(archive, "two members in one place", member.name)
    n_bytes = 0
    with out:
        with _damage_reported(archive):
            content = members.extractfile(member)
        while content is not None and (chunk := _read(content, archive)):
            n_bytes += len(chunk)
            out.write(chunk)
    if n_bytes != member.size:
        raise _damaged(archive, f"{member.name}: {n_bytes} of {member.size} bytes")


def _read(content: IO[bytes], archive: Path) -> bytes:
    with _damage_reported(archive):
        return content.read(_CHUNK_BYTES)


def _hoist(folder: Path) -> None:
    """Leave out the folders that all files have in common."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    top = folder
    while top not in {path.parent for path in files} and len(inside := list(top.iterdir())) == 1:
        top = inside[0]
    if top == folder:
        return
    # Aside first: a file may bear the name of one of the folders above it.
    aside = folder.with_name(f"{folder.name}.content")
    shutil.rmtree(aside, ignore_errors=True)
    top.rename(aside)
    shutil.rmtree(folder)
    aside.rename(folder)


@contextmanager
def _damage_reported(archive: Path) -> Iterator[None]:
    try:
        yield
    except _DAMAGE as error:
        raise _damaged(archive, f"{type(error).__name__}: {error}") from error


def _damaged(archive: Path, got: str) -> DamagedFileError:
    return DamagedFileError(
        f"{archive.name.removesuffix('.part')} cannot be unpacked: it is cut short or damaged.",
        where=archive,
        expected="a whole .tar.gz",
        got=got,
        do="run the same command again, or take another copy (--from)",
    )


def _unsafe(archive: Path, what: str, got: str) -> UnsafeArchiveError:
    return UnsafeArchiveError(
        f"{archive.name.removesuffix('.part')} holds {what}: it was not unpacked.",
        where=archive,
        expected="plain files in one folder",
        got=repr(got),
        do="do not use this copy; CRCNS's own holds nothing of the kind: tell them if it is theirs",
    )
