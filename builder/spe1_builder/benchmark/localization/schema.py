"""``localization_benchmark.json`` as typed models, one version at a time.

Units are in the names. A value that could not be computed is null, never NaN, and
never left to be guessed: `CellResult.problem` and `CellResult.notes` say why.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from spe1_builder.benchmark.common.results import read_result, without_keys, write_result
from spe1_builder.benchmark.common.scores import Interval, Score
from spe1_builder.benchmark.localization.schema_curves import Degradation, GridSearch
from spe1_builder.benchmark.localization.schema_label import (
    CellAlignment,
    CellLabel,
    LabelScores,
    Precision,
)
from spe1_builder.benchmark.localization.schema_made import Parameters, Provenance
from spe1_builder.benchmark.localization.words import Level, Mode
from spe1_builder.models import Model
from spe1_builder.origins import Origin

#: A reader refuses another version; a change of meaning or names raises it.
SCHEMA_VERSION: Literal[1] = 1


class CellScore(Model):
    """One method on one cell, on its template or on all its spikes.

    ``estimate_um`` is (x, y): the estimate of a template, the median over spikes.
    ``seconds`` is the wall time of the localization alone, the median of repeats after a
    warm-up where it is short; null for controls.
    """

    mode: Mode
    level: Level
    method: str
    estimate_um: tuple[float, float] | None
    score: Score
    seconds: float | None


class CellResult(Model):
    """One cell: what it is, and its scores; or the problem that left it without any.

    Attributes
    ----------
    problem : str or None
        Why the cell has no scores.
    notes : list of str
        Parts that could not be computed, or were computed from less.
    warnings : list of str
        What was measured when the cell was built, and speaks against it.
    simulated : bool or None
        Whether the cell was not recorded; None where its metadata does not say.
    origin : str or None
        What it is, see `spe1_builder.origins`; None also in results of before there was more
        than "simulated".
    metadata_form : str or None
        "spe1" (this project's metadata), "public" (that of the public conversion) or "scraps"
        (a digitised template).
    target_um : tuple of float or None
        (x, y) of the ground-truth electrode.
    peak_channel : int or None
        Largest channel of the template among those not masked.
    label : CellLabel or None
        Where the label's limits put the target; None of simulated cells, whose label has none.
    """

    cell_id: str
    problem: str | None
    notes: list[str]
    warnings: list[str] = Field(default_factory=list)
    simulated: bool | None
    origin: Origin | None = None
    metadata_form: Literal["spe1", "public", "scraps"] | None
    fingerprint: str | None
    target_um: tuple[float, float] | None
    gt_channel: int | None
    peak_channel: int | None
    masked_channels: list[int]
    n_spikes: int | None
    label: CellLabel | None = None
    scores: list[CellScore]

    @property
    def kind(self) -> Origin | None:
        """What kind of recording it is; None where that is not known."""
        if self.simulated is None:
            return None
        return (self.origin or "simulated") if self.simulated else "recorded"

    @model_validator(mode="after")
    def _problem_or_scores(self) -> Self:
        if (self.problem is None) != bool(self.scores):
            raise ValueError("a cell has scores or a problem")
        return self


class SummaryRow(Model):
    """One method over all cells.

    ``pooled`` counts every template or spike alike, as the paper does, so that a cell
    weighs by its number of spikes. ``macro`` weighs cells alike: mean of their
    accuracies, median of their median errors. Intervals: bootstrap over cells.
    """

    mode: Mode
    level: Level
    method: str
    n_cells: int
    pooled: Score
    pooled_accuracy_interval: Interval | None
    pooled_median_error_interval_um: Interval | None
    macro_accuracy: float | None
    macro_median_error_um: float | None
    macro_accuracy_interval: Interval | None
    macro_median_error_interval_um: Interval | None
    seconds_per_item: float | None


class LocalizationBenchmark(Model):
    """The whole of ``localization_benchmark.json``.

    Attributes
    ----------
    digitised : LocalizationBenchmark or None
        A part of its own, on the templates of real neurons that come with the package: none of
        its numbers is in the others.
    """

    schema_version: Literal[1] = SCHEMA_VERSION
    provenance: Provenance
    parameters: Parameters
    summary: list[SummaryRow]
    cells: list[CellResult]
    degradation: Degradation | None
    grid_search: GridSearch | None
    digitised: LocalizationBenchmark | None = None
    precision: Precision | None = None
    label_scores: LabelScores | None = None
    alignment: list[CellAlignment] | None = None

    @model_validator(mode="after")
    def _simulated_is_said(self) -> Self:
        if self.provenance.simulated != any(cell.simulated for cell in self.cells):
            raise ValueError("provenance.simulated is not what the cells say")
        if self.digitised is not None and self.digitised.provenance.origin != "digitised":
            raise ValueError("the digitised part holds something else")
        return self

    @property
    def generated_word(self) -> str:
        """What the scored cells are that were not recorded: "simulated", "semi-real" or both."""
        kinds = {cell.kind for cell in self.cells if cell.simulated and cell.problem is None}
        return " or ".join(sorted(map(str, kinds), reverse=True)) or "simulated"

    @property
    def undone(self) -> list[str]:
        """What was asked for and could not be done, a line each: ``c9: SPE-1 has no cell ...``."""
        return [
            f"{cell.cell_id}: {text}"
            for cell in self.cells
            for text in ([cell.problem] if cell.problem is not None else cell.notes)
        ]

    def __str__(self) -> str:
        return repr(self)

    def __repr__(self) -> str:
        """One line a method: what a person wants to see, not the whole document."""
        rows = [
            f"  {row.level}, {row.method.replace('_', ' ')}: "
            f"{_number(row.pooled.accuracy, 3)} within {self.parameters.tolerance_um:g} um, "
            f"median error {_number(row.pooled.median_error_um, 1)} um"
            for row in self.summary
            if row.mode == "corrected"
        ]
        undone = [f"  not done: {line}" for line in self.undone]
        return "\n".join([f"LocalizationBenchmark of {self._counted()}", *rows, *undone])

    def _repr_html_(self) -> str:
        """The same as a table, for notebooks."""
        from spe1_builder.benchmark.common.page import table_html
        from spe1_builder.benchmark.common.tables import Table, share, um

        rows = tuple(
            (
                row.level,
                row.method.replace("_", " "),
                share(row.pooled.accuracy),
                um(row.pooled.median_error_um),
            )
            for row in self.summary
            if row.mode == "corrected"
        )
        within = f"within {self.parameters.tolerance_um:g} um"
        columns = ("on", "method", within, "median error, um")
        return table_html(Table(f"Localization benchmark of {self._counted()}", columns, rows))

    def _counted(self) -> str:
        n = sum(cell.problem is None for cell in self.cells)
        text = f"{n} cell{'s' if n != 1 else ''}"
        if self.provenance.origin is not None:
            return f"{text} ({self.provenance.origin})"
        return text + (f" ({self.generated_word})" if self.provenance.simulated else "")

    def without_timings(self) -> dict[str, Any]:
        """As plain values, wall times left out: equal for equal inputs and options."""
        return without_keys(self.model_dump(mode="json"), {"seconds", "seconds_per_item"})


def _number(value: float | None, n_digits: int) -> str:
    return "-" if value is None else f"{value:.{n_digits}f}"


def write_benchmark(path: Path, result: LocalizationBenchmark) -> None:
    """Write the JSON; it appears whole or not at all."""
    write_result(path, result)


def read_benchmark(path: Path) -> LocalizationBenchmark:
    """Read a ``localization_benchmark.json`` through the schema.

    Raises
    ------
    MissingFileError
        No such file.
    OutputError
        Not valid JSON, another version of the schema, or contradictory.
    """
    return read_result(path, LocalizationBenchmark, SCHEMA_VERSION, "localization")
