"""What the titles of all figures say: of which cells, and of which level."""

from __future__ import annotations

from spe1_builder.benchmark.localization.schema import LocalizationBenchmark
from spe1_builder.benchmark.localization.words import LEVELS, Level


def counted_cells(result: LocalizationBenchmark, n_cells: int) -> str:
    """For titles: how many cells, and that they are simulated where they are."""
    kind = "simulated cell" if result.provenance.simulated else "cell"
    return f"{n_cells} {kind}" if n_cells == 1 else f"{n_cells} {kind}s"


def levels_of(result: LocalizationBenchmark) -> list[Level]:
    """Templates, and spikes where they were localized."""
    found = {row.level for row in result.summary}
    return [level for level in LEVELS if level in found]
