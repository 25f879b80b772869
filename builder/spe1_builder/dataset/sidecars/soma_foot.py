"""Where the patched soma was recorded, beside the sites of the quicklook."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spe1_builder.label import LabelAudit

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Left of the leftmost site, clear of its waveform.
_ASIDE_UM = 20.0


def draw_soma_foot(axes: Axes, label: LabelAudit, left_um: float, color: str) -> None:
    """A mark at the soma's foot on the probe, and a bar over the places it may have.

    Parameters
    ----------
    axes : Axes
        x and y of the probe, um.
    label : LabelAudit
    left_um : float
        x of the leftmost site.
    color : str
    """
    low_um, high_um = label.soma_foot_range_um
    foot_um = label.soma_foot_um
    axes.errorbar(
        [left_um - _ASIDE_UM],
        [foot_um],
        yerr=[[foot_um - low_um], [high_um - foot_um]],
        fmt="o",
        color=color,
        markersize=5,
        capsize=3,
        linewidth=1.2,
        label="recorded soma, its y (bar: what the label leaves open)",
    )
