"""What the archive holds: ``filelist.txt`` and ``checksums.md5``, parsed and searched."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath

from spe1_builder.errors import ListingError
from spe1_builder.layout import RAW_SUFFIXES
from spe1_builder.source.archive.server.limits import LINE_CHARACTERS, parse_size

FILELIST_NAME, CHECKSUMS_NAME = "filelist.txt", "checksums.md5"
#: As ``md5sum`` writes it: a backslash before names that are escaped, ``*`` for binary.
_MD5SUM_LINE = re.compile(r"\\?(?P<md5>[0-9a-fA-F]{32}) [ *]?(?P<path>\S.*)")
#: As ``md5`` of macOS and BSD writes it.
_BSD_LINE = re.compile(r"MD5 \((?P<path>.+)\) = (?P<md5>[0-9a-fA-F]{32})")
_HOW_TO_LIST = (
    "use the archive's own list; for a copy of yours, make one in its top folder: "
    "find . -type f -printf '%p %s\\n' > filelist.txt"
)
_HOW_TO_SUM = (
    "try again later; for a copy of yours, make it anew or remove it: "
    "find . -name 'c*' -type f -exec md5sum {} + > checksums.md5"
)


@dataclass(frozen=True)
class ListedFile:
    """One file of the archive.

    Attributes
    ----------
    path : str
        Relative to the data set's top folder, with ``/``.
    size : int
        Bytes.
    md5 : str or None
        Lower-case hexadecimal, where the archive publishes it.
    """

    path: str
    size: int
    md5: str | None = None

    @property
    def name(self) -> str:
        return PurePosixPath(self.path).name


@dataclass(frozen=True)
class CellFiles:
    """How the archive has a cell: one packed file, or the files themselves."""

    cell_id: str
    packed: ListedFile | None
    loose: tuple[ListedFile, ...] = ()

    @property
    def n_bytes(self) -> int:
        return self.packed.size if self.packed else sum(file.size for file in self.loose)


@dataclass(frozen=True)
class Listing:
    """Every file of the archive.

    Attributes
    ----------
    where : str
        What was listed, for errors.
    files : tuple of ListedFile
    """

    where: str
    files: tuple[ListedFile, ...]

    def shared_file(self, name: str) -> ListedFile:
        """A shared file, wherever it lies; blanks of its name may have become underscores.

        Raises
        ------
        ListingError
            There is none, or several at the same depth.
        """
        found = [file for file in self.files if _same_name(file.name, name)]
        return self._only(found, repr(name))

    def cell(self, cell_id: str) -> CellFiles:
        """A cell: ``cXX.tar.gz``, or else the files in a folder ``cXX``.

        Raises
        ------
        ListingError
            The list has neither.
        """
        names = (f"{cell_id}.tar.gz", f"{cell_id}.tgz")
        packed = [file for file in self.files if file.name in names]
        loose = [file for file in self.files if _is_raw_file_of(file.path, cell_id)]
        if not packed and loose:
            # Of several copies that of the upper folder; `_only` refuses two of one depth.
            first = self._only([file for file in loose if "npx_raw" in file.name], cell_id)
            folder = PurePosixPath(first.path).parent
            here = [file for file in loose if PurePosixPath(file.path).parent == folder]
            return CellFiles(cell_id, None, tuple(here))
        return CellFiles(cell_id, self._only(packed, f"{names[0]!r} and no folder '{cell_id}'"))

    def _only(self, found: list[ListedFile], wanted: str) -> ListedFile:
        least = min((file.path.count("/") for file in found), default=0)
        found = [file for file in found if file.path.count("/") == least]
        if len(found) == 1:
            return found[0]
        names = [file.path for file in found or self.files]
        raise ListingError(
            f"The archive lists {'several' if found else 'no'} {wanted}.",
            where=self.where,
            expected="exactly one",
            got=f"{len(self.files)} files: " + ", ".join(names[:8]) + ", ..." * (len(names) > 8),
            do="check that this is the data set spe-1, whole",
        )


def join_checksums(
    sizes: Iterable[tuple[str, int]], sums: dict[str, str]
) -> tuple[ListedFile, ...]:
    """Files with their MD5, found by path, else by a name that occurs once."""
    by_name: dict[str, list[str]] = {}
    for path, md5 in sums.items():
        by_name.setdefault(PurePosixPath(path).name, []).append(md5)

    def md5_of(path: str) -> str | None:
        same_name = by_name.get(PurePosixPath(path).name, [])
        return sums.get(path) or (same_name[0] if len(same_name) == 1 else None)

    return tuple(ListedFile(path, size, md5_of(path)) for path, size in sizes)


def parse_filelist(text: str, where: str) -> dict[str, int]:
    """Sizes in bytes by path: lines ``path size (size for people)``, comments with ``#``.

    Raises
    ------
    ListingError
        A line is something else, a path leaves the data set, or no file is listed.
    """
    sizes: dict[str, int] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if _is_empty(line):
            continue
        path, size = _split_line(line)
        if path is None or size is None or len(line) > LINE_CHARACTERS:
            raise _unreadable(f"{where}, line {number}", "a path and its size in bytes", line)
        sizes[_clean_path(path, f"{where}, line {number}")] = size
    if not sizes:
        raise ListingError("The archive lists no file.", where=where, do=_HOW_TO_LIST)
    return sizes


def parse_checksums(text: str, where: str) -> dict[str, str]:
    """MD5 by path, from the output of ``md5sum`` or of BSD's ``md5``.

    Raises
    ------
    ListingError
        A line is something else, or there is none.
    """
    sums: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if _is_empty(line):
            continue
        text = line.strip()[:LINE_CHARACTERS]
        match = _MD5SUM_LINE.fullmatch(text) or _BSD_LINE.fullmatch(text)
        if match is None:
            raise _unreadable(f"{where}, line {number}", "an MD5 and a path", line)
        sums[_clean_path(match["path"], f"{where}, line {number}")] = match["md5"].lower()
    if not sums:
        raise ListingError("The archive's list of sums is empty.", where=where, do=_HOW_TO_SUM)
    return sums


def _is_empty(line: str) -> bool:
    return not line.strip() or line.lstrip().startswith("#")


def _split_line(line: str) -> tuple[str | None, int | None]:
    """Path and size of a line of ``filelist.txt``, each None if it is not there.

    Without a pattern, whose time may grow with the square of the line.
    """
    # ``+`` marks a file for CRCNS's own batch script; the size in words is for people.
    text = line.strip().removeprefix("+").strip()
    if text.endswith(")"):
        head, _, size_in_words = text[:-1].rpartition("(")
        if head[-1:].isspace() and ")" not in size_in_words:
            text = head.rstrip()
    words = text.rsplit(maxsplit=1)
    return (words[0], parse_size(words[1])) if len(words) == 2 else (None, None)


def _unreadable(where: str, expected: str, line: str) -> ListingError:
    return ListingError(
        "A line of the archive's list cannot be read.",
        where=where,
        expected=expected,
        got=repr(line[:80]) + f" ... ({len(line)} characters)" * (len(line) > 80),
        do=_HOW_TO_LIST,
    )


def _clean_path(path: str, where: str) -> str:
    parts = [part for part in path.split("/") if part not in ("", ".")]
    if path.startswith("/") or ".." in parts or not parts or "\0" in path:
        raise _unreadable(where, "a path inside the data set", path)
    return "/".join(parts)


def _same_name(listed: str, name: str) -> bool:
    return listed.replace("%20", " ").replace("_", " ") == name.replace("_", " ")


def _is_raw_file_of(path: str, cell_id: str) -> bool:
    pure = PurePosixPath(path)
    known = {name for suffix in RAW_SUFFIXES.values() for name in (suffix, f"{cell_id}_{suffix}")}
    return pure.parent.name == cell_id and pure.name in known
