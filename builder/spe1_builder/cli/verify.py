"""``spe1 verify``: open everything that was written and check it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer

from spe1_builder.cli.arguments import CELLS_HELP, GivenRoot
from spe1_builder.cli.console import plural, report, say, warn
from spe1_builder.cli.roots import require_root, settle_root
from spe1_builder.errors import Spe1Error
from spe1_builder.layout import METADATA_NAME, RootLayout


def verify(
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="[ROOT] [CELL]", help=f"{CELLS_HELP} Default: all present."),
    ] = None,
    root: GivenRoot = None,
) -> None:
    """Open everything that was written and check it; one line per finding, exit status 1 if any."""
    from spe1_builder.cells import expand_cells
    from spe1_builder.dataset.metadata import ConversionMetadata, read_model
    from spe1_builder.dataset.verify import verify_root
    from spe1_builder.progress import Bars

    root, names = settle_root(names, root)
    require_root(root, "verify")
    layout = RootLayout(root)
    cell_ids = expand_cells(names) if names else layout.built_cells()
    findings = verify_root(root, cell_ids if names else None, progress=Bars())
    _tell_warnings(layout, cell_ids)
    for finding in findings:
        report(f"{finding.where}: {finding.what}", where=str(finding.where), finding=finding.what)
    if findings:
        raise typer.Exit(1)
    found = [read_model(layout.cell(name) / METADATA_NAME, ConversionMetadata) for name in cell_ids]
    n_rows = sum(split.rows for metadata in found for split in metadata.splits.values())
    counts = f"{plural(len(found), 'cell')}, {plural(n_rows, 'row')}"
    say(f"{root}: {counts} checked, no finding")


def _tell_warnings(layout: RootLayout, cell_ids: Sequence[str]) -> None:
    """What was measured when the cells were built, and speaks against them."""
    from spe1_builder.dataset.metadata import ConversionMetadata, read_model
    from spe1_builder.dataset.warnings import warnings_of

    for cell_id in cell_ids:
        try:
            metadata = read_model(layout.cell(cell_id) / METADATA_NAME, ConversionMetadata)
        except Spe1Error:
            continue  # a finding already
        for line in warnings_of(metadata):
            warn(f"{cell_id}: warning: {line}")
