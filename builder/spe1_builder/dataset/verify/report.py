"""What `verify` returns: what was checked, and what is wrong with it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from spe1_builder.dataset.findings import Finding


@dataclass(frozen=True)
class VerifiedCell:
    """One cell that was checked.

    Attributes
    ----------
    cell_id : str
    n_rows : int or None
        Of both splits; None where the metadata cannot be read, which is a finding.
    warnings : tuple of str
        What was measured when the cell was built, and speaks against it: no damage.
    """

    cell_id: str
    n_rows: int | None
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class VerifyReport:
    """What was checked in a dataset root, and what was found; true if nothing was.

    Attributes
    ----------
    root : Path
    cells : tuple of VerifiedCell
        In the order in which they were checked.
    findings : tuple of Finding
        Of the cells, and of the card and the shared files. Empty if all is as it should be.

    Examples
    --------
    >>> from pathlib import Path
    >>> report = VerifyReport(
    ...     Path("spe1"),
    ...     (VerifiedCell("c14", n_rows=100),),
    ...     (Finding("c14/patch.npz", "patch.npz is missing"),),
    ... )
    >>> report.ok
    False
    >>> print(report)
    c14/patch.npz: patch.npz is missing
    spe1: 1 cell, 100 rows checked, 1 finding
    """

    root: Path
    cells: tuple[VerifiedCell, ...]
    findings: tuple[Finding, ...]

    @property
    def ok(self) -> bool:
        """Whether nothing was found."""
        return not self.findings

    def __bool__(self) -> bool:
        return self.ok

    @property
    def summary(self) -> str:
        """The last line of the text: how much was checked, and how much was found."""
        counts = [(len(self.cells), "cell"), (sum(cell.n_rows or 0 for cell in self.cells), "row")]
        checked = ", ".join(_counted(count, noun) for count, noun in counts)
        found = _counted(len(self.findings), "finding") if self.findings else "no finding"
        return f"{self.root}: {checked} checked, {found}"

    def __str__(self) -> str:
        return "\n".join([*map(str, self.findings), self.summary])

    def __repr__(self) -> str:
        return f"<VerifyReport of {self}>" if self.ok else f"<VerifyReport\n{self}>"


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"
