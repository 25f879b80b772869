"""The simulated Neuropixels stream: noise, slow potential, spikes, in int16 counts.

Each chunk depends only on the options and its own index, so that chunks may be
made in any order by any number of threads, and memory does not grow with the
recording.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from spe1_builder.constants import GAIN_UV_PER_BIT, N_CHANNELS, NPX_RATE_HZ
from spe1_builder.source.simulation import measured
from spe1_builder.source.simulation.background import Background
from spe1_builder.source.simulation.neurons import (
    OVERSAMPLING,
    TEMPLATE_AFTER,
    TEMPLATE_BEFORE,
    Neurons,
)

#: A fifth of a second: 15 MB of work a thread, which stays in the cache.
CHUNK_SAMPLES = 6000
#: The slow potential is exact this often and linear between (below 0.02 uV off);
#: a divisor of `CHUNK_SAMPLES`.
SLOW_STEP_SAMPLES = 16
#: In the key of a chunk's last samples.
_ENDINGS = 1


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
        counts = make_chunk(neurons, background, start, stop, seeds)
        with path.open("r+b") as file:
            file.seek(start * N_CHANNELS * 2)
            file.write(counts.data)
        return counts.nbytes

    with ThreadPoolExecutor(n_threads) as pool:
        yield from pool.map(work, range(-(-n_npx // CHUNK_SAMPLES)))


def make_chunk(
    neurons: Neurons, background: Background, start: int, stop: int, seeds: np.random.SeedSequence
) -> np.ndarray:
    """Samples [start, stop) of the recording: int16 (stop - start, N_CHANNELS), counts.

    ``start`` is a multiple of `CHUNK_SAMPLES`; ``seeds`` as `write_npx_stream` takes them.
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
    samples, common, local = _draw_noise(background, start // CHUNK_SAMPLES, n, seeds)
    kernels.mix_noise(
        samples,
        np.float32(background.common_noise_uV) * common,
        local,
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


def _draw_noise(
    background: Background, index: int, n: int, seeds: np.random.SeedSequence
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Noise of one chunk, as `kernels.mix_noise` takes it.

    Returns
    -------
    own, common, local : np.ndarray
        float32 (n, N_CHANNELS), (n,), (n, n_nodes).
    """
    from spe1_builder.source.simulation import kernels

    rng, n_nodes = _generator(seeds, index), background.n_nodes
    if not background.is_coloured:
        own = rng.standard_normal((n, N_CHANNELS), dtype=np.float32)
        common = rng.standard_normal(n, dtype=np.float32)
        return own, common, rng.standard_normal((n, n_nodes), dtype=np.float32)
    # A low-passed part goes on from one chunk to the next: the last samples of each are drawn
    # from a stream of their own, so that the next one can draw them again and begin with them.
    before = measured.MEMORY_SAMPLES
    own = np.empty((before + n, N_CHANNELS), np.float32)
    local = np.empty((before + n, n_nodes), np.float32)
    end = before + n - before * (n == CHUNK_SAMPLES)  # nothing comes after a shorter one
    for ends, first, last in ((index, 0, before), (index + 1, end, before + n)):
        ending = _generator(seeds, ends, _ENDINGS)
        ending.standard_normal(dtype=np.float32, out=own[first:last])
        ending.standard_normal(dtype=np.float32, out=local[first:last])
    rng.standard_normal(dtype=np.float32, out=own[before:end])
    rng.standard_normal(dtype=np.float32, out=local[before:end])
    kernels.colour(own, *map(np.float32, measured.OWN_COLOUR))
    kernels.colour(local, *map(np.float32, measured.SHARED_COLOUR))
    return own[before:], rng.standard_normal(n, dtype=np.float32), local[before:]


def _generator(seeds: np.random.SeedSequence, *key: int) -> np.random.Generator:
    """Of one chunk, or of what else ``key`` names beneath ``seeds``."""
    child = np.random.SeedSequence(seeds.entropy, spawn_key=(*seeds.spawn_key, *key))
    return np.random.Generator(np.random.SFC64(child))


def _add_spikes(samples: np.ndarray, neurons: Neurons, start: int, stop: int) -> None:
    """Add every spike whose template reaches into [start, stop)."""
    from spe1_builder.source.simulation import kernels

    bounds = (start - TEMPLATE_AFTER, stop + TEMPLATE_BEFORE)
    first, last = np.searchsorted(neurons.times, bounds)
    times, units = neurons.times[first:last], neurons.units[first:last]
    amplitudes = neurons.amplitudes[first:last]
    if neurons.real_template_uV is not None:
        is_real = units == 0
        kernels.add_templates(
            samples,
            start,
            times[is_real].astype(np.int64),
            amplitudes[is_real],
            neurons.real_template_uV,
            TEMPLATE_BEFORE,
        )
        times, units, amplitudes = times[~is_real], units[~is_real], amplitudes[~is_real]
    has_footprint = neurons.footprints_uV > 0
    kernels.add_spikes(
        samples,
        start,
        times,
        units,
        amplitudes,
        neurons.bank,
        OVERSAMPLING,
        TEMPLATE_BEFORE,
        neurons.footprints_uV,
        has_footprint.argmax(axis=1),
        N_CHANNELS - has_footprint[:, ::-1].argmax(axis=1),
    )
