"""What a run would take from an earlier result."""

from __future__ import annotations

from collections.abc import Sequence

from spe1_builder.benchmark.localization.contestants import CONTROLS
from spe1_builder.benchmark.localization.plan import Plan
from spe1_builder.benchmark.localization.schema import LocalizationBenchmark

#: Parts of a result by name: what a plan will have, or a result has.
Parts = dict[str, frozenset[str]]


def planned_parts(plan: Plan, cell_ids: Sequence[str]) -> Parts:
    """The parts that a run will have if all goes well."""
    return {
        "cells": frozenset(cell_ids),
        "methods": frozenset(plan.methods),
        "levels": frozenset(plan.levels),
        "modes": frozenset(plan.modes),
        "degradation days": _counted(plan.days),
        "degradation seeds": _counted(plan.seeds if plan.days else ()),
        "degradation cells": frozenset(cell_ids if plan.days else ()),
        "grid search days": _counted(plan.grid_days),
        "grid search cells": frozenset(cell_ids if plan.grid_days else ()),
    }


def parts_of(result: LocalizationBenchmark) -> Parts:
    """The parts that a result has."""
    scored = [cell for cell in result.cells if cell.problem is None]
    scores = [score for cell in scored for score in cell.scores]
    curves, grid = result.degradation, result.grid_search
    return {
        "cells": frozenset(cell.cell_id for cell in scored),
        "methods": frozenset({score.method for score in scores} - set(CONTROLS)),
        "levels": frozenset(score.level for score in scores),
        "modes": frozenset(score.mode for score in scores),
        "degradation days": _counted(curves.days if curves else ()),
        "degradation seeds": _counted(curves.seeds if curves else ()),
        "degradation cells": frozenset(curves.cells if curves else ()),
        "grid search days": _counted(grid.days if grid else ()),
        "grid search cells": frozenset(grid.cells if grid else ()),
    }


def lost_parts(there: LocalizationBenchmark, to_come: Parts) -> list[str]:
    """What an earlier result has and another one will not, in words."""
    lost = []
    for name, values in parts_of(there).items():
        missing = sorted(values - to_come[name], key=_by_number)
        whole = name.partition(" ")[0]
        if missing and not to_come[name] and name != "cells":
            words = "grid search" if whole == "grid" else whole
            if words not in lost:
                lost.append(words)
        elif missing:
            lost.append(f"{name} {', '.join(text.replace('_', ' ') for text in missing)}")
    return lost


def _counted(values: Sequence[int]) -> frozenset[str]:
    return frozenset(str(value) for value in values)


def _by_number(text: str) -> tuple[int, str]:
    digits = "".join(character for character in text if character.isdigit())
    return int(digits or 0), text
