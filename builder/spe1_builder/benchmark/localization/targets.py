"""The places along the probe that a cell's estimates are held to."""

from __future__ import annotations

from spe1_builder.benchmark.common.inputs import CellInput
from spe1_builder.benchmark.localization.schema_label import CellLabel
from spe1_builder.dataset.ground_truth_label import label_audit


def label_of(cell: CellInput) -> CellLabel | None:
    """The three targets of a cell.

    Returns
    -------
    CellLabel or None
        None where the label has no such limits: a simulated soma was put in front of its
        electrode. Of a cell whose metadata lack the audit (the public conversion's, or of
        before data 1.3.0) it is the catalogue's.
    """
    recorded = None if cell.metadata is None else cell.metadata.ground_truth_label
    if recorded is not None:
        return CellLabel(
            as_given_um=recorded.place_um,
            by_one_rule_um=recorded.tip_distance_um,
            soma_foot_um=recorded.soma_foot_um,
        )
    audit = label_audit(cell.cell_id, cell.gt_channel, origin=cell.origin or "recorded")
    if audit is None:
        return None
    return CellLabel(
        as_given_um=audit.y_um,
        by_one_rule_um=audit.tip_distance_um,
        soma_foot_um=audit.soma_foot_um,
    )
