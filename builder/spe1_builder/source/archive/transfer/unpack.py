"""A cell's ``.tar.gz`` into an empty folder: hashed, unpacked and checked in one pass."""

from __future__ import annotations

import gzip
import tarfile
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from spe1_builder.disk.space import require_space
from spe1_builder.errors import BadArchiveError, DamagedFileError, UnsafeArchiveError
from spe1_builder.progress import Progress, Silent, stage
from spe1_builder.source.archive.server.listing import ListedFile
from spe1_builder.source.archive.transfer.checksums import HashingReader, compare
from spe1_builder.source.archive.transfer.tar import Members

#: A cell has seven files; an archive of many more is something else.
_MOST_MEMBERS = 1000
#: What every file system takes: bytes of a name; and far more folders than a release has.
_NAME_BYTES, _MOST_FOLDERS = 255, 16
#: What a Mac adds to an archive, and how much of it is read over.
_LITTER = ("__MACOSX", ".DS_Store", "Icon\r")
_LITTER_BYTES = 100_000_000


def unpack(archive: Path, file: ListedFile, folder: Path, progress: Progress | None = None) -> Path:
    """Unpack into ``folder``, and hold the archive to its size, MD5 and own checksums.

    Only plain files are written. Whatever goes wrong on the way, the archive is compared
    with its sum first: of bytes that are not the published ones nothing else can be said.

    Parameters
    ----------
    archive : Path
    file : ListedFile
        What the archive file should be.
    folder : Path
        Empty; on an error its content is to be thrown away.

    Returns
    -------
    Path
        The folder with the files: ``folder``, or the one below it that holds them all.

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
    with (
        archive.open("rb") as source,
        stage(progress, f"unpack {file.name}", file.size, "B"),
    ):
        reader = HashingReader(source, progress)
        try:
            _extract(reader, archive, folder)
        except Exception as error:
            compare(archive, file, reader.finish(), reader.n_bytes)
            if isinstance(error, DamagedFileError) and file.md5 is not None:
                raise BadArchiveError(
                    f"{file.name} is as the archive publishes it, and cannot be unpacked.",
                    where=archive,
                    got=error.got,
                    do="tell CRCNS; another copy may be better (--from)",
                ) from error
            raise
        compare(archive, file, reader.finish(), reader.n_bytes)
    return _common_folder(folder)


def _extract(reader: HashingReader, archive: Path, folder: Path) -> None:
    n_members = n_litter_bytes = 0
    with _damage_reported(archive):
        members = Members(reader, archive.stat().st_size)
    while True:
        with _damage_reported(archive):
            member = members.next()
        if member is None:
            break
        n_members += 1
        if n_members > _MOST_MEMBERS:
            raise _unsafe(archive, "an unbelievable number of members", f"over {_MOST_MEMBERS}")
        path = _safe_path(member, archive)
        if path is not None:
            require_space(
                folder,
                member.size,
                f"{path.name}, which {archive.name} holds",
                do="free some room, then run the same command again: nothing is fetched twice",
            )
            _write_member(members, member, folder / path, archive)
        elif member.isreg():
            n_litter_bytes += member.size
            if n_litter_bytes > _LITTER_BYTES:
                raise _unsafe(archive, "an unbelievable amount of side files", member.name)
            for _ in _content(members, member, archive):
                pass
    with _damage_reported(archive):
        members.finish()
    if n_members == 0:
        raise _damaged(archive, "no member")


def _safe_path(member: tarfile.TarInfo, archive: Path) -> PurePosixPath | None:
    """Where a member goes, relative to the folder; None if nowhere."""
    path = PurePosixPath(member.name)
    if len(path.parts) > _MOST_FOLDERS:
        raise _unsafe(archive, "an unbelievable depth of folders", f"{len(path.parts)} levels")
    if any(len(part.encode(errors="replace")) > _NAME_BYTES for part in path.parts):
        raise _unsafe(archive, "a name that no disk takes", f"{len(member.name)} characters")
    if path.is_absolute() or ".." in path.parts or "\\" in member.name or "\0" in member.name:
        raise _unsafe(archive, "a path that leads out of its folder", member.name)
    if member.isdir() or any(part in _LITTER or part.startswith("._") for part in path.parts):
        return None
    if not member.isreg() or member.type == tarfile.GNUTYPE_SPARSE:
        raise _unsafe(archive, "a link, a device or another thing that is no file", member.name)
    if not path.parts:
        raise _unsafe(archive, "a file without a name", member.name)
    if any(unicodedata.category(character) in ("Cc", "Cs") for character in member.name):
        raise _unsafe(archive, "a name that is no text", member.name)
    return path


def _write_member(members: Members, member: tarfile.TarInfo, target: Path, archive: Path) -> None:
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        out = target.open("xb")
    except (FileExistsError, NotADirectoryError, IsADirectoryError):
        out = None
    if out is None:
        raise _unsafe(archive, "two members in one place", member.name)
    n_bytes = 0
    with out:
        for chunk in _content(members, member, archive):
            n_bytes += len(chunk)
            out.write(chunk)
    if n_bytes != member.size:
        raise _damaged(archive, f"{member.name}: {n_bytes} of {member.size} bytes")


def _content(members: Members, member: tarfile.TarInfo, archive: Path) -> Iterator[bytes]:
    content = members.content(member)
    while True:
        with _damage_reported(archive):
            chunk = next(content, None)
        if chunk is None:
            return
        yield chunk


def _common_folder(folder: Path) -> Path:
    """The lowest folder that has all files in it or below it."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    top = folder
    while top not in {path.parent for path in files} and len(inside := list(top.iterdir())) == 1:
        top = inside[0]
    return top


@contextmanager
def _damage_reported(archive: Path) -> Iterator[None]:
    """What a library raises while it reads is damage, but for the disk's own errors.

    Damaged bytes lead `tarfile` to any of them: OverflowError, RecursionError, KeyError.
    """
    try:
        yield
    except MemoryError:
        raise
    except Exception as error:
        if isinstance(error, OSError) and not isinstance(error, gzip.BadGzipFile):
            raise
        raise _damaged(archive, f"{type(error).__name__}: {error}"[:300]) from error


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
        got=repr(got[:200]),
        do="do not use this copy; CRCNS's own holds nothing of the kind: tell them if it is theirs",
    )
