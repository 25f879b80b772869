"""How each sorter is drawn."""

from __future__ import annotations

from spe1_builder.benchmark.common.contestant import Contestant
from spe1_builder.benchmark.sorting.external import look_of
from spe1_builder.benchmark.sorting.registry import SORTERS
from spe1_builder.benchmark.sorting.schema import SortingBenchmark


def looks(result: SortingBenchmark) -> dict[str, Contestant]:
    """The look of every sorter of a result, by name, in the order of its summary."""
    names = list(dict.fromkeys(row.sorter for row in result.summary))
    others = [name for name in names if name not in SORTERS]
    return {
        name: SORTERS[name].look if name in SORTERS else look_of(name, others.index(name))
        for name in names
    }
