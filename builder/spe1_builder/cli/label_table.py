"""The table of ``spe1 cells --label``."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from spe1_builder.cells import Cell, catalogue
from spe1_builder.cli.console import (
    Column,
    console_width,
    fit_columns,
    print_columns,
    say,
    this_screen,
)


def show_labels() -> None:
    """Print what the ground-truth label of each cell is worth, by the release's coordinates."""
    cells = list(catalogue().values())
    this_screen().results.extend(_fields(cell) for cell in cells)
    width = console_width()
    print_columns(fit_columns(_columns(cells), width), width)
    n_lower = sum(cell.label.rule == "lower" for cell in cells)
    say(
        "\ntip: the labelled place by its coordinates, µm from the tip. Site = tip/10 - 2 in "
        f"{len(cells) - n_lower} cells, {n_lower} lie lower (off).\nfoot: the recorded soma "
        "along the probe less the label, + towards the surface. step: grid of the labels."
    )


def _fields(cell: Cell) -> dict[str, Any]:
    """A cell as ``--json`` has it."""
    audit = cell.label
    low_um, high_um = audit.soma_foot_range_um
    return {
        "cell": cell.cell_id,
        "session": cell.session,
        **asdict(audit),
        "soma_foot_um": audit.soma_foot_um,
        "soma_foot_range_um": [low_um, high_um],
        "distance_um": cell.distance_um,
    }


def _columns(cells: list[Cell]) -> list[Column]:
    audits = [cell.label for cell in cells]
    return [
        Column("cell", [cell.cell_id for cell in cells], is_left=True),
        Column("session", [str(cell.session) for cell in cells], rank=2),
        Column("site", [str(audit.channel) for audit in audits]),
        Column("y", [f"{audit.y_um:.0f}" for audit in audits], rank=1),
        Column("tip", [f"{audit.tip_distance_um:.1f}" for audit in audits]),
        Column("rule", [audit.rule for audit in audits], is_left=True, rank=1),
        Column("off", [f"{audit.residual_channels:+.1f}" for audit in audits]),
        Column("off, µm", [f"{audit.residual_um:+.0f}" for audit in audits], rank=3),
        Column("foot, µm", [f"{audit.soma_foot_offset_um:+.1f}" for audit in audits]),
        Column("step, µm", [f"{audit.step_um:.1f}" for audit in audits]),
        Column("dist, µm", [f"{cell.distance_um:.0f}" for cell in cells], rank=4),
    ]
