"""What the titles of all figures say: of which cells, and of which level."""

from __future__ import annotations

from spe1_builder.benchmark.localization.schema import LocalizationBenchmark
from spe1_builder.benchmark.localization.words import LEVELS, Level


def counted_cells(result: LocalizationBenchmark, n_cells: int) -> str:
    """For titles: how many cells, and that they, or some of them, were not recorded."""
    scored = [cell for cell in result.cells if cell.problem is None]
    n_simulated = sum(cell.simulated is True for cell in scored)
    word = result.generated_word
    kind = f"{word} cell" if n_simulated == len(scored) else "cell"
    text = f"{n_cells} {kind}" if n_cells == 1 else f"{n_cells} {kind}s"
    is_mixed = 0 < n_simulated < len(scored)
    return f"{text} (some {word})" if is_mixed else text


def counted_levels(n: int, level: Level) -> str:
    """``1 template``, ``12 templates``, ``1826 single spikes``."""
    word = {"templates": "template", "spikes": "single spike"}[level]
    return f"{n} {word}" if n == 1 else f"{n} {word}s"


def levels_of(result: LocalizationBenchmark) -> list[Level]:
    """Templates, and spikes where they were localized."""
    found = {row.level for row in result.summary}
    return [level for level in LEVELS if level in found]
