"""A dataset root, opened and checked: its cells, its card, its shared files.

A damaged file is a finding, never an exception. What a damaged file would have
had to say is not looked at, so that one cause gives one finding.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from spe1_builder.cells import catalogue, expand_cells, get_cell
from spe1_builder.dataset.findings import Finding, Report
from spe1_builder.dataset.metadata import ConversionMetadata
from spe1_builder.dataset.verify.card import check_root_files
from spe1_builder.dataset.verify.cell import check_cell
from spe1_builder.dataset.verify.index import Index
from spe1_builder.dataset.verify.report import VerifiedCell, VerifyReport
from spe1_builder.dataset.verify.views import check_views
from spe1_builder.dataset.warnings import warnings_of
from spe1_builder.errors import BusyError, MissingFileError
from spe1_builder.layout import RootLayout
from spe1_builder.memory import memory_errors, require_address_space
from spe1_builder.paths import local_path
from spe1_builder.progress import Progress, Silent

#: What the compiled libraries and a mapped shard take together, though most is never touched.
_ADDRESS_SPACE_BYTES = 1_600_000_000
#: How often a root is checked that changes meanwhile.
_ATTEMPTS = 3


def verify(
    root: str | Path = "spe1",
    cells: str | Iterable[str] | None = None,
    progress: Progress | None = None,
) -> VerifyReport:
    """Check a dataset root: its cells, its card, its shared files, and that nothing is left over.

    Parameters
    ----------
    root : str or Path
        Dataset root.
    cells : str or iterable of str, optional
        Cells to check, or sets; by default all that are present. Card and shared files are
        checked in any case.
    progress : Progress, optional
        Gets one stage a cell, in bytes.

    Returns
    -------
    VerifyReport
        True, and `ok`, if everything is as the contract says; else it lists, in ``findings``,
        what is wrong with which file of which cell. Printed, it is what ``spe1 verify`` says.

    Raises
    ------
    MissingFileError
        There is no such folder.
    UnknownCellError
        ``cells`` names a cell that the release does not have.
    MemoryShortError
        There is too little memory.
    BusyError
        It changes all the time: something is writing into it.

    Examples
    --------
    >>> import spe1
    >>> report = spe1.verify("spe1")
    >>> report.ok
    True
    >>> print(report)
    spe1: 1 cell, 6 rows checked, no finding

    What is wrong is a finding, never an exception:

    >>> report = spe1.verify("spe1", ["c14", "c15"])
    >>> report.ok, [(finding.cell, finding.what) for finding in report.findings]
    (False, [('c15', 'the cell has not been built here')])
    """
    root = local_path(root, "root")
    cell_ids = None if cells is None else expand_cells(cells)
    if not root.is_dir():
        raise MissingFileError(
            "The dataset root is not there."
            if not root.exists()
            else "The dataset root is no folder.",
            where=root,
            do="name the folder that 'spe1 build --root' wrote, or build a cell first",
        )
    require_address_space(_ADDRESS_SPACE_BYTES, "checking a cell")
    layout = RootLayout(root)
    for _ in range(_ATTEMPTS):
        before = _state(layout)
        with memory_errors("checking a cell"):
            report = _verify(layout, cell_ids, progress or Silent())
        if report.ok or _state(layout) == before:
            return report
    raise BusyError(
        "The dataset root changes while it is checked.",
        where=root,
        got="a build or a benchmark that is running",
        do="wait until it is done, then verify again",
    )


def _state(layout: RootLayout) -> list[tuple[int, int]]:
    """What a build replaces: the card, the index and the folders of the cells."""
    paths = (layout.card, layout.index, *(layout.cell(cell_id) for cell_id in catalogue()))
    stats = [path.stat() for path in paths if path.exists()]
    return [(stat.st_ino, stat.st_ctime_ns) for stat in stats]


def _verify(layout: RootLayout, cell_ids: Sequence[str] | None, progress: Progress) -> VerifyReport:
    report = Report()
    present = [cell_id for cell_id in catalogue() if layout.cell(cell_id).is_dir()]
    index = Index(layout, report) if present else None
    with np.errstate(all="ignore"):  # nonsense in a file is a finding, not a warning
        files = check_root_files(layout, present, index, report)
    asked = present if cell_ids is None else cell_ids
    checked = []
    for cell_id in asked:
        if get_cell(cell_id).cell_id in present:
            metadata = check_cell(layout.cell(cell_id), files.positions_um, report, progress)
            checked.append(_verified(cell_id, metadata))
        else:
            report.add(cell_id, "the cell has not been built here")
    if index is not None:
        with np.errstate(all="ignore"):
            check_views(layout, files.sealed, present, asked, index, report)
        index.tell_rest(report)
    return VerifyReport(layout.root, tuple(checked), tuple(report.findings()))


def _verified(cell_id: str, metadata: ConversionMetadata | None) -> VerifiedCell:
    if metadata is None:
        return VerifiedCell(cell_id, None)
    n_rows = sum(split.rows for split in metadata.splits.values())
    return VerifiedCell(cell_id, n_rows, tuple(warnings_of(metadata)))


def verify_cell(folder: Path, progress: Progress | None = None) -> list[Finding]:
    """Check the folder of one cell; see `verify`.

    Parameters
    ----------
    folder : Path
        ``root/cell_id``; findings are relative to its parent.
    progress : Progress, optional

    Returns
    -------
    list of Finding
    """
    report = Report()
    check_cell(Path(folder).absolute(), None, report, progress or Silent())
    return report.findings()
