"""A dataset root that is checked on a cluster, a cell a task."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from spe1_builder.runs.clusters.events import Listener, to_nobody
from spe1_builder.runs.clusters.run import run_in_cluster
from spe1_builder.runs.clusters.spec import ClusterSpec
from spe1_builder.runs.loop import Failure
from spe1_builder.runs.tasks import VerifyTask

if TYPE_CHECKING:
    from distributed import Client

    from spe1_builder.dataset.verify import VerifyReport


def verify_in_cluster(
    cluster: ClusterSpec | Client,
    root: Path,
    cell_ids: Sequence[str],
    *,
    listener: Listener = to_nobody,
) -> VerifyReport:
    """Check cells of a dataset root, as `verify` does, on the workers of a cluster.

    Parameters
    ----------
    cluster : ClusterSpec or distributed.Client
    root : Path
    cell_ids : sequence of str
        At least one: card and shared files are checked along with it.
    listener : callable, optional
        Told of every event.

    Returns
    -------
    VerifyReport
        A cell that could not be checked is a finding.

    Raises
    ------
    Spe1Error
        As `run_in_cluster` raises.
    """
    from spe1_builder.dataset.verify import Finding, VerifiedCell, VerifyReport

    outcomes = {
        outcome.cell_id: outcome
        for outcome in run_in_cluster(
            cluster, cell_ids, VerifyTask(root), "verify", listener=listener
        )
    }
    reports = []
    for cell_id in cell_ids:
        outcome = outcomes[cell_id]
        if isinstance(outcome, Failure):
            unchecked = Finding(cell_id, f"the cell could not be checked: {outcome.cause}")
            reports.append(VerifyReport(root, (VerifiedCell(cell_id, None),), (unchecked,)))
        else:
            reports.append(outcome.result)
    # What is wrong beside the cells is found with each of them.
    findings = dict.fromkeys(finding for report in reports for finding in report.findings)
    cells = tuple(cell for report in reports for cell in report.cells)
    return VerifyReport(root, cells, tuple(findings))
