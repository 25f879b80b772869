"""One cell from the archive, without a question to anybody."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from spe1_builder.cells import get_cell
from spe1_builder.paths import local_path
from spe1_builder.progress import Progress, Silent
from spe1_builder.source.archive.server.credentials import has_credentials
from spe1_builder.source.archive.transfer.download import Download, DownloadedCell
from spe1_builder.source.archive.transfer.origin import OriginOptions, crcns_url, open_origin


def download_cell(
    cell_id: str,
    raw_dir: str | Path,
    *,
    options: OriginOptions | None = None,
    keep_archive: bool = False,
    progress: Progress | None = None,
) -> DownloadedCell:
    """Bring one cell of the release, or find it there; nobody is asked for an account.

    An interrupted download goes on where it stopped.

    Parameters
    ----------
    cell_id : str
        Cell of SPE-1, such as "c14".
    raw_dir : str or Path
        Gets ``Recordings/cXX/``, ``chanMap.mat`` and ``Data Summary.xlsx``.
    options : OriginOptions, optional
        Default: CRCNS, with the account of CRCNS_USERNAME and CRCNS_PASSWORD or of
        ``~/.netrc``.
    keep_archive : bool
        Keep the archive after unpacking.
    progress : Progress, optional

    Raises
    ------
    Spe1Error
        With what, where, expected, got and what to do.
    """
    get_cell(cell_id)
    raw_dir, progress = local_path(raw_dir, "raw_dir"), progress or Silent()
    with open_origin(options or OriginOptions()) as origin:
        download = Download(raw_dir, origin, keep_archive=keep_archive)
        download.shared_files(progress)
        download.require_space([cell_id], None, 0.0, progress)
        return download.cell(cell_id, progress)


def can_download() -> bool:
    """Whether there is an account for CRCNS, without asking anybody.

    Raises
    ------
    LoginError
        Half of one, or an unreadable ``~/.netrc``.
    """
    return has_credentials([urlsplit(crcns_url(None)).hostname or ""])
