"""The tables of a result for a terminal of 80 characters; the whole ones are in `tables`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from spe1_builder.benchmark.common.scores import Score
from spe1_builder.benchmark.common.tables import NOTHING, Table, between, share, um
from spe1_builder.benchmark.localization.contestants import contestant, contestants
from spe1_builder.benchmark.localization.label_tables import caution, label_tables
from spe1_builder.benchmark.localization.schema import CellResult, LocalizationBenchmark, SummaryRow
from spe1_builder.benchmark.localization.schema_curves import CurvePoint, GridPoint
from spe1_builder.benchmark.localization.tables import cell_name, not_in_the_paper, simulated_mark
from spe1_builder.benchmark.localization.words import LEVELS, Level
from spe1_builder.benchmark.localization.zhao2026.published import published

#: Columns that go first where there is too little room, the highest rank before the others.
RANKS = {"|dx|": 4, "electrode": 3, "peak at": 2, "spikes": 1}
#: Days that the degradation's tables have room for.
_MOST_DAYS = 7


def narrow_tables(result: LocalizationBenchmark) -> Iterator[Table]:
    """The tables, the degradation's and the grid search's with them."""
    levels = [level for level in LEVELS if any(row.level == level for row in result.summary)]
    for level in levels:
        yield _summary(result, level)
    if not result.provenance.simulated and result.provenance.origin is None:
        yield _comparison(result)
    yield from label_tables(result, simulated_mark(result))
    for level in levels:
        yield _cells(result, level)
    if result.degradation is not None:
        for level in levels:
            yield from _degradation(result, level)
    if result.grid_search is not None:
        yield _grid_search(result, levels[-1])


def _summary(result: LocalizationBenchmark, level: Level) -> Table:
    rows = [row for row in result.summary if (row.mode, row.level) == ("corrected", level)]
    tolerance_um, n = result.parameters.tolerance_um, rows[0].pooled.n
    has_intervals = any(row.pooled_accuracy_interval is not None for row in rows)
    note = "error: median 2-D distance to the electrode, um; |dx|, |dy| alike"
    if any(row.pooled.n_nan or row.pooled.n_out_of_bounds for row in rows):
        note += "; failed: no estimate + out of bounds"
    if has_intervals:
        note += f"; [{100 * result.parameters.confidence:g} % interval, bootstrap over cells]"
    more = caution(result) + not_in_the_paper(result)
    note += f".{more}" if more else ""
    name = level if n != 1 else level[:-1]
    return Table(
        f"{n} {name}{simulated_mark(result)}",
        ("method", "|dy|", f"< {tolerance_um:g} um", "error", "|dx|", "failed", "ms each"),
        tuple(_summary_row(row) for row in rows),
        note,
    )


def _summary_row(row: SummaryRow) -> tuple[str, ...]:
    score = row.pooled
    n_failed = f"{score.n_nan} + {score.n_out_of_bounds}"
    return (
        _label(row.method),
        um(score.median_abs_dy_um),
        share(score.accuracy) + between(row.pooled_accuracy_interval, _hundredths),
        um(score.median_error_um) + between(row.pooled_median_error_interval_um, um),
        um(score.median_abs_dx_um),
        "0" if n_failed == "0 + 0" else n_failed,
        NOTHING if row.seconds_per_item is None else f"{row.seconds_per_item * 1e3:.2g}",
    )


def _hundredths(value: float | None) -> str:
    return NOTHING if value is None else f"{value:.2f}"


def _label(method: str) -> str:
    """In words, without what stands behind a comma."""
    return contestant(method).label.partition(",")[0]


def _comparison(result: LocalizationBenchmark) -> Table:
    reference = published()
    scores = {(row.mode, row.level, row.method): row.pooled for row in result.summary}
    rows = []
    for level in LEVELS:
        for method in filter(reference.has, result.parameters.methods):
            both = [scores.get((mode, level, method)) for mode in ("as_published", "corrected")]
            if any(both):
                rows.append(
                    (
                        level,
                        contestant(method).short,
                        share(reference.accuracy(level, method)),
                        *(share(score.accuracy if score else None) for score in both),
                        um(reference.median_error_um(level, method)),
                        *(um(score.median_error_um if score else None) for score in both),
                    )
                )
    sides = ("paper", "its way", "corrected")
    columns = (*(f"acc. {sides[0]}", *sides[1:]), *(f"err. {sides[0]}", *sides[1:]))
    return Table(
        "Beside the paper",
        ("on", "method", *columns),
        tuple(rows),
        "paper: Zhao et al. 2026, 11 real cells, read from its figures; its way: as the authors' "
        "code did (--masking as-published)",
    )


def _cells(result: LocalizationBenchmark, level: Level) -> Table:
    names = list(dict.fromkeys(row.method for row in result.summary))
    is_marked = len({cell.kind for cell in result.cells if cell.problem is None}) > 1
    rows = [_cell_row(cell, names, level, is_marked=is_marked) for cell in result.cells]
    unit = "error, um" if level == "templates" else "share within / error, um"
    return Table(
        f"Each cell, {level}: {unit}{simulated_mark(result)}",
        ("cell", "electrode", "peak at", "spikes", *(contestant(name).short for name in names)),
        tuple(rows),
    )


def _cell_row(
    cell: CellResult, names: Sequence[str], level: Level, *, is_marked: bool
) -> tuple[str, ...]:
    scores = {
        part.method: part.score
        for part in cell.scores
        if (part.mode, part.level) == ("corrected", level)
    }

    def written(score: Score | None) -> str:
        if score is None:
            return NOTHING
        error = um(score.median_error_um)
        return error if level == "templates" else f"{_hundredths(score.accuracy)}/{error}"

    return (
        cell_name(cell) if is_marked else cell.cell_id,
        NOTHING if cell.gt_channel is None else str(cell.gt_channel),
        NOTHING if cell.peak_channel is None else str(cell.peak_channel),
        NOTHING if cell.n_spikes is None else str(cell.n_spikes),
        *(written(scores.get(name)) for name in names),
    )


def _degradation(result: LocalizationBenchmark, level: Level) -> Iterator[Table]:
    assert result.degradation is not None
    points = [
        point
        for point in result.degradation.points
        if (point.mode, point.level) == ("corrected", level)
    ]
    if not points:
        return
    quantities: dict[str, Callable[[CurvePoint], str]] = {
        f"share within {result.parameters.tolerance_um:g} um": lambda point: _hundredths(
            point.score.accuracy
        ),
        "median error, um": lambda point: um(point.score.median_error_um),
    }
    n_dead = _spread(sorted({point.n_dead for point in points}))
    by_key = {(point.method, point.n_dead): point for point in points}
    methods = [method for method in contestants() if any(key[0] == method for key in by_key)]
    for quantity, written in quantities.items():
        rows = tuple(
            (_label(method), *(written(by_key[method, n]) for n in n_dead)) for method in methods
        )
        yield Table(
            f"Electrodes die, {level}: {quantity}{simulated_mark(result)}",
            ("dead of 384:", *(str(n) for n in n_dead)),
            rows,
            words=frozenset({"dead of 384:"}),
        )


def _spread(values: Sequence[int]) -> list[int]:
    """The first, the last, and some between them."""
    if len(values) <= _MOST_DAYS:
        return list(values)
    step = (len(values) - 1) / (_MOST_DAYS - 1)
    return [values[round(i * step)] for i in range(_MOST_DAYS)]


def _grid_search(result: LocalizationBenchmark, level: Level) -> Table:
    assert result.grid_search is not None
    days = result.grid_search.days
    sets: dict[tuple[str, str], dict[int, GridPoint]] = {}
    for point in result.grid_search.points:
        if (point.mode, point.level) == ("corrected", level):
            words = ", ".join(f"{name} {value:g}" for name, value in point.parameters.items())
            sets.setdefault((point.method, words), {})[point.day] = point
    rows = [
        (
            contestant(method).short,
            words or "as it is",
            *(um(of_day[day].score.median_error_um) if day in of_day else NOTHING for day in days),
        )
        for (method, words), of_day in sets.items()
    ]
    return Table(
        f"Parameters, {level}: median error, um{simulated_mark(result)}",
        ("method", "parameters", *(f"day {day}" for day in days)),
        tuple(rows),
        words=frozenset({"method", "parameters"}),
    )
