"""One cell from Python: ``spe1.build``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from spe1_builder.dataset.plan.options import BuildOptions
from spe1_builder.declared import takes_options_of
from spe1_builder.paths import local_path
from spe1_builder.progress import Bars
from spe1_builder.source.archive.one_cell import download_cell


@takes_options_of(BuildOptions)
def build(
    cell: str,
    raw_dir: str | Path,
    root: str | Path = "spe1",
    *,
    n_threads: int | None = None,
    force: bool = False,
    strict: bool = False,
    chan_map: str | Path | None = None,
    summary: str | Path | None = None,
    recordings: str | Path | None = None,
    download: bool = False,
    **options: Any,
) -> Path:
    """Build one cell; does nothing if it is there and up to date.

    Parameters
    ----------
    cell : str
        Cell of SPE-1, such as "c14".
    raw_dir : str or Path
        Folder that holds ``Recordings/cXX/``, ``chanMap.mat`` and
        ``Data Summary.xlsx``, as the archive does.
    root : str or Path
        Dataset root; the cell goes to ``root/cell``.
    n_threads : int, optional
        Default: every processor, at most 3. The result does not depend on it.
    force : bool
        Build even if the cell is there, up to date or not; it is replaced at the end.
    strict : bool
        What would be a warning (in ``conversion_metadata.json``) is a `DoubtfulDataError`.
    chan_map, summary, recordings : str or Path, optional
        ``chanMap.mat``, ``Data Summary.xlsx`` and the folder of the cells' folders,
        if not in ``raw_dir``.
    download : bool
        First fetch what is not in ``raw_dir`` from CRCNS, as `download_cell` does.
    {options}

    Returns
    -------
    Path
        The cell's folder.

    Raises
    ------
    spe1.Spe1Error
        With what, where, expected, got and what to do.

    Examples
    --------
    A short window of a cell in half-second rows; left out, they are 300 s in rows of 3 s.

    >>> import spe1
    >>> spe1.build(
    ...     "c14", raw_dir=".raw", root="short",
    ...     skip_seconds=0.2, duration_s=2.0, segment_duration_s=0.5,
    ... )
    PosixPath('short/c14')
    >>> spe1.load("c14", root="short").num_rows
    {'train': 3, 'test': 1}
    """
    from spe1_builder.dataset.plan.inputs import Sources
    from spe1_builder.dataset.write.build import build_cell

    chosen = BuildOptions(**options)
    raw_dir, root = local_path(raw_dir, "raw_dir"), local_path(root, "root")
    sources = Sources(
        raw_dir,
        _path(chan_map, "chan_map"),
        _path(summary, "summary"),
        _path(recordings, "recordings"),
    )
    if download:
        download_cell(cell, raw_dir, progress=Bars(cell))
    result = build_cell(
        cell,
        sources,
        root,
        chosen,
        n_threads=n_threads,
        force=force,
        strict=strict,
        progress=Bars(cell),
    )
    return result.folder


def _path(value: str | Path | None, what: str) -> Path | None:
    return None if value is None else local_path(value, what)
