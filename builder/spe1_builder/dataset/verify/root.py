"""A dataset root, opened and checked: its cells, its card, its shared files.

A damaged file is a finding, never an exception. What a damaged file would have
had to say is not looked at, so that one cause gives one finding.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from spe1_builder.cells import catalogue, get_cell
from spe1_builder.dataset.findings import Finding, Report
from spe1_builder.dataset.verify.card import check_index, check_root_files
from spe1_builder.dataset.verify.cell import check_cell
from spe1_builder.errors import MissingFileError
from spe1_builder.layout import RootLayout
from spe1_builder.progress import Progress, Silent


def verify_root(
    root: str | Path, cell_ids: Sequence[str] | None = None, progress: Progress | None = None
) -> list[Finding]:
    """Check a dataset root: its cells, its card, its shared files, and that nothing is left over.

    Parameters
    ----------
    root : str or Path
    cell_ids : sequence of str, optional
        Cells to check; by default all that are present. Card and shared files are
        checked in any case.
    progress : Progress, optional
        Gets one stage a cell, in bytes.

    Returns
    -------
    list of Finding
        Empty if everything is as the contract says.

    Raises
    ------
    MissingFileError
        There is no such folder.
    UnknownCellError
        ``cell_ids`` names a cell that the release does not have.

    Examples
    --------
    >>> import spe1
    >>> spe1.verify_root("spe1")
    []
    """
    root = Path(root)
    if not root.is_dir():
        raise MissingFileError(
            "The dataset root is not there."
            if not root.exists()
            else "The dataset root is no folder.",
            where=root,
            do="name the folder that 'spe1 build --root' wrote, or build a cell first",
        )
    layout, report = RootLayout(root), Report()
    present = [cell_id for cell_id in catalogue() if layout.cell(cell_id).is_dir()]
    with np.errstate(all="ignore"):  # nonsense in a file is a finding, not a warning
        positions_um = check_root_files(layout, present, report)
    for cell_id in present if cell_ids is None else cell_ids:
        if get_cell(cell_id).cell_id in present:
            check_cell(layout.cell(cell_id), positions_um, report, progress or Silent())
        else:
            report.add(cell_id, "the cell has not been built here")
    if present:
        check_index(layout, report)
    return report.findings()


def verify_cell(folder: Path, progress: Progress | None = None) -> list[Finding]:
    """Check the folder of one cell; see `verify_root`.

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
