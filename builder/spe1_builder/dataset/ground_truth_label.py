"""``ground_truth_label`` of the metadata: what the release's electrode is worth."""

from __future__ import annotations

from typing import Self

from pydantic import ConfigDict, model_validator

from spe1_builder.cells import get_cell
from spe1_builder.label import LabelAudit, LabelRule, audit_label
from spe1_builder.models import Model
from spe1_builder.origins import Origin


def label_audit(cell_id: str, gt_channel: int, *, origin: Origin) -> LabelAudit | None:
    """The label of a cell, held to the release's coordinates.

    Parameters
    ----------
    cell_id : str
    gt_channel : int
        The electrode that the build took from its summary.
    origin : str
        A simulated soma was put in front of its electrode: there is nothing to audit. A
        semi-real one lies where the real one does.

    Examples
    --------
    >>> round(label_audit("c26", 261, origin="recorded").soma_foot_offset_um, 1)
    13.0
    """
    return None if origin == "simulated" else audit_label(get_cell(cell_id).coordinates, gt_channel)


class LabelMetadata(Model):
    """The ground-truth electrode as `spe1_builder.label.LabelAudit` has it.

    Attributes
    ----------
    place_um : float
        y of the electrode, along the probe from the tip.
    tip_distance_um : float
        The labelled place by the release's coordinates, from the tip.
    rule : str
        "tip": the channel is ``tip_distance_um / 10 - 2``; "lower": it lies below that.
    residual_channels, residual_um : float
        The channel less that rule.
    soma_foot_offset_um, soma_foot_um : float
        The recorded soma along the probe: less the label (positive towards the surface), and
        from the tip.
    soma_foot_range_um : list of float
        Lowest and highest place of it that the release's numbers allow.
    step_um : float
        Of the grid that the labelled places lie on.
    session : int
        Cells of one session share an insertion of the probe.
    """

    model_config = ConfigDict(strict=True)

    place_um: float
    tip_distance_um: float
    rule: LabelRule
    residual_channels: float
    residual_um: float
    soma_foot_offset_um: float
    soma_foot_um: float
    soma_foot_range_um: list[float]
    step_um: float
    session: int

    @classmethod
    def of(cls, cell_id: str, audit: LabelAudit) -> Self:
        """The record of an audit."""
        return cls(
            place_um=audit.y_um,
            tip_distance_um=audit.tip_distance_um,
            rule=audit.rule,
            residual_channels=audit.residual_channels,
            residual_um=audit.residual_um,
            soma_foot_offset_um=audit.soma_foot_offset_um,
            soma_foot_um=audit.soma_foot_um,
            soma_foot_range_um=list(audit.soma_foot_range_um),
            step_um=audit.step_um,
            session=get_cell(cell_id).session,
        )

    @model_validator(mode="after")
    def _range_holds_the_foot(self) -> Self:
        low_um, high_um = self.soma_foot_range_um if len(self.soma_foot_range_um) == 2 else (1, 0)
        if not low_um <= self.soma_foot_um <= high_um:
            raise ValueError("soma_foot_range_um is no range that holds soma_foot_um")
        return self


def recorded_label(cell_id: str, gt_channel: int, *, origin: Origin) -> LabelMetadata | None:
    """What the metadata of a cell say of its label; arguments as `label_audit`."""
    audit = label_audit(cell_id, gt_channel, origin=origin)
    return None if audit is None else LabelMetadata.of(cell_id, audit)
