"""The sorters that can be run, by name."""

from __future__ import annotations

from collections.abc import Sequence

from spe1_builder.benchmark.sorting.contestants.matched_filter import MatchedFilter
from spe1_builder.benchmark.sorting.contestants.threshold import Threshold
from spe1_builder.benchmark.sorting.sorter import Sorter
from spe1_builder.errors import OptionError

#: In the order of tables; a sorter more is a line more.
SORTERS: dict[str, Sorter] = {one.look.name: one for one in (Threshold(), MatchedFilter())}


def find_sorters(names: Sequence[str]) -> list[Sorter]:
    """Sorters by name, each once, in the order asked for.

    Raises
    ------
    OptionError
        There is no such sorter.
    """
    for name in names:
        if name not in SORTERS:
            raise OptionError(
                f"There is no sorter {name!r:.200} here.",
                where="sorters",
                expected=", ".join(SORTERS),
                got=f"{name!r:.200}",
                do="name another; a sorting made elsewhere is scored with --sorting",
            )
    return [SORTERS[name] for name in dict.fromkeys(names)]
