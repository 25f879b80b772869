"""The noise of a real recording, in numbers, and what of it is planted.

Measured on the two public pieces of c26 that there are (steevelaquitaine/spikebias,
``dataset/02_figure_dataset``): 10 ms of all 384 channels, and 1 s of one channel in layer 5,
both high-passed at 300 Hz and referenced to the median. That is thin: one cell, one moment.
`tests/source/simulation/test_noise.py` holds a generated recording to what was measured.

Measured: the noise's size on single channels and its spread, its spectrum above 300 Hz, how it
is shared between neighbours, that the reference sites are quieter and hardly coupled, how often
and how far spikes of other neurons reach out of it. Invented, because what was cut out and
referenced cannot tell: what all channels have in common (``common_noise_uV``), the potential
below 50 Hz (``slow_potential_uV``), and how much a neuron's spikes vary (``amplitude_sd``).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class UnitKind:
    """What the background neurons of one kind are drawn from.

    Attributes
    ----------
    peak_to_peak_uV : callable
        Draws one.
    rate_hz : tuple of float
        Lowest and highest.
    course : tuple of tuple of float
        Lowest and highest of what makes the waveform: s.d. of the trough's falling back and
        time of the hump, ms, and the hump's height.
    reach_um : float
        None is seen beyond this distance, so that each touches few channels.
    """

    peak_to_peak_uV: Callable[[np.random.Generator], float]
    rate_hz: tuple[float, float]
    course: tuple[tuple[float, float, float], tuple[float, float, float]]
    reach_um: float


#: Noise in time, as `kernels.colour` takes it: pole of a low-pass, gain of the white noise, gain
#: of its low-passed part. Corners at 30 kHz: what is a channel's own 4.3 kHz, what neighbours
#: share 860 Hz. Literals, because the last bit of an exponential differs between processors.
OWN_COLOUR = (0.65, 1.0, 0.6)
SHARED_COLOUR = (0.835, 0.2, 0.54)
#: Gain of the two, uV.
OWN_NOISE_UV, SHARED_NOISE_UV = 4.45, 3.2
#: Distance of the nodes between which the shared noise is interpolated.
NODE_PITCH_UM = 50.0
#: S.d. of the logarithm of a channel's own noise.
OWN_SPREAD = 0.16
#: A reference site's own noise by another channel's, and how much of the common noise and of
#: the slow potential it has.
REFERENCE_OWN, REFERENCE_COMMON = 0.78, 0.55
#: After so many samples a low-passed part has forgotten what was before (1e-7 of it is left).
MEMORY_SAMPLES = 96

#: Small units beside the background neurons: their number along the probe, and ranges.
N_SMALL_UNITS = 300
#: Their peak-to-peak: the least, the exponent of its Pareto distribution, the limit.
SMALL_LEAST_UV, SMALL_EXPONENT, SMALL_LIMIT_UV = 20.0, 1.6, 250.0


def _small_peak_to_peak_uV(rng: np.random.Generator) -> float:
    """Draw one: float, uV."""
    return min(SMALL_LEAST_UV * (1.0 + rng.pareto(SMALL_EXPONENT)), SMALL_LIMIT_UV)


#: Half widths of .13 to .4 ms, .3 to .9 ms from trough to peak: as the real neurons' templates.
SMALL = UnitKind(
    peak_to_peak_uV=_small_peak_to_peak_uV,
    rate_hz=(0.5, 15.0),
    course=((0.065, 0.3, 0.2), (0.2, 0.9, 0.5)),
    reach_um=100.0,
)
