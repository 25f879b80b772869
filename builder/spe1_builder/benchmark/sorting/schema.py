"""``sorting_benchmark.json`` as typed models, one version at a time.

Units are in the names. A value that could not be computed is null, never NaN.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from spe1_builder.benchmark.common.results import read_result, without_keys, write_result
from spe1_builder.benchmark.common.scores import Interval
from spe1_builder.benchmark.sorting.schema_cells import SortedCell
from spe1_builder.benchmark.sorting.sorter import Role
from spe1_builder.models import Model

#: A reader refuses another version; a change of meaning or names raises it.
SCHEMA_VERSION: Literal[1] = 1


class SortingParameters(Model):
    """Everything that decides the numbers, besides the cells and the sorters' own."""

    sorters: list[str]
    n_channels: int
    repeats: int
    tolerances_ms: list[float]
    least_share: float
    duplicate_ms: float
    n_shifts: int
    shift_seed: int
    fp_rates_hz: list[float]


class SortingProvenance(Model):
    """Software and kind of data."""

    spe1_version: str
    versions: dict[str, str]
    origins: list[str]
    label: str


class PublishedSorter(Model):
    """Mean accuracy of a sorter as it was published."""

    sorter: str
    mean_accuracy: float
    note: str


class Published(Model):
    """Published numbers and under which conditions they hold; no number of ours is among them."""

    source: str
    conditions: str
    sorters: list[PublishedSorter]


class SorterSummary(Model):
    """One sorter over all cells, those with an extracellular spike apart from those without.

    Attributes
    ----------
    n_cells, n_controls : int
        Scored cells with a spike to find, and without.
    mean_accuracy, median_accuracy : float or None
        Over the former; of several runs of one cell, their mean.
    interval : Interval or None
        Bootstrap over those cells.
    n_found : int
        Of them, cells of an accuracy of 0.8 or more.
    control_accuracy : float or None
        Mean over the cells without: what chance gives.
    n_control_matches : int
        Of these, cells beyond chance.
    spread : float or None
        Mean over cells of the largest difference between runs; None of one run each.
    wall_s, processor_s : float or None
        Mean of a run.
    """

    sorter: str
    role: Role
    version: str
    n_cells: int
    n_controls: int
    n_problems: int
    mean_accuracy: float | None
    median_accuracy: float | None
    interval: Interval | None
    n_found: int
    control_accuracy: float | None
    n_control_matches: int
    spread: float | None
    wall_s: float | None
    processor_s: float | None


class SortingBenchmark(Model):
    """The whole of ``sorting_benchmark.json``."""

    schema_version: Literal[1] = SCHEMA_VERSION
    provenance: SortingProvenance
    parameters: SortingParameters
    summary: list[SorterSummary]
    cells: list[SortedCell]
    published: Published = Field(repr=False)

    @model_validator(mode="after")
    def _origins_are_said(self) -> Self:
        told = {str(cell.origin) for cell in self.cells if cell.origin is not None}
        if set(self.provenance.origins) != told:
            raise ValueError("provenance.origins is not what the cells say")
        return self

    @property
    def scored(self) -> list[SortedCell]:
        """The cells that have sorters."""
        return [cell for cell in self.cells if cell.problem is None]

    @property
    def undone(self) -> list[str]:
        """What was asked for and could not be done, a line each."""
        lines = []
        for cell in self.cells:
            if cell.problem is not None:
                lines.append(f"{cell.cell_id}: {cell.problem}")
            lines += [
                f"{cell.cell_id}, {one.sorter}: {one.problem}"
                for one in cell.sorters
                if one.problem is not None
            ]
        return lines

    @property
    def counted(self) -> str:
        """``2 cells (simulated)``."""
        n = len(self.scored)
        kinds = " or ".join(kind for kind in self.provenance.origins if kind != "recorded")
        return f"{n} cell{'s' if n != 1 else ''}" + (f" ({kinds})" if kinds else "")

    def __str__(self) -> str:
        return repr(self)

    def __repr__(self) -> str:
        """One line a sorter: what a person wants to see, not the whole document."""
        rows = [
            f"  {row.sorter.replace('_', ' ')} ({row.role}): accuracy "
            f"{_number(row.mean_accuracy)} over {row.n_cells} cell{'' if row.n_cells == 1 else 's'}"
            + (f", by chance {_number(row.control_accuracy)}" if row.n_controls else "")
            for row in self.summary
        ]
        undone = [f"  not done: {line}" for line in self.undone]
        return "\n".join([f"SortingBenchmark of {self.counted}", *rows, *undone])

    def _repr_html_(self) -> str:
        """The same as a table, for notebooks."""
        from spe1_builder.benchmark.common.page import table_html
        from spe1_builder.benchmark.common.tables import Table, share

        rows = tuple(
            (
                row.sorter.replace("_", " "),
                str(row.role),
                share(row.mean_accuracy),
                str(row.n_cells),
                share(row.control_accuracy),
            )
            for row in self.summary
        )
        columns = ("sorter", "is", "accuracy", "cells", "control")
        words = frozenset({"sorter", "is"})
        return table_html(Table(f"Sorting benchmark of {self.counted}", columns, rows, words=words))

    def without_timings(self) -> dict[str, Any]:
        """As plain values, times left out: equal for equal inputs and options."""
        gone = {"wall_s", "processor_s", "peak_memory_bytes", "was_kept"}
        plain: dict[str, Any] = without_keys(self.model_dump(mode="json"), gone)
        return plain


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def write_sorting_benchmark(path: Path, result: SortingBenchmark) -> None:
    """Write the JSON; it appears whole or not at all."""
    write_result(path, result)


def read_sorting_benchmark(path: Path) -> SortingBenchmark:
    """Read a ``sorting_benchmark.json`` through the schema.

    Raises
    ------
    MissingFileError
        No such file.
    OutputError
        Not valid JSON, another version of the schema, or contradictory.
    """
    return read_result(path, SortingBenchmark, SCHEMA_VERSION, "sorting")
