"""What every channel of a simulated recording carries besides spikes: noise, slow potential."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spe1_builder.constants import GAIN_UV_PER_BIT, N_CHANNELS, REFERENCE_CHANNELS
from spe1_builder.probe import nominal_positions_um
from spe1_builder.source.simulation import measured
from spe1_builder.source.simulation.options import SimulationOptions

#: Components of the slow potential, and the range of their frequencies.
N_SLOW_COMPONENTS = 24
SLOW_BAND_HZ = (0.5, 45.0)
#: Distance of the depth nodes between which the local noise is interpolated.
NODE_PITCH_UM = 60.0
#: S.d. of the channels' gain for the common noise, and of their own noise.
GAIN_SPREAD, NOISE_SPREAD = 0.03, 0.05
#: Largest constant offset of a channel, counts.
MAX_OFFSET_COUNTS = 5
#: S.d. of a reference site's noise: less than one count.
REFERENCE_NOISE_UV = 1.5


@dataclass(frozen=True, eq=False)
class Background:
    """What every channel carries besides spikes; arrays as `kernels.mix_noise` takes them.

    Attributes
    ----------
    left_node, left, right : np.ndarray
        (N_CHANNELS,): interpolation of the local noise between depth nodes, uV.
    common_gain, own, offset : np.ndarray
        float32 (N_CHANNELS,): gain of the common noise, s.d. of the channel's
        own noise in uV, constant offset in uV.
    frequencies_hz : np.ndarray
        float64 (N_SLOW_COMPONENTS,).
    in_phase, quadrature : np.ndarray
        float32 (N_SLOW_COMPONENTS, N_CHANNELS), uV.
    common_noise_uV : float
    is_coloured : bool
        Whether own and local noise are coloured in time, as measured.
    """

    left_node: np.ndarray
    left: np.ndarray
    right: np.ndarray
    common_gain: np.ndarray
    own: np.ndarray
    offset: np.ndarray
    frequencies_hz: np.ndarray
    in_phase: np.ndarray
    quadrature: np.ndarray
    common_noise_uV: float
    is_coloured: bool

    @property
    def n_nodes(self) -> int:
        return int(self.left_node[-1]) + 2


def make_background(options: SimulationOptions, rng: np.random.Generator) -> Background:
    """Draw the constants of the channels and of the slow potential."""
    y_um = nominal_positions_um()[:, 1].astype(np.float64)
    is_measured = options.noise == "measured"
    pitch_um = measured.NODE_PITCH_UM if is_measured else NODE_PITCH_UM
    left_node, fraction = np.divmod(y_um / pitch_um, 1.0)
    # Two independent nodes, weighted so that the variance is the same between them.
    local_uV = measured.SHARED_NOISE_UV if is_measured else options.local_noise_uV
    scale = local_uV * _at_references(0.0) / np.hypot(1.0 - fraction, fraction)
    spread = rng.standard_normal(N_CHANNELS)
    if is_measured:
        own = measured.OWN_NOISE_UV * np.exp(measured.OWN_SPREAD * spread)
        own *= _at_references(measured.REFERENCE_OWN)
        coupling = _at_references(measured.REFERENCE_COMMON)
    else:
        own = options.independent_noise_uV * (1.0 + NOISE_SPREAD * spread)
        own[list(REFERENCE_CHANNELS)] = REFERENCE_NOISE_UV
        coupling = _at_references(0.0)
    common_gain = 1.0 + GAIN_SPREAD * rng.standard_normal(N_CHANNELS)
    offset = rng.integers(-MAX_OFFSET_COUNTS, MAX_OFFSET_COUNTS, size=N_CHANNELS, endpoint=True)
    frequencies_hz, amplitude_uV, phase = _slow_components(y_um, options.slow_potential_uV, rng)
    return Background(
        left_node=left_node.astype(np.int64),
        left=(scale * (1.0 - fraction)).astype(np.float32),
        right=(scale * fraction).astype(np.float32),
        common_gain=(common_gain * coupling).astype(np.float32),
        own=own.astype(np.float32),
        offset=(offset * GAIN_UV_PER_BIT).astype(np.float32),
        frequencies_hz=frequencies_hz,
        in_phase=(coupling * amplitude_uV * np.cos(phase)).astype(np.float32),
        quadrature=(coupling * amplitude_uV * np.sin(phase)).astype(np.float32),
        common_noise_uV=options.common_noise_uV,
        is_coloured=is_measured,
    )


def _at_references(value: float) -> np.ndarray:
    """One on every channel, ``value`` on the reference sites: float64 (N_CHANNELS,)."""
    factor = np.ones(N_CHANNELS)
    factor[list(REFERENCE_CHANNELS)] = value
    return factor


def _slow_components(
    y_um: np.ndarray, sd_uV: float, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Sinusoids whose amplitude and phase drift slowly along the probe.

    Returns
    -------
    frequencies_hz : np.ndarray
        (n,), spread evenly in logarithm.
    amplitude_uV, phase : np.ndarray
        (n, N_CHANNELS).
    """
    n = N_SLOW_COMPONENTS
    low_hz, high_hz = SLOW_BAND_HZ
    frequencies_hz = low_hz * (high_hz / low_hz) ** rng.random(n)
    strength = frequencies_hz**-0.5
    strength *= sd_uV / np.sqrt((strength**2).sum() / 2)
    start, wave = rng.uniform(0, 2 * np.pi, (2, n, 1))
    length_um = rng.uniform(4000.0, 12000.0, (2, n, 1))
    amplitude_uV = strength[:, None] * (1 + 0.4 * np.cos(wave + 2 * np.pi * y_um / length_um[0]))
    return frequencies_hz, amplitude_uV, start + 2 * np.pi * y_um / length_um[1]
