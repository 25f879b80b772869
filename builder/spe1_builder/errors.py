"""The error tree: every error says what, where, expected, got and what to do.

Each class also derives from the builtin that a caller would expect, so that
``except FileNotFoundError`` works without knowing this package.
"""

from __future__ import annotations

import unicodedata
from pathlib import Path
from typing import Any

__all__ = [
    "AccessError",
    "ArchiveError",
    "BadArchiveError",
    "BusyError",
    "ChecksumError",
    "ClusterError",
    "DamagedFileError",
    "DirectoryPageError",
    "DoubtfulDataError",
    "HubAccessError",
    "HubConflictError",
    "HubError",
    "HubQuotaError",
    "HubUnavailableError",
    "ListingError",
    "LoginError",
    "MaintenanceError",
    "MemoryShortError",
    "MissingFileError",
    "MissingPackageError",
    "OptionError",
    "OutputError",
    "PageError",
    "PatchTraceError",
    "ProbeError",
    "PublishError",
    "RawDataError",
    "ServerError",
    "SessionError",
    "SortingError",
    "SpaceError",
    "Spe1Error",
    "SpikeIndexError",
    "StaleOutputError",
    "SummaryError",
    "UnknownCellError",
    "UnsafeArchiveError",
    "UnseenPathError",
    "WindowIndexError",
    "WorkerLostError",
]

#: Unicode categories that a terminal acts on, or cannot show: controls, directions and other
#: marks without a width, halves of characters, line and paragraph ends.
_UNPRINTABLE = {"Cc", "Cf", "Cs", "Zl", "Zp"}


def printable(text: object) -> str:
    """Text from outside in one line that a terminal only shows: names, lists, servers' words.

    Parameters
    ----------
    text : object
        Anything; its `str` is taken.

    Returns
    -------
    str
        Its control characters as escapes: ``\\x1b``, ``\\x0a``, ``\\u202e``.
    """
    return "".join(
        _escape(character) if unicodedata.category(character) in _UNPRINTABLE else character
        for character in str(text)
    )


def _escape(character: str) -> str:
    code = ord(character)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


class Spe1Error(Exception):
    """Base of every error that this package raises on purpose.

    Parameters
    ----------
    what : str
        One sentence: what is wrong.
    where : str or Path, optional
        The file, folder or option concerned.
    expected, got : object, optional
        The fact as it should be and as it is.
    do : str, optional
        What the user can do next.
    """

    def __init__(
        self,
        what: str,
        *,
        where: str | Path | None = None,
        expected: Any = None,
        got: Any = None,
        do: str | None = None,
    ):
        self.what = what
        self.where = None if where is None else str(where)
        self.expected = expected
        self.got = got
        self.do = do
        super().__init__(what)

    def __str__(self) -> str:
        # The layout is ours; what stands in it may come from anywhere.
        lines = [printable(self.what)]
        for label, value in (
            ("where", self.where),
            ("expected", self.expected),
            ("got", self.got),
            ("do", self.do),
        ):
            if value is not None:
                lines.append(f"  {label + ':':<10}{printable(value)}")
        return "\n".join(lines)

    def __reduce__(self) -> tuple[Any, ...]:
        details = {
            "where": self.where,
            "expected": self.expected,
            "got": self.got,
            "do": self.do,
        }
        return _rebuild_error, (type(self), self.what, details)


def _rebuild_error(cls: type[Spe1Error], what: str, details: dict[str, Any]) -> Spe1Error:
    """Restore a pickled error (worker processes of ``datasets`` send them)."""
    return cls(what, **details)


class OptionError(Spe1Error, ValueError):
    """An option has a value that cannot work."""


class UnknownCellError(Spe1Error, LookupError):
    """A cell that the SPE-1 release does not have."""


class MissingFileError(Spe1Error, FileNotFoundError):
    """A file or folder that the work needs is not there."""


class MissingPackageError(Spe1Error, ImportError):
    """A package that only a part of this one needs is not installed."""


class WindowIndexError(Spe1Error, IndexError):
    """A dataset of windows has no such window."""


class RawDataError(Spe1Error, ValueError):
    """A raw file contradicts itself, its neighbours or the release's format."""


class SpikeIndexError(RawDataError):
    """The ground-truth spike indices are unusable."""


class PatchTraceError(RawDataError):
    """The patch-clamp trace is unusable."""


class SummaryError(RawDataError):
    """``Data Summary.xlsx`` lacks what the build needs."""


class ProbeError(RawDataError):
    """``chanMap.mat`` does not describe the 384 sites."""


class SortingError(Spe1Error, ValueError):
    """A sorting cannot be read, or its spikes are not on the clock of the cell."""


class DoubtfulDataError(Spe1Error, ValueError):
    """What was measured speaks against the data, and the build was told to be strict."""


class StaleOutputError(Spe1Error, FileExistsError):
    """A built cell exists that comes from other data or other options."""


class BusyError(Spe1Error, TimeoutError):
    """Another process is building the same cell."""


class SpaceError(Spe1Error, OSError):
    """The disk has too little room."""


class MemoryShortError(Spe1Error, MemoryError):
    """There is too little memory."""


class AccessError(Spe1Error, PermissionError):
    """The output folder cannot be written."""


class OutputError(Spe1Error, OSError):
    """A built cell is not what the contract says, or cannot be opened."""


class ArchiveError(Spe1Error):
    """The archive (CRCNS, or a copy of it) did not give what was asked for."""


class LoginError(ArchiveError, PermissionError):
    """There are no usable credentials, or the archive refuses them."""


class SessionError(ArchiveError, PermissionError):
    """The archive ended the session, and a new login did not mend it."""


class ServerError(ArchiveError, ConnectionError):
    """The archive cannot be reached, keeps breaking off, or answers with an error."""


class MaintenanceError(ServerError):
    """The archive says that it is closed for now."""


class PageError(ArchiveError, ValueError):
    """A web page came in place of a file."""


class DirectoryPageError(PageError):
    """A folder's listing came in place of a file."""


class ListingError(ArchiveError, ValueError):
    """The archive's own list of files lacks what is needed, or is wrong."""


class DamagedFileError(ArchiveError, ValueError):
    """A file arrived whole in length, but not in content."""


class ChecksumError(DamagedFileError):
    """A file's MD5 is not the one that the archive publishes."""


class BadArchiveError(ArchiveError, ValueError):
    """A cell's ``.tar.gz`` is as the archive has it, and cannot be unpacked."""


class UnsafeArchiveError(BadArchiveError):
    """A ``.tar.gz`` would write outside its folder, or make links or devices."""


class HubError(Spe1Error):
    """The Hub did not do what was asked."""


class HubAccessError(HubError, PermissionError):
    """Nobody is logged in at the Hub, or who is may not do this; or there is no such dataset."""


class HubQuotaError(HubError, OSError):
    """The account at the Hub has no room for it, or the Hub takes nothing of that size."""


class HubConflictError(HubError, FileExistsError):
    """Somebody else changed the dataset at the Hub meanwhile."""


class HubUnavailableError(HubError, ConnectionError):
    """The Hub cannot be reached, keeps breaking off, or answers with an error."""


class PublishError(HubError, ValueError):
    """A root holds what must not be published, or cannot be as it is."""


class ClusterError(Spe1Error, ConnectionError):
    """A cluster cannot be reached or started, or its scheduler is gone."""


class WorkerLostError(ClusterError):
    """Every worker that took up a cell died of it, or with it."""


class UnseenPathError(Spe1Error, FileNotFoundError):
    """A worker does not see a folder that the work needs."""
