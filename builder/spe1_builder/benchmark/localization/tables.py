"""The tables of a result."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from spe1_builder.benchmark.common.scores import Score
from spe1_builder.benchmark.common.tables import NOTHING, Table, between, share, um
from spe1_builder.benchmark.localization.contestants import contestant
from spe1_builder.benchmark.localization.label_tables import caution, label_tables
from spe1_builder.benchmark.localization.schema import (
    CellResult,
    LocalizationBenchmark,
    SummaryRow,
)
from spe1_builder.benchmark.localization.words import Level, Mode
from spe1_builder.benchmark.localization.zhao2026.published import published
from spe1_builder.origins import origin_mark


def tables(result: LocalizationBenchmark) -> list[Table]:
    """All tables of a result; simulated cells are not compared with the published numbers."""
    found = [summary_table(result)]
    if any(row.level == "spikes" for row in result.summary):
        found.append(macro_table(result))
    if not result.provenance.simulated and result.provenance.origin is None:
        found.append(comparison_table(result))
    found += label_tables(result, simulated_mark(result))
    found.append(cell_table(result, "templates"))
    if any(row.level == "spikes" for row in result.summary):
        found.append(cell_table(result, "spikes"))
    return found


def markdown(result: LocalizationBenchmark) -> str:
    """All tables in Markdown, under a line that says what the numbers are of."""
    head = f"Localization benchmark of {_counted(result)}: {result.provenance.label}."
    return "\n\n".join([head, *(table.markdown() for table in tables(result))]) + "\n"


def _counted(result: LocalizationBenchmark) -> str:
    n = sum(cell.problem is None for cell in result.cells)
    left_out = len(result.cells) - n
    text = f"{n} cell{'s' if n != 1 else ''}"
    return text + (f" ({left_out} more could not be scored)" if left_out else "")


def simulated_mark(result: LocalizationBenchmark) -> str:
    """Stands behind each title: how many cells are simulated or semi-real, or digitised."""
    if result.provenance.origin is not None:
        return f" ({result.provenance.origin} templates of real neurons)"
    scored = [cell for cell in result.cells if cell.problem is None]
    n = sum(cell.simulated is True for cell in scored)
    if n == 0:
        return ""
    word = result.generated_word
    return f" ({word})" if n == len(scored) else f" ({n} of {len(scored)} cells {word})"


def not_in_the_paper(result: LocalizationBenchmark) -> str:
    """A sentence that names the methods that the paper does not have; empty without any."""
    reference = published()
    others = [name for name in result.parameters.methods if not reference.has(name)]
    labels = ", ".join(contestant(name).label for name in others)
    return f" Not in the paper: {labels}." if others else ""


def cell_name(cell: CellResult) -> str:
    """A cell where a number of its own stands."""
    return cell.cell_id + origin_mark(cell.kind)


def _interval_head(result: LocalizationBenchmark) -> str:
    """Behind a column's name where its numbers have intervals: with more than one cell."""
    has_any = any(row.pooled_accuracy_interval is not None for row in result.summary)
    return f" ({100 * result.parameters.confidence:g} % CI)" if has_any else ""


def summary_table(result: LocalizationBenchmark) -> Table:
    """One row for each method: pooled over templates or spikes, as the paper does."""
    tolerance_um, head = result.parameters.tolerance_um, _interval_head(result)
    rows = []
    for row in _rows(result, "corrected"):
        score = row.pooled
        rows.append(
            (
                f"{score.n} {row.level if score.n != 1 else row.level[:-1]}",
                contestant(row.method).label,
                um(score.median_abs_dy_um),
                share(score.accuracy) + between(row.pooled_accuracy_interval, share),
                um(score.median_error_um) + between(row.pooled_median_error_interval_um, um),
                um(score.median_abs_dx_um),
                f"{score.n_nan} + {score.n_out_of_bounds}",
                NOTHING if row.seconds_per_item is None else f"{row.seconds_per_item * 1e3:.3g}",
            )
        )
    return Table(
        f"All cells{simulated_mark(result)}",
        (
            "on",
            "method",
            "median |dy|, um",
            f"accuracy < {tolerance_um:g} um{head}",
            f"median error, um{head}",
            "median |dx|, um",
            "NaN + out of bounds",
            "time each, ms",
        ),
        tuple(rows),
        "Error: 2-D distance to the ground-truth electrode. Pooled: every template or spike "
        f"counts alike. {'CI: bootstrap over cells. ' if head else ''}Out of bounds: more than "
        f"{result.parameters.bounds_margin_um:g} um beside the sites."
        f"{caution(result)}{not_in_the_paper(result)}",
    )


def macro_table(result: LocalizationBenchmark) -> Table:
    """Spikes with every cell weighing alike."""
    rows = [
        (
            contestant(row.method).label,
            share(row.macro_accuracy) + between(row.macro_accuracy_interval, share),
            um(row.macro_median_error_um) + between(row.macro_median_error_interval_um, um),
        )
        for row in _rows(result, "corrected")
        if row.level == "spikes"
    ]
    tolerance_um, head = result.parameters.tolerance_um, _interval_head(result)
    return Table(
        f"Spikes, every cell alike{simulated_mark(result)}",
        ("method", f"accuracy < {tolerance_um:g} um{head}", f"median error, um{head}"),
        tuple(rows),
        "Mean of the cells' accuracies; median of the cells' median errors.",
    )


def comparison_table(result: LocalizationBenchmark) -> Table:
    """The paper's numbers beside those of its code's way and of the corrected one."""
    reference = published()
    by_key = {(row.mode, row.level, row.method): row.pooled for row in result.summary}
    compared = dict.fromkeys(
        (row.level, row.method) for row in result.summary if reference.has(row.method)
    )
    rows = []
    for level, method in compared:
        scores = [by_key.get((mode, level, method)) for mode in ("as_published", "corrected")]
        rows.append(
            (
                level,
                contestant(method).label,
                share(reference.accuracy(level, method)),
                *(share(score.accuracy if score else None) for score in scores),
                um(reference.median_error_um(level, method)),
                *(um(score.median_error_um if score else None) for score in scores),
            )
        )
    note = "Published: Zhao et al. 2026, 11 real cells, read from the figures (accuracy to 0.003, "
    note += "error to 0.2 um). As published: --masking as-published."
    parts = [f"{name}{what}" for what in ("accuracy", "median error, um") for name in _SIDES]
    return Table(
        "Beside the paper",
        ("on", "method", *parts),
        tuple(rows),
        note,
    )


_SIDES = ("published ", "as-published ", "corrected ")


def cell_table(result: LocalizationBenchmark, level: Level) -> Table:
    """One row for each cell; a cell without scores says why."""
    names = list(dict.fromkeys(row.method for row in result.summary))
    rows = []
    for cell in result.cells:
        scores = {
            part.method: part.score
            for part in cell.scores
            if (part.mode, part.level) == ("corrected", level)
        }
        warned = [f"warning: {text}" for text in cell.warnings]
        remarks = "; ".join(filter(None, [cell.problem, *cell.notes, *warned]))
        rows.append(
            (
                cell_name(cell),
                NOTHING if cell.target_um is None else f"({_join(cell.target_um)})",
                NOTHING if cell.peak_channel is None else str(cell.peak_channel),
                _count(cell, scores),
                *(_cell_score(scores.get(name), level) for name in names),
                remarks,
            )
        )
    shorts = [contestant(name).short for name in names]
    unit = "error, um" if level == "templates" else "accuracy / median error, um"
    title = f"Each cell, {level}: {unit}{simulated_mark(result)}"
    columns = ("cell", "electrode (x, y), um", "peak channel", "spikes")
    if not any(row[-1] for row in rows):
        return Table(title, (*columns, *shorts), _cut(rows))
    return Table(title, (*columns, *shorts, "note"), tuple(rows))


def _cut(rows: Sequence[tuple[str, ...]]) -> tuple[tuple[str, ...], ...]:
    return tuple(row[:-1] for row in rows)


def _count(cell: CellResult, scores: dict[str, Score]) -> str:
    """Spikes scored, or those that the cell has."""
    n = next((score.n for score in scores.values()), 0)
    if n > 1:
        return str(n)
    return NOTHING if cell.n_spikes is None else str(cell.n_spikes)


def _cell_score(score: Score | None, level: Level) -> str:
    if score is None:
        return NOTHING
    error = um(score.median_error_um)
    return error if level == "templates" else f"{share(score.accuracy)} / {error}"


def _rows(result: LocalizationBenchmark, mode: Mode) -> Iterator[SummaryRow]:
    return (row for row in result.summary if row.mode == mode)


def _join(values: Sequence[float]) -> str:
    return ", ".join(f"{value:g}" for value in values)
