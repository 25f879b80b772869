"""``spe1 info``: one cell on one page."""

from __future__ import annotations

from typing import Any

from spe1_builder.cli.arguments import Cells, MaybeRoot
from spe1_builder.cli.console import console_width, report, say, warn
from spe1_builder.cli.roots import DEFAULT_ROOT, require_root


def info(names: Cells, root: MaybeRoot = None) -> None:
    """Show what a cell is, what was built of it, and what to do next."""
    from spe1_builder.cells import expand_cells
    from spe1_builder.reading.info import WIDTH, info

    if root is not None:
        require_root(root, "info")
    place = root or (DEFAULT_ROOT if DEFAULT_ROOT.is_dir() else None)
    width = min(WIDTH, console_width(WIDTH))
    for i, cell_id in enumerate(expand_cells(names)):
        found = info(cell_id, place)
        if i:
            say("")
        fields: dict[str, Any] = found.model_dump(mode="json", exclude={"cell_id"})
        report(
            found.text(width),
            cell=cell_id,
            simulated=found.is_simulated,
            origin=found.origin,
            **fields,
        )
        for problem in found.problems:
            warn(f"{cell_id}: damaged: {problem}")
