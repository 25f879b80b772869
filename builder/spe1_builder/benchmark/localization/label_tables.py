"""Tables of what needs no label, and of what the label decides; for page, Markdown and terminal."""

from __future__ import annotations

from collections.abc import Iterator

from spe1_builder.benchmark.common.tables import Table, um
from spe1_builder.benchmark.localization.contestants import contestant
from spe1_builder.benchmark.localization.schema import LocalizationBenchmark
from spe1_builder.benchmark.localization.schema_parts import Apart
from spe1_builder.benchmark.localization.words import LEVELS

_APART = ("|dy|", "2-D", "|dx|", "lacking")


def label_tables(result: LocalizationBenchmark, mark: str) -> Iterator[Table]:
    """Those that the result has numbers for; ``mark`` says what is simulated."""
    if result.precision is not None:
        if result.precision.methods:
            yield _halves(result, mark)
        yield from _agreement(result, mark)


def _apart(part: Apart) -> tuple[str, ...]:
    return (
        um(part.median_abs_dy_um),
        um(part.median_distance_um),
        um(part.median_abs_dx_um),
        str(part.n_lacking),
    )


def _halves(result: LocalizationBenchmark, mark: str) -> Table:
    assert result.precision is not None
    rows = tuple(
        (contestant(one.method).label, str(one.n_cells), *_apart(one.apart))
        for one in result.precision.methods
    )
    return Table(
        f"Halves of the spikes, templates, um{mark}",
        ("method", "cells", *_APART),
        rows,
        "Precision, which needs no label: how far apart the templates of two random halves of a "
        f"cell's spikes are located, median of {result.precision.n_splits} splits and of cells. "
        "By noise alone the template of all spikes is half of it off. It does not see a bias.",
    )


def _agreement(result: LocalizationBenchmark, mark: str) -> Iterator[Table]:
    assert result.precision is not None
    for level in LEVELS:
        rows = tuple(
            (
                " - ".join(contestant(name).short for name in one.methods),
                str(one.apart.n - one.apart.n_lacking),
                *_apart(one.apart),
            )
            for one in result.precision.agreement
            if (one.mode, one.level) == ("corrected", level)
        )
        if rows:
            what = "templates" if level == "templates" else "each cell's median over spikes"
            yield Table(
                f"Agreement between methods, {what}, um{mark}",
                ("methods", "cells", *_APART),
                rows,
                "Which needs no label: medians over cells of the distance between two methods' "
                "places. Methods that agree may be biased alike.",
                words=frozenset({"methods"}),
            )
