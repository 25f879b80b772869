"""Tables of what needs no label, and of what the label decides; for page, Markdown and terminal."""

from __future__ import annotations

import math
from collections.abc import Iterator

from spe1_builder.benchmark.common.tables import NOTHING, Table, um
from spe1_builder.benchmark.localization.contestants import contestant
from spe1_builder.benchmark.localization.schema import LocalizationBenchmark
from spe1_builder.benchmark.localization.schema_label import Apart, MethodAlignment
from spe1_builder.benchmark.localization.words import LEVELS

#: Places nearer than this are shown as one.
_SAME_UM = 0.05
_APART = ("|dy|", "2-D", "|dx|", "lacking")


def label_tables(result: LocalizationBenchmark, mark: str) -> Iterator[Table]:
    """Those that the result has numbers for; ``mark`` says what is simulated."""
    if result.label_scores is not None:
        yield _targets(result, mark)
    yield from _alignment(result, mark)
    if result.precision is not None:
        if result.precision.methods:
            yield _halves(result, mark)
        yield from _agreement(result, mark)


def _targets(result: LocalizationBenchmark, mark: str) -> Table:
    assert result.label_scores is not None
    tolerance_um = result.parameters.tolerance_um
    rows = []
    for one in result.label_scores.targets:
        if one.mode == "corrected":
            chance = one.random_column
            rows.append(
                (
                    one.target,
                    contestant(one.method).short,
                    str(one.n),
                    um(one.median_abs_dy_um),
                    str(one.n_within_dy),
                    um(one.median_error_um),
                    str(one.n_within),
                    f"{chance.expected:.2f} ({chance.low}-{chance.high})",
                    f"{chance.at_least:.2f}",
                )
            )
    return Table(
        f"Templates under each target, um and cells{mark}",
        ("target", "method", "cells", "|dy|", "in depth", "2-D", "hits", "random column", "p"),
        tuple(rows),
        f"In depth, hits: cells within {tolerance_um:g} um along the probe, and in both "
        "dimensions. Random column: hits expected if the target stood in any of the four columns, "
        "with their 95 % range; p: probability of as many as there are. By one rule: y is the "
        "label's distance from the tip; soma foot: where the soma's perpendicular meets the "
        f"probe.{_power(result)}",
        words=frozenset({"target", "method"}),
    )


def _alignment(result: LocalizationBenchmark, mark: str) -> Iterator[Table]:
    """Where it makes a difference what a template's window stands around."""
    targets_um = {cell.cell_id: cell.target_um for cell in result.cells}
    rows = []
    for cell in result.alignment or ():
        target_um = targets_um[cell.cell_id]
        for one in cell.methods:
            if target_um is not None and _differ(one):
                offsets = (_offset(one.patch_um, target_um), _offset(one.trough_um, target_um))
                name, method = cell.cell_id, contestant(one.method).short
                rows.append((name, f"{cell.trough_ms:+.2f}", method, *offsets))
    if rows:
        yield Table(
            f"Templates around the patch spike, and around their trough{mark}",
            ("cell", "trough, ms", "method", "dx, dy at spike", "dx, dy at trough"),
            tuple(rows),
            "Estimate less electrode, um, where the two differ; trough: from the patch spike on. "
            f"This run: around the {_AROUND[result.parameters.align]} (--align).",
        )


_AROUND = {"patch": "patch spike", "trough": "trough"}


def _differ(one: MethodAlignment) -> bool:
    if one.patch_um is None or one.trough_um is None:
        return one.patch_um is not one.trough_um
    return math.dist(one.patch_um, one.trough_um) > _SAME_UM


def _offset(place_um: tuple[float, float] | None, target_um: tuple[float, float]) -> str:
    if place_um is None:
        return NOTHING
    return f"{place_um[0] - target_um[0]:+.1f}, {place_um[1] - target_um[1]:+.1f}"


def _power(result: LocalizationBenchmark) -> str:
    """How many cells would decide, in a sentence; of a label that has limits."""
    assert result.label_scores is not None
    if not has_uncertain_label(result):
        return ""
    lines = result.label_scores.power
    counts = " or ".join(
        f"{one.n_cells} (label {one.label_sd_um:.0f} um off, s.d.)" for one in lines
    )
    first = lines[0]
    return (
        f" To tell a method of {first.better_sd_um:g} um from one of {first.worse_sd_um:g} um by "
        f"|dy| takes {counts} cells: paired t test, {100 * first.significance:g} %, power "
        f"{100 * first.power:g} %."
    )


def has_uncertain_label(result: LocalizationBenchmark) -> bool:
    """Whether a cell's target is the release's label, and not a place that was planted."""
    return any(cell.label is not None for cell in result.cells)


def caution(result: LocalizationBenchmark) -> str:
    """A sentence that stands beside 2-D errors where x was never measured."""
    if not has_uncertain_label(result):
        return ""
    return (
        " |dy| first: x of the label was never measured, so that 2-D and |dx| hold estimates to a "
        "column by chance."
    )


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
