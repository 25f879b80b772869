"""``spe1 verify``: open everything that was written and check it."""

from __future__ import annotations

from typing import Annotated

import typer

from spe1_builder.cli.arguments import CELLS_HELP, GivenRoot
from spe1_builder.cli.console import report, say, warn
from spe1_builder.cli.roots import require_root, settle_root


def verify(
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="[ROOT] [CELL]", help=f"{CELLS_HELP} Default: all present."),
    ] = None,
    root: GivenRoot = None,
) -> None:
    """Open everything that was written and check it; one line per finding, exit status 1 if any."""
    from spe1_builder.dataset.verify import verify
    from spe1_builder.progress import Bars

    root, names = settle_root(names, root)
    require_root(root, "verify")
    found = verify(root, names or None, progress=Bars())
    for cell in found.cells:
        for line in cell.warnings:
            warn(f"{cell.cell_id}: warning: {line}")
    for finding in found.findings:
        report(str(finding), cell=finding.cell, where=finding.where, finding=finding.what)
    if not found:
        raise typer.Exit(1)
    say(found.summary)
