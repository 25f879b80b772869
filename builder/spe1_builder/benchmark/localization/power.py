"""How many cells tell two methods apart, when the label itself is off.

Both methods are held to the same labels, so that the label's error is in both of their errors
and the comparison is paired: of every cell the difference between the two |dy|, and over
cells a t test of its mean. All errors are taken as normal and independent. The label's error
does not cancel, because |dy| folds it: where it is large, a method of 20 um is hardly further
from it than one of 5 um.
"""

from __future__ import annotations

import math
from statistics import NormalDist

from spe1_builder.benchmark.localization.schema_label import Power
from spe1_builder.errors import OptionError

#: The label's step and its soma's distance from it are about this (docs/schema.md); as s.d.,
#: and as the s.d. of which it is the median.
LABEL_ERROR_UM = 40.0
#: Two methods that differ as much as good ones and poor ones do, s.d. along the probe, um.
BETTER_UM, WORSE_UM = 5.0, 20.0
SIGNIFICANCE, POWER = 0.05, 0.8


def cells_needed(
    label_sd_um: float,
    better_sd_um: float,
    worse_sd_um: float,
    *,
    significance: float = SIGNIFICANCE,
    power: float = POWER,
) -> int:
    """Cells that show which of two methods is nearer to its target.

    Parameters
    ----------
    label_sd_um : float
        Error of the label along the probe, s.d.
    better_sd_um, worse_sd_um : float
        Errors of the methods themselves, s.d.
    significance : float
        Of the two-sided paired t test, in its normal approximation.
    power : float
        Probability that the test shows the difference.

    Raises
    ------
    OptionError
        The errors do not ascend from 0, or a probability is not between 0 and 1.

    Examples
    --------
    >>> cells_needed(40.0, 5.0, 20.0)
    210
    >>> cells_needed(10.0, 5.0, 20.0)
    20
    """
    if not (0.0 <= better_sd_um < worse_sd_um < math.inf and 0.0 <= label_sd_um < math.inf):
        raise OptionError(
            "These errors cannot be told apart.",
            where="better_sd_um, worse_sd_um, label_sd_um",
            expected="0 <= better_sd_um < worse_sd_um, and label_sd_um 0 or more",
            got=f"{better_sd_um}, {worse_sd_um}, {label_sd_um}",
            do="give s.d. in um",
        )
    if not (0.0 < significance < 1.0 and 0.0 < power < 1.0):
        raise OptionError(
            "A probability is not between 0 and 1.",
            where="significance, power",
            got=f"{significance}, {power}",
            do="give shares, such as 0.05 and 0.8",
        )
    first_um, second_um = (math.hypot(label_sd_um, sd) for sd in (better_sd_um, worse_sd_um))
    difference_um = math.sqrt(2.0 / math.pi) * (second_um - first_um)
    # Of two normal values with this correlation, E|xy| is known in closed form.
    correlation = min(label_sd_um**2 / (first_um * second_um), 1.0) if first_um else 0.0
    folded = math.sqrt(1.0 - correlation**2) + correlation * math.asin(correlation)
    product_um2 = 2.0 / math.pi * first_um * second_um * folded
    square_um2 = first_um**2 + second_um**2 - 2.0 * product_um2
    variance_um2 = square_um2 - difference_um**2
    normal = NormalDist()
    reach = normal.inv_cdf(1.0 - significance / 2.0) + normal.inv_cdf(power)
    return math.ceil(reach**2 * variance_um2 / difference_um**2)


def power_lines() -> list[Power]:
    """What a result tells of it: with the label's error as s.d., and as median."""
    of_median = LABEL_ERROR_UM / NormalDist().inv_cdf(0.75)
    return [
        Power(
            label_sd_um=label_sd_um,
            better_sd_um=BETTER_UM,
            worse_sd_um=WORSE_UM,
            significance=SIGNIFICANCE,
            power=POWER,
            n_cells=cells_needed(label_sd_um, BETTER_UM, WORSE_UM),
        )
        for label_sd_um in (LABEL_ERROR_UM, of_median)
    ]
