"""How each sorter is drawn."""

from __future__ import annotations

from collections.abc import Sequence

from spe1_builder.benchmark.common.contestant import Contestant
from spe1_builder.benchmark.sorting.registry import SORTERS
from spe1_builder.benchmark.sorting.schema import SortingBenchmark

#: For sorters that have no look of their own here: Okabe & Ito's colours.
_COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
_MARKERS: Sequence[str] = ("o", "s", "^", "D", "v", "P")


def looks(result: SortingBenchmark) -> dict[str, Contestant]:
    """The look of every sorter of a result, by name, in the order of its summary."""
    names = list(dict.fromkeys(row.sorter for row in result.summary))
    others = [name for name in names if name not in SORTERS]
    found = {}
    for name in names:
        if name in SORTERS:
            found[name] = SORTERS[name].look
            continue
        i = others.index(name) % len(_COLORS)
        word = name.replace("_", " ")
        found[name] = Contestant(name, word, word, _COLORS[i], _MARKERS[i], "-")
    return found
