"""The release's ground-truth label, audited from the coordinates it was made of.

Data Summary gives four places of every cell in the stereotactic frame of [MS18]: where the
probe entered, the labelled electrode ("Chan"), the soma, and how far the probe was in. They
tell how far from the tip the label was measured, and so by which rule ``chan_predicted`` was
counted; where along the probe the soma was recorded; and how coarse the label's places are.

Source: [MS18] Marques-Smith et al. 2018, doi:10.1101/370080, ``Data Summary.xlsx``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from spe1_builder.constants import COLUMN_X_UM, ROW_PITCH_UM

#: Two channels a row: what one channel is along the probe.
UM_PER_CHANNEL = ROW_PITCH_UM / 2
#: With channel = tip / 10 - 2, an electrode lies as far from the tip as its row's place says.
TIP_RULE_OFFSET_CHANNELS = 2
#: The 17 cells that follow the rule are within 0.5 of it, rounding; the other 26 are 2 to 8.8
#: channels below it.
TIP_RULE_TOLERANCE_CHANNELS = 1.0
#: Every labelled place is a whole number of hundredths of the insertion length.
STEPS_PER_INSERTION = 100

#: Coordinates have a tenth of a um; what lies below this differs by machine.
_DIGITS = 6

#: "tip": ``chan_predicted`` is the distance from the tip / 10 - 2; "lower": below that line.
LabelRule = Literal["tip", "lower"]

Place = tuple[float, float, float]


@dataclass(frozen=True)
class LabelCoordinates:
    """What Data Summary says of one cell's places, um, in the stereotactic frame.

    Attributes
    ----------
    insertion_um, electrode_um, soma_um : tuple of float
        (x, y, z) of "Probe Insert", "Chan" and "Cell".
    insertion_length_um : float
        "Probe Insert L": from where the probe entered to its tip.
    """

    insertion_um: Place
    electrode_um: Place
    soma_um: Place
    insertion_length_um: float


@dataclass(frozen=True)
class LabelAudit:
    """What the label of one cell is worth.

    Places along the probe are counted from the tip as the channel map's y is, so that they
    can be held to a localized y.

    Attributes
    ----------
    channel : int
        ``chan_predicted``, 0-based.
    x_um, y_um : float
        Of this electrode. x is what the rule leaves for it; it was never measured.
    tip_distance_um : float
        From the tip to the labelled place, by the coordinates.
    rule : str
        Which of two lines the channel follows: "tip" or "lower".
    residual_channels, residual_um : float
        The channel less the rule ``tip_distance_um / 10 - 2``; the same along the probe.
    soma_foot_offset_um : float
        The soma's foot on the probe less the labelled place; positive towards the surface.
    step_um : float
        Of the grid that the labelled places lie on.
    """

    channel: int
    x_um: float
    y_um: float
    tip_distance_um: float
    rule: LabelRule
    residual_channels: float
    residual_um: float
    soma_foot_offset_um: float
    step_um: float

    @property
    def soma_foot_um(self) -> float:
        """Where along the probe the soma was recorded, counted from the electrode as given."""
        return _rounded(self.y_um + self.soma_foot_offset_um)

    @property
    def soma_foot_range_um(self) -> tuple[float, float]:
        """Lowest and highest place of the soma's foot that the release's numbers allow.

        Half a step to each side, and, where the channel is not of the rule, from the electrode
        as given to the place that the coordinates give.
        """
        by_tip_um = self.tip_distance_um + self.soma_foot_offset_um
        low_um, high_um = sorted((self.soma_foot_um, by_tip_um))
        return _rounded(low_um - self.step_um / 2), _rounded(high_um + self.step_um / 2)


def electrode_place_um(channel: int) -> tuple[float, float]:
    """x and y of a channel by the probe's formula, as `probe.nominal_positions_um` has them.

    >>> electrode_place_um(159)
    (27.0, 1600.0)
    """
    return COLUMN_X_UM[channel % len(COLUMN_X_UM)], ROW_PITCH_UM * (channel // 2 + 1)


def audit_label(coordinates: LabelCoordinates, channel: int) -> LabelAudit:
    """Hold a label to the coordinates that it was made of.

    Parameters
    ----------
    coordinates : LabelCoordinates
    channel : int
        ``chan_predicted``, 0-based.

    Examples
    --------
    >>> from spe1_builder.cells import get_cell
    >>> audit = audit_label(get_cell("c14").coordinates, 159)
    >>> audit.rule, round(audit.tip_distance_um), round(audit.residual_channels, 1)
    ('lower', 1663, -5.3)
    """
    depth_um = math.dist(coordinates.insertion_um, coordinates.electrode_um)
    tip_distance_um = coordinates.insertion_length_um - depth_um
    residual = channel - (tip_distance_um / UM_PER_CHANNEL - TIP_RULE_OFFSET_CHANNELS)
    x_um, y_um = electrode_place_um(channel)
    return LabelAudit(
        channel=channel,
        x_um=x_um,
        y_um=y_um,
        tip_distance_um=_rounded(tip_distance_um),
        rule="tip" if abs(residual) < TIP_RULE_TOLERANCE_CHANNELS else "lower",
        residual_channels=_rounded(residual),
        residual_um=_rounded(residual * UM_PER_CHANNEL),
        soma_foot_offset_um=_rounded(depth_um - _depth_of_foot_um(coordinates, depth_um)),
        step_um=_rounded(coordinates.insertion_length_um / STEPS_PER_INSERTION),
    )


def _rounded(value: float) -> float:
    return round(value, _DIGITS) + 0.0  # no -0.0


def _depth_of_foot_um(coordinates: LabelCoordinates, depth_um: float) -> float:
    """How far along the probe, from where it entered, the soma's perpendicular meets it."""
    start_um = coordinates.insertion_um
    along = zip(start_um, coordinates.electrode_um, coordinates.soma_um, strict=True)
    return sum((chan - start) * (soma - start) for start, chan, soma in along) / depth_um
