"""What speaks against a built cell, as it is told: in tables, the card, ``verify``, benchmarks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from spe1_builder.errors import DoubtfulDataError

if TYPE_CHECKING:
    from spe1_builder.dataset.metadata import CellWarning, ConversionMetadata


def warnings_of(metadata: ConversionMetadata) -> list[str]:
    """The warnings of a cell, one line each with its number; empty without any."""
    return [warning.message for warning in metadata.warnings]


def require_no_warning(cell_id: str, warnings: Sequence[CellWarning]) -> None:
    """Refuse a cell that has a warning.

    Raises
    ------
    DoubtfulDataError
    """
    if warnings:
        raise DoubtfulDataError(
            f"What was measured speaks against {cell_id}, and the build is strict.",
            where=cell_id,
            expected="no warning",
            got="; ".join(warning.message for warning in warnings),
            do="look at the raw files; without strict (--strict) the cell is built, and these are "
            "warnings",
        )
