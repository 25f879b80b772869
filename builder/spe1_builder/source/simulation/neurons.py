"""The neurons of a simulated recording: where they are, how they look, when they fire."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from spe1_builder.cells import Cell
from spe1_builder.constants import NPX_RATE_HZ, REFERENCE_CHANNELS
from spe1_builder.probe import nominal_positions_um
from spe1_builder.source.scraps.packaged import scraps
from spe1_builder.source.simulation import measured, semi_real
from spe1_builder.source.simulation.measured import UnitKind
from spe1_builder.source.simulation.options import SimulationOptions

#: Samples of a template before and after its trough (2 ms and 4 ms).
TEMPLATE_BEFORE, TEMPLATE_AFTER = 60, 120
#: Points of the time-course bank a sample; linear between them (error below 1e-5).
OVERSAMPLING = 64
N_FINE = (TEMPLATE_BEFORE + TEMPLATE_AFTER) * OVERSAMPLING + 1
#: A neuron fires at most once in this time, and no spike is nearer to the ends.
REFRACTORY_S = 0.0032
#: Share of the patched neuron's intervals that are within a burst, and their range.
BURST_SHARE = 0.1
BURST_INTERVAL_S = (0.0032, 0.008)
#: A spike within a burst is smaller by this factor.
BURST_AMPLITUDE = 0.85
#: The soma lies at most this far beside its electrode in x and in y.
SIDE_STEP_UM = 3.0
#: Background neurons that are large enough to be told apart, and ranges of their place.
LARGE = UnitKind(
    peak_to_peak_uV=lambda rng: rng.uniform(30.0, 120.0),
    rate_hz=(0.5, 8.0),
    course=((0.06, 0.3, 0.2), (0.12, 0.7, 0.5)),
    reach_um=150.0,
)
BACKGROUND_X_UM = (-20.0, 90.0)
BACKGROUND_Z_UM = (15.0, 60.0)
#: Two cell bodies do not share a place.
MIN_SEPARATION_UM = 30.0


@dataclass(frozen=True, eq=False)
class Neurons:
    """All neurons of one recording; neuron 0 is the patched one.

    Attributes
    ----------
    locations_um : np.ndarray
        float64 (n_neurons, 3): x, y along the probe's plane, z away from it.
    footprints_uV : np.ndarray
        float32 (n_neurons, N_CHANNELS), peak-to-peak on each channel.
    bank : np.ndarray
        float32 (n_neurons, n_fine), time courses of unit peak-to-peak at
        `OVERSAMPLING` points a sample, trough at ``TEMPLATE_BEFORE`` samples.
    times : np.ndarray
        float64 (n_spikes,), troughs of all neurons' spikes in NPX samples, ascending.
    units : np.ndarray
        int64 (n_spikes,), the neuron of each spike.
    amplitudes : np.ndarray
        float32 (n_spikes,), factor of the template.
    patch_samples : np.ndarray
        int64 (n_patched,), patch samples of the patched neuron's spikes.
    real_template_uV : np.ndarray or None
        float32 (n_samples, N_CHANNELS), of a semi-real patched neuron: what each of its spikes
        adds, at whole samples, with the spike's time at sample ``TEMPLATE_BEFORE``. None where
        it is drawn, as the others are, from ``bank`` and ``footprints_uV``.
    """

    locations_um: np.ndarray
    footprints_uV: np.ndarray
    bank: np.ndarray
    times: np.ndarray
    units: np.ndarray
    amplitudes: np.ndarray
    patch_samples: np.ndarray
    real_template_uV: np.ndarray | None = None

    @property
    def patched_template_uV(self) -> np.ndarray:
        """float32 (n_samples, N_CHANNELS), the spike's time at sample ``TEMPLATE_BEFORE``."""
        if self.real_template_uV is not None:
            return self.real_template_uV
        return self.bank[0, ::OVERSAMPLING, None] * self.footprints_uV[0]


@dataclass(frozen=True, eq=False)
class _Patched:
    """The patched neuron; fields as those of `Neurons`, without the other neurons."""

    location_um: np.ndarray
    footprint_uV: np.ndarray
    course: np.ndarray
    times: np.ndarray
    amplitudes: np.ndarray
    patch_samples: np.ndarray
    real_template_uV: np.ndarray | None = None


def make_neurons(cell: Cell, options: SimulationOptions, rng: np.random.Generator) -> Neurons:
    """Draw the neurons of one recording and all their spikes."""
    make_patched = _semi_real_neuron if options.semi_real else _drawn_neuron
    patched = make_patched(cell, options, rng)
    locations, footprints = [patched.location_um], [patched.footprint_uV]
    bank, times, amplitudes = [patched.course], [patched.times], [patched.amplitudes]
    kinds = [(LARGE, options.n_background)]
    if options.noise == "measured":
        kinds.append((measured.SMALL, measured.N_SMALL_UNITS))
    for kind, n_units in kinds:
        for _ in range(n_units):
            location_um = _place_apart(patched.location_um, rng)
            locations.append(location_um)
            peak_to_peak_uV = kind.peak_to_peak_uV(rng)
            footprints.append(_footprint_uV(location_um, peak_to_peak_uV, kind.reach_um))
            bank.append(_time_course(*rng.uniform(*kind.course)))
            rate_hz = rng.uniform(*kind.rate_hz)
            train_s = _renewal_train(options.n_npx / NPX_RATE_HZ, rate_hz, rng)
            times.append(train_s * NPX_RATE_HZ)
            amplitudes.append(_variation(options, len(train_s), rng))
    units = np.repeat(np.arange(len(times)), [len(train) for train in times])
    order = np.argsort(np.concatenate(times), kind="stable")
    return Neurons(
        locations_um=np.stack(locations),
        footprints_uV=np.stack(footprints),
        bank=np.stack(bank),
        times=np.concatenate(times)[order],
        units=units[order],
        amplitudes=np.concatenate(amplitudes)[order].astype(np.float32),
        patch_samples=patched.patch_samples,
        real_template_uV=patched.real_template_uV,
    )


def _drawn_neuron(cell: Cell, options: SimulationOptions, rng: np.random.Generator) -> _Patched:
    """A monopole in front of its electrode, with a drawn train."""
    n_npx, n_patch = options.n_npx, options.n_patch_of(cell)
    electrode_um = nominal_positions_um()[cell.chan_predicted].astype(np.float64)
    beside_um = rng.uniform(-SIDE_STEP_UM, SIDE_STEP_UM, size=2)
    location_um = np.array([*(electrode_um + beside_um), options.distance_um_of(cell)])
    duration_s = n_npx / NPX_RATE_HZ
    train_s, burst_factors = _bursting_train(duration_s, options.firing_rate_hz, rng)
    # The patch trace peaks at a whole sample of its own clock; the NPX stream
    # carries the spike wherever that sample lies on the other clock.
    patch_samples = np.rint(train_s * n_patch / duration_s).astype(np.int64)
    return _Patched(
        location_um=location_um,
        footprint_uV=_footprint_uV(location_um, options.peak_to_peak_uV_of(cell)),
        course=_time_course(trough_ms=0.09, hump_ms=0.45, hump=0.35),
        times=patch_samples * (n_npx / n_patch),
        amplitudes=burst_factors * _variation(options, len(patch_samples), rng),
        patch_samples=patch_samples,
    )


def _semi_real_neuron(cell: Cell, options: SimulationOptions, rng: np.random.Generator) -> _Patched:
    """A real footprint and train; see `spe1_builder.source.simulation.semi_real`."""
    real, n_npx = scraps()[cell.cell_id], options.n_npx
    template_uV = semi_real.whole_template_uV(real)
    samples = semi_real.train_samples(real, n_npx, margin=round(REFRACTORY_S * NPX_RATE_HZ))
    return _Patched(
        location_um=np.array(semi_real.fitted_place_um(real)),
        footprint_uV=np.ptp(template_uV, axis=0),
        course=np.zeros(N_FINE, np.float32),
        # Whole samples: the average was taken at those, and has their blur already.
        times=samples.astype(np.float64),
        amplitudes=_variation(options, len(samples), rng),
        # The first patch sample that the two clocks put into the same NPX sample.
        patch_samples=-(-samples * options.n_patch_of(cell) // n_npx),
        real_template_uV=template_uV,
    )


def _variation(options: SimulationOptions, n_spikes: int, rng: np.random.Generator) -> np.ndarray:
    """Factor of each spike's amplitude: float64 (n_spikes,)."""
    factor: np.ndarray = np.exp(options.amplitude_sd * rng.standard_normal(n_spikes))
    return factor


def _time_course(trough_ms: float, hump_ms: float, hump: float) -> np.ndarray:
    """A biphasic extracellular spike of unit peak-to-peak, trough exactly at t = 0.

    A Gaussian trough, half as wide before as after, a hump after it and a small
    one before it; both humps start with zero value and slope, so that they do
    not move the trough.

    Parameters
    ----------
    trough_ms : float
        S.d. of the trough's falling back.
    hump_ms, hump : float
        When the repolarisation peaks, and how high relative to the trough.
    """
    t_ms = (np.arange(N_FINE) / OVERSAMPLING - TEMPLATE_BEFORE) * 1000.0 / NPX_RATE_HZ
    is_after = t_ms > 0
    width_ms = np.where(is_after, trough_ms, 0.7 * trough_ms)
    course = -np.exp(-0.5 * (t_ms / width_ms) ** 2)
    rise, height = t_ms / np.where(is_after, hump_ms, -0.15), np.where(is_after, hump, 0.05)
    course += height * rise**2 * np.exp(2.0 * (1.0 - rise))
    return (course / np.ptp(course)).astype(np.float32)


def _footprint_uV(
    location_um: np.ndarray, peak_to_peak_uV: float, reach_um: float | None = None
) -> np.ndarray:
    """Peak-to-peak on each channel: a monopole, nothing on the reference sites.

    Parameters
    ----------
    location_um : np.ndarray
        (3,).
    peak_to_peak_uV : float
        On the strongest channel.
    reach_um : float, optional
        Where the amplitude reaches zero (smoothly); without it the decay is
        exactly that of a monopole.
    """
    offsets_um = nominal_positions_um() - location_um[:2]
    distance_um = np.sqrt((offsets_um**2).sum(axis=1) + location_um[2] ** 2)
    footprint = 1.0 / distance_um
    if reach_um is not None:
        footprint *= np.clip(1.0 - (distance_um / reach_um) ** 2, 0.0, None)
    footprint[list(REFERENCE_CHANNELS)] = 0.0
    return (peak_to_peak_uV * footprint / footprint.max()).astype(np.float32)


def _place_apart(patched_um: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A random place beside the probe that is not the patched neuron's: (3,), um."""
    y_um = nominal_positions_um()[:, 1]
    low = (BACKGROUND_X_UM[0], y_um.min(), BACKGROUND_Z_UM[0])
    high = (BACKGROUND_X_UM[1], y_um.max(), BACKGROUND_Z_UM[1])
    while True:
        location_um = rng.uniform(low, high)
        if np.linalg.norm(location_um - patched_um) >= MIN_SEPARATION_UM:
            return location_um


def _renewal_train(duration_s: float, rate_hz: float, rng: np.random.Generator) -> np.ndarray:
    """Spike times, s: exponential intervals after the refractory time."""
    mean_s = 1.0 / rate_hz - REFRACTORY_S
    return _until_end(
        duration_s, 1.0 / rate_hz, lambda n: REFRACTORY_S + rng.exponential(mean_s, n)
    )


def _bursting_train(
    duration_s: float, rate_hz: float, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Spike times, s, some in bursts, and the amplitude factor that bursts give them."""
    if rate_hz == 0:
        return np.empty(0), np.empty(0)
    short_s = sum(BURST_INTERVAL_S) / 2
    long_s = (1.0 / rate_hz - BURST_SHARE * short_s) / (1.0 - BURST_SHARE)

    def intervals(n: int) -> np.ndarray:
        in_burst = rng.random(n) < BURST_SHARE
        long = REFRACTORY_S + rng.exponential(long_s - REFRACTORY_S, n)
        return np.where(in_burst, rng.uniform(*BURST_INTERVAL_S, n), long)

    train_s = _until_end(duration_s, 1.0 / rate_hz, intervals)
    follows = np.diff(train_s, prepend=-np.inf) < BURST_INTERVAL_S[1]
    return train_s, np.where(follows, BURST_AMPLITUDE, 1.0)


def _until_end(
    duration_s: float, mean_s: float, intervals: Callable[[int], np.ndarray]
) -> np.ndarray:
    """Add up intervals until the recording ends; the ends stay free of spikes."""
    parts, last_s = [], REFRACTORY_S
    while last_s < duration_s - REFRACTORY_S:
        n = int((duration_s - last_s) / mean_s * 1.1) + 16
        parts.append(last_s + np.cumsum(intervals(n)))
        last_s = parts[-1][-1]
    train_s = np.concatenate(parts) if parts else np.empty(0)
    return train_s[train_s < duration_s - REFRACTORY_S]
