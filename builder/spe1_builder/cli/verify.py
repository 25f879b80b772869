"""``spe1 verify``: open everything that was written and check it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from spe1_builder.cli.arguments import CELLS_HELP, GivenRoot
from spe1_builder.cli.cluster import takes_cluster
from spe1_builder.cli.cluster_screen import watched
from spe1_builder.cli.console import report, say, warn
from spe1_builder.cli.roots import require_root, settle_root
from spe1_builder.runs.clusters.spec import ClusterSpec

if TYPE_CHECKING:
    from spe1_builder.dataset.verify import VerifyReport


@takes_cluster
def verify(
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="[ROOT] [CELL]", help=f"{CELLS_HELP} Default: all present."),
    ] = None,
    root: GivenRoot = None,
    cluster: ClusterSpec | None = None,
) -> None:
    """Open everything that was written and check it; one line per finding, exit status 1 if any."""
    root, names = settle_root(names, root)
    require_root(root, "verify")
    found = _found(root, names, cluster)
    for cell in found.cells:
        for line in cell.warnings:
            warn(f"{cell.cell_id}: warning: {line}")
    for finding in found.findings:
        report(str(finding), cell=finding.cell, where=finding.where, finding=finding.what)
    if not found:
        raise typer.Exit(1)
    say(found.summary)


def _found(root: Path, names: list[str], cluster: ClusterSpec | None) -> VerifyReport:
    from spe1_builder.cells import catalogue, expand_cells
    from spe1_builder.dataset.verify import verify
    from spe1_builder.layout import RootLayout
    from spe1_builder.progress import Bars
    from spe1_builder.runs.clusters.verify import verify_in_cluster

    layout = RootLayout(root)
    present = [cell_id for cell_id in catalogue() if layout.cell(cell_id).is_dir()]
    cell_ids = expand_cells(names) if names else present
    if cluster is None or not cell_ids:
        return verify(root, names or None, progress=Bars())
    with watched(len(cell_ids)) as hear:
        return verify_in_cluster(cluster, root, cell_ids, listener=hear)
