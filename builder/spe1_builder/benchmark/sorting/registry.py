"""The sorters that can be run, by name."""

from __future__ import annotations

from spe1_builder.benchmark.sorting.contestants.matched_filter import MatchedFilter
from spe1_builder.benchmark.sorting.contestants.threshold import Threshold
from spe1_builder.benchmark.sorting.external import ExternalSorter
from spe1_builder.benchmark.sorting.options import SortingOptions
from spe1_builder.benchmark.sorting.sorter import Sorter
from spe1_builder.benchmark.sorting.sorters.known import KNOWN_SORTERS
from spe1_builder.errors import OptionError

#: The two that need nothing, in the order of tables.
SORTERS: dict[str, Sorter] = {one.look.name: one for one in (Threshold(), MatchedFilter())}


def sorter_names() -> list[str]:
    """All that can be asked for."""
    return [*SORTERS, *KNOWN_SORTERS]


def find_sorters(options: SortingOptions) -> list[Sorter]:
    """The sorters of a run, each once, in the order asked for.

    Raises
    ------
    OptionError
        There is no such sorter.
    """
    names = list(dict.fromkeys(options.sorters))
    for name in names:
        if name not in sorter_names():
            raise OptionError(
                f"There is no sorter {name!r:.200} here.",
                where="sorters",
                expected=", ".join(sorter_names()),
                got=f"{name!r:.200}",
                do="name another; a sorting made elsewhere is scored with --sorting",
            )
    others = [name for name in names if name in KNOWN_SORTERS]
    return [
        SORTERS[name]
        if name in SORTERS
        else ExternalSorter(KNOWN_SORTERS[name], others.index(name), options)
        for name in names
    ]
