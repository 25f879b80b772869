"""Files under the names that browsers, Google Drive and archivers give them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

#: What a copy's or a download's name has gained: ``(1)``, ``-001``, ``_1``, `` - Copy``,
#: `` copy 2``, or Google Drive's time stamp.
_MARK = re.compile(
    r"(?:[ _]*\(\d{1,3}\)|\[\d{1,3}\]|[-_ ]\d{1,3}|-\d{8}T\d{6}Z(?:-\d{1,3})*"
    r"|[ _-]+cop(?:y|ie)(?:[ _]*\(?\d{1,3}\)?)?)$",
    re.IGNORECASE,
)
#: Ends of a download that did not come to its end.
_UNFINISHED = (".part", ".crdownload", ".download", ".partial", ".opdownload", ".tmp")
#: Ends of what has to be unpacked.
_PACKED = (".zip", ".gz", ".tgz", ".7z", ".rar", ".tar", ".bz2", ".xz")
#: A part of a split archive: ``.zip.001``, ``.z01``.
_PIECE = re.compile(r"\.(?:\d{3}|z\d\d)$", re.IGNORECASE)
#: Extensions that systems which hide them put after another one.
_DOUBLED = (".txt", ".bin", ".npy", ".csv", ".mat", ".xlsx")
#: Longest chain of marks and ends that is taken off a name.
_MAX_LAYERS = 8


@dataclass(frozen=True)
class Renamed:
    """A file that another name belongs to.

    Attributes
    ----------
    path : Path
        Where it lies.
    name : str
        The name that it should have.
    state : {"whole", "packed", "piece", "unfinished"}
        What has happened to it besides.
    """

    path: Path
    name: str
    state: str

    @property
    def remedy(self) -> str:
        """What to do with it."""
        old, new = self.path.name, self.name
        if self.state == "packed":
            return f"unpack '{old}' there, so that '{new}' lies beside it"
        if self.state == "piece":
            return f"put all pieces of the split archive together and unpack them to '{new}'"
        if self.state == "unfinished":
            return f"let the download of '{old}' end, or fetch '{new}' again"
        return f"rename it: mv '{old}' '{new}' (in {self.path.parent})"


def find_renamed(folder: Path, names: Sequence[str]) -> list[Renamed]:
    """Entries of a folder that are one of the wanted files under another name.

    Parameters
    ----------
    folder : Path
        Without it there is none.
    names : sequence of str
        Names that the file may have; the first is the one to rename it to.

    Returns
    -------
    list of Renamed
        By name; whole files first.
    """
    if not folder.is_dir():
        return []
    wanted = {_plain(name) for name in names} | {_plain(Path(name).stem) for name in names}
    found = []
    for path in folder.iterdir():
        if path.name in names or path.name.startswith("."):
            continue
        state = _state_if_renamed(path.name, wanted)
        if state is not None:
            found.append(Renamed(path, names[0], state))
    return sorted(found, key=lambda item: (item.state != "whole", item.path.name))


def _state_if_renamed(name: str, wanted: set[str]) -> str | None:
    """What has become of a wanted file that now has this name; None if it is none."""
    state, seen = "whole", name
    for _ in range(_MAX_LAYERS):
        if _plain(seen) in wanted:
            return state
        lower = seen.lower()
        end = next((end for end in (*_UNFINISHED, *_PACKED) if lower.endswith(end)), None)
        if end is not None:
            state = "unfinished" if end in _UNFINISHED else "packed" if state == "whole" else state
            seen = seen[: -len(end)]
        elif _PIECE.search(seen):
            state, seen = "piece", seen[:-4]
        elif _without_mark(seen) != seen:
            seen = _without_mark(seen)
        elif Path(seen).suffix.lower() in _DOUBLED:
            seen = Path(seen).stem  # .bin.bin, .csv.txt
        else:
            return None
    return None


def _without_mark(name: str) -> str:
    """The name without one mark, at its end or before its last extension."""
    bare = _MARK.sub("", name)
    if bare != name:
        return bare
    path = Path(name)
    return _MARK.sub("", path.stem) + path.suffix


def _plain(name: str) -> str:
    """A name as it compares: small letters, blanks of every kind alike, without 'Copy of'."""
    plain = re.sub(r"(?:%20|[ +_])+", "_", name.lower())
    return plain.removeprefix("copy_of_")
