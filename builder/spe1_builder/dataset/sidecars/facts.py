"""What a build has found out about a cell once its rows are written."""

from __future__ import annotations

from dataclasses import dataclass

from spe1_builder.dataset.plan.cell import CellPlan
from spe1_builder.dataset.plan.inputs import InputIdentity
from spe1_builder.dataset.rows.stream import Segments
from spe1_builder.signal.bad_channels.detect import BadChannels
from spe1_builder.signal.template import Template
from spe1_builder.source.recording.detection import Agreement


@dataclass(frozen=True, eq=False)
class CellFacts:
    """The plan of a cell and what came of it: all that sidecars and metadata are made of.

    Attributes
    ----------
    plan : CellPlan
    identity : InputIdentity
    agreement : Agreement or None
        Of the two spike sources.
    bad : BadChannels
    segments : Segments
    """

    plan: CellPlan
    identity: InputIdentity
    agreement: Agreement | None
    bad: BadChannels
    segments: Segments

    @property
    def template(self) -> Template:
        return self.segments.template

    @property
    def peak_channel(self) -> int:
        return self.segments.peak_channel
