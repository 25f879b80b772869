"""The simulated patch trace and the sync pulses that both streams carry."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from spe1_builder.cells import PatchType

#: Patch samples made at a time (8 MB).
CHUNK_SAMPLES = 250_000
#: Extent of a spike in the trace around its peak.
SPIKE_BEFORE_S, SPIKE_AFTER_S = 0.010, 0.060
#: Sync pulses: mean interval, jitter of each rise, range of their width.
SYNC_PERIOD_S = 1.0
SYNC_JITTER_S = 0.2
SYNC_WIDTH_S = (0.1, 0.3)
#: Levels of a pulse: one count in the NPX stream, a TTL's volts in the patch stream.
NPX_SYNC_HIGH, PATCH_SYNC_HIGH_V = 1, 5.0


@dataclass(frozen=True)
class TraceScale:
    """What a kind of patch recording looks like, in its own units (pA or mV).

    Attributes
    ----------
    baseline, drift : float
        Offset, and s.d. of its slow wandering.
    fluctuation, noise : float
        S.d. of the membrane's (Ornstein-Uhlenbeck) fluctuation and of white noise.
    fluctuation_s : float
        Time constant of the fluctuation.
    spike : float
        Size of a spike's peak, without sign.
    step : float
        Of the amplifier's converter. A power of two: the last bits of exp and sin differ between
        processors, and rounded away they leave the same bytes everywhere.
    """

    baseline: float
    drift: float
    fluctuation: float
    fluctuation_s: float
    noise: float
    spike: float
    step: float


#: By release name. Orders of magnitude of [MS18]'s traces; the noise is such that
#: the 12-MAD threshold lies far below the spikes and above their filtered echoes.
TRACE_SCALES = {
    "Juxta, VC": TraceScale(40.0, 15.0, 5.0, 0.030, 4.0, 600.0, 2.0**-5),
    "Juxta, IC": TraceScale(0.5, 0.2, 0.1, 0.030, 0.04, 4.0, 2.0**-12),
    "WC, IC": TraceScale(-65.0, 1.0, 2.0, 0.020, 0.4, 90.0, 2.0**-9),
}
#: Periods of the slow wandering's components.
DRIFT_PERIODS_S = (7.0, 19.0, 53.0)
#: S.d. of the logarithm of each spike's size in the trace.
SPIKE_SIZE_SD = 0.03


def spike_shape(patch_type: PatchType, rate_hz: float) -> tuple[np.ndarray, int]:
    """One action potential of unit peak, and the index of that peak.

    Juxtacellular: a sharp peak, then a shallow rebound of the other sign.
    Whole-cell: a ramp from threshold, a sharp peak, then an after-hyperpolarisation
    of a tenth of the spike that lasts tens of milliseconds.

    Returns
    -------
    shape : np.ndarray
        float64 (n,), signed by the Patch Type.
    peak : int
    """
    before, after = round(SPIKE_BEFORE_S * rate_hz), round(SPIKE_AFTER_S * rate_hz)
    t_ms = np.arange(-before, after + 1) * 1000.0 / rate_hz
    late_ms = np.clip(t_ms, 0.0, None)
    if patch_type.public_name == "juxta":
        peak = np.exp(-0.5 * (t_ms / np.where(t_ms < 0, 0.10, 0.14)) ** 2)
        rebound = late_ms / 0.5
        shape = peak - 0.3 * rebound**2 * np.exp(2.0 * (1.0 - rebound))
    else:
        peak = 0.92 * np.exp(-0.5 * (t_ms / np.where(t_ms < 0, 0.12, 0.22)) ** 2)
        ramp = 0.08 * np.exp(np.where(t_ms < 0, t_ms / 1.5, -t_ms / 0.3))
        sag = late_ms / 6.0
        shape = peak + ramp - 0.10 * sag * np.exp(1.0 - sag)
    return patch_type.polarity * shape, before


def write_patch_trace(
    path: Path,
    patch_type: PatchType,
    spikes: np.ndarray,
    n_patch: int,
    rate_hz: float,
    rng: np.random.Generator,
) -> int:
    """Write the whole trace in bounded pieces; returns its bytes.

    Parameters
    ----------
    path : Path
        float64 (n_patch,), pA or mV by the Patch Type.
    spikes : np.ndarray
        int64 (n_spikes,), patch samples of the peaks, ascending.
    """
    import scipy.signal

    scale = TRACE_SCALES[patch_type.release_name]
    shape, peak = spike_shape(patch_type, rate_hz)
    sizes = scale.spike * np.exp(SPIKE_SIZE_SD * rng.standard_normal(len(spikes)))
    phases = rng.uniform(0, 2 * np.pi, len(DRIFT_PERIODS_S))
    keep = np.exp(-1.0 / (scale.fluctuation_s * rate_hz))
    drive = scale.fluctuation * np.sqrt(1.0 - keep**2)
    state = keep * scale.fluctuation * rng.standard_normal(1)
    with path.open("wb") as file:
        for start in range(0, n_patch, CHUNK_SAMPLES):
            n = min(CHUNK_SAMPLES, n_patch - start)
            driven = drive * rng.standard_normal(n)
            trace, state = scipy.signal.lfilter([1.0], [1.0, -keep], driven, zi=state)
            trace += scale.baseline + scale.noise * rng.standard_normal(n)
            time_s = (start + np.arange(n)) / rate_hz
            for period_s, phase in zip(DRIFT_PERIODS_S, phases, strict=True):
                wave = np.sin(2 * np.pi * time_s / period_s + phase)
                trace += scale.drift * np.sqrt(2 / len(phases)) * wave
            first, last = np.searchsorted(spikes, [start - len(shape), start + n + peak])
            for spike, size in zip(spikes[first:last], sizes[first:last], strict=True):
                _add(trace, int(spike) - peak - start, size * shape)
            trace = np.round(trace / scale.step) * scale.step
            file.write(trace.astype("<f8", copy=False).data)
    return n_patch * 8


def _add(trace: np.ndarray, at: int, shape: np.ndarray) -> None:
    """Add ``shape`` to ``trace`` from sample ``at``, where they overlap."""
    first, last = max(at, 0), min(at + len(shape), len(trace))
    if first < last:
        trace[first:last] += shape[first - at : last - at]


def sync_edges_s(duration_s: float, rng: np.random.Generator) -> np.ndarray:
    """Rises and falls of the pulses in turn, s: float64 (2 n_pulses,), ascending."""
    n_pulses = int(duration_s / SYNC_PERIOD_S) + 1
    rises_s = SYNC_PERIOD_S * (np.arange(n_pulses) + 0.25)
    rises_s += rng.uniform(-SYNC_JITTER_S, SYNC_JITTER_S, n_pulses)
    falls_s = rises_s + rng.uniform(*SYNC_WIDTH_S, n_pulses)
    return np.stack([rises_s, falls_s], axis=1).ravel()


def write_sync(
    path: Path, edges_s: np.ndarray, n_samples: int, rate_hz: float, high: float, dtype: str
) -> int:
    """Write the pulses as one clock sees them, in bounded pieces; returns the bytes.

    Parameters
    ----------
    path : Path
        ``dtype`` (n_samples,): 0 or ``high``.
    edges_s : np.ndarray
        As `sync_edges_s` gives them.
    """
    edges = np.ceil(edges_s * rate_hz).astype(np.int64)  # first sample at or after the edge
    n_bytes = 0
    with path.open("wb") as file:
        for start in range(0, n_samples, CHUNK_SAMPLES):
            samples = np.arange(start, min(start + CHUNK_SAMPLES, n_samples))
            is_high = np.searchsorted(edges, samples, side="right") % 2
            n_bytes += file.write((is_high * high).astype(dtype).tobytes())
    return n_bytes
