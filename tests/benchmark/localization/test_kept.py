"""What a run lacks, and what it would take from the result that is there."""

import pytest

from spe1_builder.benchmark.localization.kept import lost_parts, parts_of, planned_parts
from spe1_builder.benchmark.localization.narrow import narrow_tables
from spe1_builder.benchmark.localization.options import BenchmarkOptions
from spe1_builder.benchmark.localization.plan import make_plan
from spe1_builder.benchmark.localization.schema import read_benchmark
from spe1_builder.cells import CELL_SETS
from tests.benchmark.localization.test_example import EXAMPLE

EVERYTHING = {
    "masking": "as-published",
    "with_spikes": True,
    "degradation": True,
    "grid_search": True,
}


@pytest.fixture(scope="module")
def result():
    return read_benchmark(EXAMPLE)


@pytest.mark.parametrize(
    ("changed", "cells", "lost"),
    [
        ({}, CELL_SETS["default"], []),
        ({}, CELL_SETS["zhao"], []),
        (
            {},
            CELL_SETS["zhao"][1:],
            ["cells c14", "degradation cells c14", "grid search cells c14"],
        ),
        ({"with_spikes": False}, CELL_SETS["default"], ["levels spikes"]),
        ({"masking": "corrected"}, CELL_SETS["default"], ["modes as published"]),
        ({"degradation": False}, CELL_SETS["default"], ["degradation"]),
        ({"grid_search": False}, CELL_SETS["default"], ["grid search"]),
        ({"seeds": (0, 1, 2)}, CELL_SETS["default"], ["degradation seeds 3, 4"]),
        ({"days": (0, 1)}, CELL_SETS["default"], ["degradation days 2, 3"]),
        ({"methods": ("MT", "GC")}, CELL_SETS["default"], ["methods center of mass"]),
    ],
)
def test_what_would_be_lost(result, changed, cells, lost):
    plan = make_plan(BenchmarkOptions(**EVERYTHING | changed))
    found = lost_parts(result, planned_parts(plan, cells))
    assert len(found) == len(lost)
    for text, words in zip(found, lost, strict=True):
        assert text.startswith(words)


def test_the_same_again_loses_nothing(result):
    assert lost_parts(result, parts_of(result)) == [] == result.undone


def test_problems_and_notes_are_undone(result):
    first, second, *_ = result.cells
    damaged = first.model_copy(update={"problem": "It is damaged.", "scores": []})
    partial = second.model_copy(update={"notes": ["corrected, spikes: no rows"]})
    found = result.model_copy(update={"cells": [damaged, partial]})
    assert found.undone == ["c14: It is damaged.", "c15: corrected, spikes: no rows"]


def test_tables_for_a_terminal(result):
    """Every part of the result has its table; semi-real is said in each, and the paper is not."""
    titles = [table.title for table in narrow_tables(result)]
    assert titles[0] == "11 templates (semi-real)" and "2880 spikes (semi-real)" in titles
    assert sum(title.startswith("Electrodes die") for title in titles) == 4
    assert sum(title.startswith("Parameters, spikes") for title in titles) == 1
    assert all(title.endswith("(semi-real)") for title in titles)
    cells = [cell.model_copy(update={"simulated": False}) for cell in result.cells]
    provenance = result.provenance.model_copy(update={"simulated": False})
    real = result.model_copy(update={"cells": cells, "provenance": provenance})
    assert [table.title for table in narrow_tables(real)][2] == "Beside the paper"
    mixed = result.model_copy(update={"cells": [cells[0], *result.cells[1:]]})
    assert "(10 of 11 cells semi-real)" in next(narrow_tables(mixed)).title
    (table,) = [t for t in narrow_tables(mixed) if t.title.startswith("Each cell, templates")]
    assert [row[0] for row in table.rows][:2] == ["c14", "c15 (semi-real)"]
