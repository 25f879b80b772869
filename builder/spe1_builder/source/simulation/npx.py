"""The simulated Neuropixels stream: noise, slow potential, spikes, in int16 counts.

Each chunk depends only on the options and its own index, so that chunks may be
made in any order by any number of threads, and memory does not grow with the
recording.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from spe1_builder.constants import GAIN_UV_PER_BIT, N_CHANNELS, NPX_RATE_HZ, REFERENCE_CHANNELS
from spe1_builder.probe import nominal_positions_um
from spe1_builder.source.simulation.neurons import (
    OVERSAMPLING,
    TEMPLATE_AFTER,
    TEMPLATE_BEFORE,
    Neurons,
)
from spe1_builder.source.simulation.options import SimulationOptions

#: A fifth of a second: 15 MB of work a thread, which stays in the cache.
CHUNK_SAMPLES = 6000
#: The slow potential is exact this often and linear between (below 0.02 uV off);
#: a divisor of `CHUNK_SAMPLES`.
SLOW_STEP_SAMPLES = 16
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

    @property
    def n_nodes(self) -> int:
        return int(self.left_node[-1]) + 2


def make_background(options: SimulationOptions, rng: np.random.Generator) -> Background:
    """Draw the constants of the channels and of the slow potential."""
    y_um = nominal_positions_um()[:, 1].astype(np.float64)
    is_alive = np.ones(N_CHANNELS)
    is_alive[list(REFERENCE_CHANNELS)] = 0.0
    left_node, fraction = np.divmod(y_um / NODE_PITCH_UM, 1.0)
    # Two independent nodes, weighted so that the variance is the same between them.
    scale = options.local_noise_uV * is_alive / np.hypot(1.0 - fraction, fraction)
    own = options.independent_noise_uV * (1.0 + NOISE_SPREAD * rng.standard_normal(N_CHANNELS))
    common_gain = 1.0 + GAIN_SPREAD * rng.standard_normal(N_CHANNELS)
    offset = rng.integers(-MAX_OFFSET_COUNTS, MAX_OFFSET_COUNTS, size=N_CHANNELS, endpoint=True)
    frequencies_hz, amplitude_uV, phase = _slow_components(y_um, options.slow_potential_uV, rng)
    return Background(
        left_node=left_node.astype(np.int64),
        left=(scale * (1.0 - fraction)).astype(np.float32),
        right=(scale * fraction).astype(np.float32),
        common_gain=(common_gain * is_alive).astype(np.float32),
        own=np.where(is_alive, own, REFERENCE_NOISE_UV).astype(np.float32),
        offset=(offset * GAIN_UV_PER_BIT).astype(np.float32),
        frequencies_hz=frequencies_hz,
        in_phase=(is_alive * amplitude_uV * np.cos(phase)).astype(np.float32),
        quadrature=(is_alive * amplitude_uV * np.sin(phase)).astype(np.float32),
        common_noise_uV=options.common_noise_uV,
    )


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


def write_npx_stream(
    path: Path,
    neurons: Neurons,
    background: Background,
    n_npx: int,
    seeds: np.random.SeedSequence,
    n_threads: int,
) -> Iterator[int]:
    """Write the recording chunk by chunk; yields the bytes of each one done.

    Parameters
    ----------
    path : Path
        Written whole: int16 (n_npx, N_CHANNELS).
    seeds : np.random.SeedSequence
        Chunk k draws from its child k.
    n_threads : int
        Decides the speed, not the bytes.
    """
    with path.open("wb") as file:
        file.truncate(n_npx * N_CHANNELS * 2)

    def work(index: int) -> int:
        start = index * CHUNK_SAMPLES
        stop = min(start + CHUNK_SAMPLES, n_npx)
        key = (*seeds.spawn_key, index)
        rng = np.random.Generator(
            np.random.SFC64(np.random.SeedSequence(seeds.entropy, spawn_key=key))
        )
        counts = make_chunk(neurons, background, start, stop, rng)
        with path.open("r+b") as file:
            file.seek(start * N_CHANNELS * 2)
            file.write(counts.data)
        return counts.nbytes

    with ThreadPoolExecutor(n_threads) as pool:
        yield from pool.map(work, range(-(-n_npx // CHUNK_SAMPLES)))


def make_chunk(
    neurons: Neurons, background: Background, start: int, stop: int, rng: np.random.Generator
) -> np.ndarray:
    """Samples [start, stop) of the recording: int16 (stop - start, N_CHANNELS), counts.

    ``start`` is a multiple of `CHUNK_SAMPLES`; ``rng`` is the chunk's own.
    """
    from spe1_builder.source.simulation import kernels

    n = stop - start
    instants = start + SLOW_STEP_SAMPLES * np.arange(n // SLOW_STEP_SAMPLES + 2)
    angles = (2 * np.pi / NPX_RATE_HZ) * np.outer(instants, background.frequencies_hz)
    slow = np.empty((len(instants), N_CHANNELS), np.float32)
    kernels.slow_potential(
        np.cos(angles).astype(np.float32),
        np.sin(angles).astype(np.float32),
        background.in_phase,
        background.quadrature,
        slow,
    )
    samples = rng.standard_normal((n, N_CHANNELS), dtype=np.float32)
    kernels.mix_noise(
        samples,
        np.float32(background.common_noise_uV) * rng.standard_normal(n, dtype=np.float32),
        rng.standard_normal((n, background.n_nodes), dtype=np.float32),
        slow,
        SLOW_STEP_SAMPLES,
        background.left_node,
        background.left,
        background.right,
        background.common_gain,
        background.own,
        background.offset,
    )
    _add_spikes(samples, neurons, start, stop)
    counts = np.empty((n, N_CHANNELS), np.int16)
    kernels.to_counts(samples, GAIN_UV_PER_BIT, counts)
    return counts


def _add_spikes(samples: np.ndarray, neurons: Neurons, start: int, stop: int) -> None:
    """Add every spike whose template reaches into [start, stop)."""
    from spe1_builder.source.simulation import kernels

    bounds = (start - TEMPLATE_AFTER, stop + TEMPLATE_BEFORE)
    first, last = np.searchsorted(neurons.times, bounds)
    has_footprint = neurons.footprints_uV > 0
    kernels.add_spikes(
        samples,
        start,
        neurons.times[first:last],
        neurons.units[first:last],
        neurons.amplitudes[first:last],
        neurons.bank,
        OVERSAMPLING,
        TEMPLATE_BEFORE,
        neurons.footprints_uV,
        has_footprint.argmax(axis=1),
        N_CHANNELS - has_footprint[:, ::-1].argmax(axis=1),
    )
