"""What `simulate` returns: where the archive lies, and what was planted in its cells."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from spe1_builder.source.simulation.truth import CellTruth


@dataclass(frozen=True, repr=False)
class SimulatedArchive:
    """An archive after `simulate`.

    Attributes
    ----------
    raw_dir : Path
        Holds ``Recordings/cXX/`` and the shared files, as `build` takes it, and ``truth/``.
    truths : tuple of CellTruth
        What was planted in the cells that were asked for, in that order.
    up_to_date : tuple of str
        Those of them that were there with the same options, and were not written again.
    """

    raw_dir: Path
    truths: tuple[CellTruth, ...]
    up_to_date: tuple[str, ...] = ()

    @property
    def cells(self) -> tuple[str, ...]:
        """Ids of the cells that were asked for."""
        return tuple(truth.cell_id for truth in self.truths)

    def __str__(self) -> str:
        n = len(self.truths)
        kept = f" ({len(self.up_to_date)} up to date)" if self.up_to_date else ""
        cells = f"{n} simulated cell{'s' if n != 1 else ''}{kept} in {self.raw_dir}"
        return f"{cells}; the truth in {self.raw_dir / 'truth'}"

    def __repr__(self) -> str:
        lines = [f"  {truth!r}" for truth in self.truths]
        return "\n".join([f"<SimulatedArchive of {self}", *lines]) + ">"
