"""Sorters of others, run in processes of their own, as the benchmark takes them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from spe1_builder.benchmark.common.contestant import Contestant
from spe1_builder.benchmark.sorting.cell import open_sorting_cell
from spe1_builder.benchmark.sorting.options import SortingOptions
from spe1_builder.benchmark.sorting.sorter import Role, SorterOptions, SorterRun
from spe1_builder.benchmark.sorting.sorters.interpreter import installed_version
from spe1_builder.benchmark.sorting.sorters.known import KnownSorter
from spe1_builder.benchmark.sorting.sorters.run import run_sorter
from spe1_builder.errors import OutputError, Spe1Error

#: Okabe & Ito 2008, in turn; the bounds have others.
_COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
_MARKERS = "osD^vP"


def look_of(name: str, index: int) -> Contestant:
    """How a sorter is drawn that is no bound: the one of an index among them."""
    word = name.replace("_", " ")
    color, marker = _COLORS[index % len(_COLORS)], _MARKERS[index % len(_MARKERS)]
    return Contestant(name, word, word, color, marker, "-")


class ExternalSorter:
    """A known sorter; one that is not installed says so when it is asked to sort.

    Parameters
    ----------
    known : KnownSorter
    index : int
        Among those of a run, for its colour.
    options : SortingOptions
        Environment and limits.
    """

    role: Role = "sorter"

    def __init__(self, known: KnownSorter, index: int, options: SortingOptions):
        self._known, self._options = known, options
        self.look = look_of(known.name, index)
        self.n_repeats = 1 if known.is_repeatable else None
        self.parameters: Mapping[str, Any] = {
            "engine": known.engine,
            "parameters": "the sorter's defaults",
            "input": "raw counts" if self._raw_dir is not None else "the built cell's traces",
        }
        self._problem: Spe1Error | None = None
        self.version = ""
        try:
            self.version = installed_version(known, options.python)
        except Spe1Error as error:
            self._problem = error

    @property
    def _raw_dir(self) -> Path | None:
        return self._options.raw_dir if self._known.filters_itself else None

    def __call__(self, folder: Path, options: SorterOptions) -> SorterRun:
        """Sort the cell in a folder.

        Raises
        ------
        Spe1Error
            It is not installed, crashed, or came to its limits; with its last words.
        """
        if self._problem is not None:
            raise self._problem
        cell = open_sorting_cell(folder, options.n_channels)
        run = run_sorter(
            self._known.name,
            folder,
            channels=cell.channels.tolist(),
            raw_dir=self._raw_dir,
            python=self._options.python,
            memory_bytes=int(self._options.memory_gb * 1e9),
            timeout_s=self._options.timeout_s,
            seed=options.repeat,
        )
        if run.units is None:
            raise OutputError(
                f"{self._known.name} {run.version} did not sort it: {run.problem}",
                where=folder,
                do="see its last words; more with --memory-gb or --timeout-s, fewer --channels",
            )
        return SorterRun(run.units, run.wall_s, run.processor_s, run.peak_bytes)
