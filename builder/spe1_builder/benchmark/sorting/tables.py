"""The tables of a result."""

from __future__ import annotations

from spe1_builder.benchmark.common.tables import NOTHING, Table, between, share, um
from spe1_builder.benchmark.sorting.schema import SortingBenchmark
from spe1_builder.benchmark.sorting.schema_cells import SortedCell, SorterResult
from spe1_builder.origins import origin_mark

_WORDS = frozenset({"cell", "sorter", "note", "agrees with", "method"})


def tables(result: SortingBenchmark) -> list[Table]:
    """All tables of a result; the published numbers last, in one of their own."""
    found = [summary_table(result), cell_table(result), shape_table(result), rate_table(result)]
    found += [place_table(result), agreement_table(result), published_table(result)]
    return [table for table in found if table.rows]


def markdown(result: SortingBenchmark) -> str:
    """All tables in Markdown, under a line that says what the numbers are of."""
    head = f"Sorting benchmark of {result.counted}: {result.provenance.label}."
    return "\n\n".join([head, *(table.markdown() for table in tables(result))]) + "\n"


def summary_table(result: SortingBenchmark) -> Table:
    """A row a sorter."""
    rows = tuple(
        (
            row.sorter.replace("_", " "),
            share(row.mean_accuracy) + between(row.interval, share),
            share(row.median_accuracy),
            f"{row.n_found}/{row.n_cells}",
            share(row.control_accuracy),
            f"{row.n_control_matches}/{row.n_controls}",
            _seconds(row.processor_s),
            f"spread of runs {share(row.spread)}" if row.spread is not None else row.role,
        )
        for row in result.summary
    )
    columns = (
        "sorter",
        "accuracy",
        "median",
        ">= 0.8",
        "control",
        "beyond chance",
        "cpu s",
        "note",
    )
    note = (
        "Accuracy of the best unit, whole window, 0.4 ms; mean over the cells that have an "
        "extracellular spike, with a bootstrap interval over cells. Control: the same of the "
        "cells without one, where every match is chance."
    )
    return Table(f"Sorters on {result.counted}", columns, rows, note, _WORDS)


def cell_table(result: SortingBenchmark) -> Table:
    """A row a sorter and cell."""
    rows = []
    for cell, one in _each(result):
        head = (_name(cell), _sorter(one))
        if one.score is None:
            rows.append((*head, *(NOTHING,) * 7, str(one.problem)))
            continue
        best, wide = one.score.headline.best, one.score.part("all", 1.0).best
        test = one.score.part("test", 0.4).best
        rows.append(
            (
                *head,
                _snr(cell),
                share(best.accuracy) + between(best.accuracy_interval, share),
                share(best.precision),
                share(best.recall),
                share(wide.accuracy),
                share(test.accuracy),
                NOTHING if one.score.chance is None else share(one.score.chance.highest),
                _note(cell, one),
            )
        )
    columns = ("cell", "sorter", "SNR", "accuracy", "precision", "recall")
    columns += ("at 1 ms", "test", "chance", "note")
    note = (
        "At 0.4 ms in the whole window; at 1 ms; at 0.4 ms in the test split, of which the two "
        "bounds have learnt nothing. Chance: the highest of 50 circular shifts. SNR: the "
        "template's largest value over the noise on its channel."
    )
    return Table("Best unit of each sorter", columns, tuple(rows), note, _WORDS)


def shape_table(result: SortingBenchmark) -> Table:
    """How the sortings divide the neurons."""
    rows = []
    for cell, one in _each(result):
        if one.score is None or one.role in ("floor", "ceiling"):
            continue
        shape, moved = one.score.shape, one.score.unlagged
        rows.append(
            (
                _name(cell),
                _sorter(one),
                str(one.n_units),
                str(shape.split_over),
                NOTHING if shape.merged_with is None else str(shape.merged_with),
                share(shape.others_share),
                str(shape.n_duplicates),
                _ms(one.score.headline.lag_ms),
                NOTHING
                if moved is None
                else f"{share(moved.best.accuracy)} at {_ms(moved.lag_ms)}",
            )
        )
    columns = ("cell", "sorter", "units", "split over", "merged with", "others' share")
    columns += ("duplicates", "lag, ms", "without a lag")
    note = (
        "Split over: units that hold more than a tenth of the patched spikes, beyond chance. "
        "Merged with: planted neurons of which the best unit holds more than a tenth; of a "
        "recording the others' share of its spikes is all that can be known."
    )
    return Table("How each sorting divides the neurons", columns, tuple(rows), note, _WORDS)


def rate_table(result: SortingBenchmark) -> Table:
    """The bounds at stated rates of false spikes."""
    rows = tuple(
        (
            _name(cell),
            _sorter(one),
            f"{rate.fp_rate_hz:g}",
            share(rate.test.recall),
            share(rate.test.accuracy),
            share(rate.all.accuracy),
        )
        for cell, one in _each(result)
        for rate in one.fixed_rates
    )
    columns = ("cell", "sorter", "false, Hz", "recall, test", "accuracy, test", "accuracy, all")
    note = "Thresholds that allow so many false spikes a second on the train split."
    return Table("Floor and ceiling at stated false-positive rates", columns, rows, note, _WORDS)


def place_table(result: SortingBenchmark) -> Table:
    """Where the best units lie."""
    rows = tuple(
        (_name(cell), _sorter(one), place.method.replace("_", " "), um(place.distance_um))
        for cell, one in _each(result)
        for place in one.places
    )
    columns = ("cell", "sorter", "method", "um")
    title = "From the best unit's place to the ground-truth electrode"
    return Table(title, columns, rows, "", _WORDS)


def agreement_table(result: SortingBenchmark) -> Table:
    """Pairs of sorters."""
    rows = tuple(
        (
            _name(cell),
            pair.sorters[0].replace("_", " ") + _run(pair.repeats[0]),
            pair.sorters[1].replace("_", " ") + _run(pair.repeats[1]),
            share(pair.agreement),
        )
        for cell in result.scored
        for pair in cell.agreement
    )
    columns = ("cell", "sorter", "agrees with", "share")
    return Table("Agreement of best units", columns, rows, "", _WORDS)


def published_table(result: SortingBenchmark) -> Table:
    """SpikeForest's means; nothing of ours."""
    told = result.published
    rows = tuple((row.sorter, f"{row.mean_accuracy:.2f}", row.note) for row in told.sorters)
    note = f"{told.source}: {told.conditions}. Other conditions than those above: not comparable."
    return Table("Published elsewhere", ("sorter", "accuracy", "note"), rows, note, _WORDS)


def _each(result: SortingBenchmark) -> list[tuple[SortedCell, SorterResult]]:
    return [(cell, one) for cell in result.scored for one in cell.sorters]


def _name(cell: SortedCell) -> str:
    return cell.cell_id + origin_mark(cell.origin)


def _sorter(one: SorterResult) -> str:
    return one.sorter.replace("_", " ") + _run(one.repeat)


def _run(repeat: int) -> str:
    return "" if repeat == 0 else f" #{repeat + 1}"


def _snr(cell: SortedCell) -> str:
    return NOTHING if cell.facts is None else f"{cell.facts.snr:.1f}"


def _note(cell: SortedCell, one: SorterResult) -> str:
    words = []
    if cell.facts is not None and not cell.facts.has_extracellular_spike:
        words.append("control: no extracellular spike")
    if one.score is not None and one.score.chance is not None and not one.score.chance.is_beyond:
        words.append("no better than chance")
    if one.beats_ceiling:
        words.append("beyond the ceiling")
    return "; ".join(words)


def _ms(value: float | None) -> str:
    return NOTHING if value is None else f"{value:+.2f}"


def _seconds(value: float | None) -> str:
    return NOTHING if value is None else f"{value:.1f}"
