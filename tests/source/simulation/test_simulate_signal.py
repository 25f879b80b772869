"""The signals of a simulated archive: what was planted is there to be found."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import scipy.optimize
import scipy.signal

from spe1_builder.cells import PATCH_TYPES, get_cell
from spe1_builder.constants import (
    BAND_HZ,
    FILTER_ORDER,
    GAIN_UV_PER_BIT,
    N_CHANNELS,
    NPX_RATE_HZ,
    REFERENCE_CHANNELS,
)
from spe1_builder.layout import RawLayout
from spe1_builder.probe import make_probe, nominal_positions_um, read_positions_um
from spe1_builder.source.recording.patch import find_ground_truth
from spe1_builder.source.recording.patch_checks import hold_to_patch
from spe1_builder.source.recording.raw import open_raw_cell
from spe1_builder.source.simulation import patch
from spe1_builder.source.simulation.archive import (
    SimulationOptions,
    read_truth,
    simulate,
    simulate_cell,
)
from spe1_builder.source.simulation.neurons import OVERSAMPLING, make_neurons
from spe1_builder.source.simulation.npx import CHUNK_SAMPLES

#: One cell of each Patch Type; c7's electrode (188) is a reference site.
CELLS = ("c14", "c7", "c5")
LIVE = np.setdiff1d(np.arange(N_CHANNELS), REFERENCE_CHANNELS)


@pytest.fixture(scope="module")
def raw_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive with c14 at 3 s and the two others at 1 s."""
    folder = tmp_path_factory.mktemp("archive") / "raw"
    simulate(folder, ["c14"], SimulationOptions(duration_s=3.0, firing_rate_hz=20.0))
    simulate(folder, ["c7", "c5"], SimulationOptions(duration_s=1.0, firing_rate_hz=15.0))
    return folder


@pytest.fixture(scope="module")
def counts(raw_dir: Path) -> np.ndarray:
    """c14's recording: int16 (90,000, 384)."""
    return _counts(raw_dir, "c14")


@pytest.fixture(scope="module")
def band_passed_uV(counts: np.ndarray) -> np.ndarray:
    return _band_pass(counts * GAIN_UV_PER_BIT)


@pytest.fixture(scope="module")
def average_uV(raw_dir: Path, band_passed_uV: np.ndarray) -> np.ndarray:
    """c14's spike-triggered average over the planted times, 1 ms before to 2 ms after."""
    truth = read_truth(raw_dir, "c14")
    times = np.rint(truth.npx_samples).astype(int)
    times = times[(times >= 30) & (times < len(band_passed_uV) - 60)]
    return np.mean([band_passed_uV[t - 30 : t + 60] for t in times], axis=0)


def _counts(raw_dir: Path, cell_id: str) -> np.ndarray:
    path = RawLayout(raw_dir).cell_file(cell_id, "npx_raw")
    return np.fromfile(path, dtype="<i2").reshape(-1, N_CHANNELS)


def _band_pass(traces_uV: np.ndarray) -> np.ndarray:
    sos = scipy.signal.butter(FILTER_ORDER, BAND_HZ, "bandpass", fs=NPX_RATE_HZ, output="sos")
    return scipy.signal.sosfiltfilt(sos, traces_uV, axis=0)


def _near(channel: int, reach_um: float) -> np.ndarray:
    """Live channels within a distance of one."""
    positions_um = nominal_positions_um()
    distance_um = np.linalg.norm(positions_um - positions_um[channel], axis=1)
    return np.intersect1d(np.flatnonzero(distance_um < reach_um), LIVE)


# --- the patch stream ------------------------------------------------------------


@pytest.mark.parametrize("cell_id", CELLS)
def test_patch_trace_peaks_at_its_spikes(raw_dir: Path, cell_id: str) -> None:
    truth = read_truth(raw_dir, cell_id)
    kind = PATCH_TYPES[truth.patch_type]
    trace = np.fromfile(RawLayout(raw_dir).cell_file(cell_id, "patch"), dtype="<f8")
    released = np.load(RawLayout(raw_dir).cell_file(cell_id, "spikes"))
    np.testing.assert_array_equal(released, truth.patch_samples)
    assert len(released) >= 5
    for spike in released:
        around = kind.polarity * trace[spike - 20 : spike + 21]
        assert abs(int(around.argmax()) - 20) <= 1
    height = kind.polarity * (trace[released] - np.median(trace))
    low, high, rest = {
        "Juxta, VC": (400, 800, (0, 100)),
        "Juxta, IC": (3, 6, (-1, 2)),
        "WC, IC": (70, 110, (-72, -58)),
    }[truth.patch_type]
    assert (height > low).all()
    assert (height < high).all()
    assert rest[0] < np.median(trace) < rest[1]


def test_whole_cell_spike_has_an_after_hyperpolarisation() -> None:
    shape, peak = patch.spike_shape(PATCH_TYPES["WC, IC"], 50_000.0)
    assert shape.argmax() == peak
    assert shape[peak] == pytest.approx(1.0)
    assert -0.12 < shape[peak + 300 : peak + 600].min() < -0.08  # 6 to 12 ms later
    assert abs(shape[-1]) < 1e-3


@pytest.mark.parametrize("patch_type", PATCH_TYPES)
def test_detection_finds_exactly_the_planted_spikes(tmp_path: Path, patch_type: str) -> None:
    options = SimulationOptions(
        duration_s=2.0, patch_type=patch_type, n_background=0, firing_rate_hz=15.0
    )
    simulate_cell(tmp_path, "c14", options)
    raw = open_raw_cell(tmp_path, "c14")
    kind = PATCH_TYPES[patch_type]
    found = hold_to_patch(raw, kind, find_ground_truth(raw, kind))
    agreement = found.agreement
    assert agreement is not None
    assert (agreement.recall, agreement.precision) == (1.0, 1.0)
    assert found.lag_ms == pytest.approx(0.0, abs=0.05)
    assert 0 < found.opposite_ratio < 0.5  # far below the limit of an inverted trace


def test_sync_pulses_agree_on_both_clocks(raw_dir: Path) -> None:
    layout, truth = RawLayout(raw_dir), read_truth(raw_dir, "c14")
    npx = np.fromfile(layout.cell_file("c14", "npx_sync"), dtype="<i2")
    trace = np.fromfile(layout.cell_file("c14", "patch_sync"), dtype="<f8")
    assert set(npx) == {0, 1}
    assert set(trace) == {0.0, 5.0}
    npx_edges = np.flatnonzero(np.diff(npx > 0)) + 1
    patch_edges = np.flatnonzero(np.diff(trace > 0)) + 1
    assert len(npx_edges) == len(patch_edges) >= 5
    offset = npx_edges - patch_edges * truth.n_npx / truth.n_patch
    assert np.abs(offset).max() <= 1.0


# --- the Neuropixels stream ------------------------------------------------------


def test_spikes_are_refractory_bursting_and_vary() -> None:
    options = SimulationOptions(duration_s=600.0, n_background=0)
    neurons = make_neurons(get_cell("c14"), options, np.random.default_rng(0))
    intervals_ms = np.diff(neurons.times) / 30.0
    assert intervals_ms.min() >= 3.0
    assert len(neurons.times) == pytest.approx(3000, rel=0.08)
    assert 0.08 < (intervals_ms < 8.0).mean() < 0.20
    assert 0.08 < np.log(neurons.amplitudes).std() < 0.15


def test_spike_average_recovers_the_planted_template(raw_dir: Path, average_uV: np.ndarray) -> None:
    truth = read_truth(raw_dir, "c14")
    padded = np.pad(truth.template_uV.astype(np.float64), ((1500, 1500), (0, 0)))
    first = 1500 + truth.trough_index - 30
    planted_uV = _band_pass(padded)[first : first + 90]
    channels = _near(truth.peak_channel, 100.0)
    correlation = np.corrcoef(average_uV[:, channels].ravel(), planted_uV[:, channels].ravel())
    assert correlation[0, 1] > 0.95
    assert np.abs(average_uV).max(axis=0).argmax() == truth.peak_channel == 159
    assert abs(int(average_uV[:, truth.peak_channel].argmin()) - 30) <= 1


def test_triangulation_recovers_the_planted_location(raw_dir: Path, average_uV: np.ndarray) -> None:
    truth = read_truth(raw_dir, "c14")
    channels = _near(truth.peak_channel, 80.0)
    amplitude_uV = np.ptp(average_uV[15:60], axis=0)[channels]
    places_um = nominal_positions_um()[channels]

    def misfit(guess: np.ndarray) -> np.ndarray:
        x_um, y_um, z_um, strength = guess
        distance_um = np.sqrt(((places_um - (x_um, y_um)) ** 2).sum(axis=1) + z_um**2)
        return strength / distance_um - amplitude_uV

    start = (*nominal_positions_um()[truth.peak_channel], 30.0, 3000.0)
    found = scipy.optimize.least_squares(misfit, start).x
    assert np.linalg.norm(found[:3] - truth.location_um) < 12.0


def test_template_is_a_monopole(raw_dir: Path) -> None:
    truth = read_truth(raw_dir, "c14")
    offsets_um = nominal_positions_um() - truth.location_um[:2]
    distance_um = np.sqrt((offsets_um**2).sum(axis=1) + truth.location_um[2] ** 2)
    peak_to_peak_uV = np.ptp(truth.template_uV, axis=0)
    strength = (peak_to_peak_uV * distance_um)[LIVE]
    np.testing.assert_allclose(strength, strength[0], rtol=1e-4)
    assert peak_to_peak_uV[truth.peak_channel] == pytest.approx(150.0, rel=1e-3)
    assert truth.location_um[2] == 25.0
    assert np.hypot(*offsets_um[truth.electrode]) < 5.0
    assert (truth.template_uV.argmin(axis=0)[LIVE] == truth.trough_index).all()


def test_electrode_at_a_reference_site_gives_its_neighbour_the_peak(raw_dir: Path) -> None:
    truth = read_truth(raw_dir, "c7")
    assert truth.electrode == 188
    assert truth.electrode in REFERENCE_CHANNELS
    assert truth.peak_channel not in REFERENCE_CHANNELS
    assert truth.peak_channel in _near(truth.electrode, 40.0)
    assert not truth.template_uV[:, list(REFERENCE_CHANNELS)].any()


def test_catalogue_values_on_request(tmp_path: Path) -> None:
    options = SimulationOptions(0.1, n_background=0, peak_to_peak_uV=None, distance_um=None)
    truth, cell = simulate_cell(tmp_path, "c28", options), get_cell("c28")
    assert truth.peak_to_peak_uV == cell.jta_peak_to_peak_uV
    assert truth.location_um[2] == cell.distance_um


def test_noiseless_recording_is_the_sum_of_the_planted_spikes(tmp_path: Path) -> None:
    """Every sample, also where a spike spans two chunks, to within rounding."""
    options = SimulationOptions(
        duration_s=2.0,
        n_background=0,
        firing_rate_hz=80.0,
        common_noise_uV=0.0,
        local_noise_uV=0.0,
        independent_noise_uV=0.0,
        slow_potential_uV=0.0,
    )
    truth = simulate_cell(tmp_path, "c14", options)
    seam_distance = np.abs(
        (truth.npx_samples + CHUNK_SAMPLES / 2) % CHUNK_SAMPLES - CHUNK_SAMPLES / 2
    )
    assert (seam_distance < 30).any()
    channel = truth.peak_channel
    # A fine time course from the neuron itself; the first draws are the neuron's.
    neurons = make_neurons(get_cell("c14"), options, np.random.default_rng(0))
    fine = neurons.bank[0].astype(np.float64)
    place = np.arange(len(fine)) / OVERSAMPLING - truth.trough_index
    expected_uV = np.zeros(truth.n_npx)
    for time, amplitude in zip(truth.npx_samples, truth.amplitudes, strict=True):
        t = np.arange(max(int(time) - 70, 0), min(int(time) + 130, truth.n_npx))
        course = np.interp(t - time, place, fine, left=0.0, right=0.0)
        expected_uV[t] += truth.peak_to_peak_uV * amplitude * course
    recorded = _counts(tmp_path, "c14")[:, channel].astype(np.float64)
    recorded -= np.median(recorded)  # the channel's constant offset, whole counts
    assert np.abs(recorded - expected_uV / GAIN_UV_PER_BIT).max() < 0.51


def test_noise_has_the_stated_size(counts: np.ndarray, band_passed_uV: np.ndarray) -> None:
    raw_uV = counts[:, LIVE] * GAIN_UV_PER_BIT
    assert 50.0 < raw_uV.std(axis=0).mean() < 300.0  # mostly the slow potential
    assert np.abs(counts[:, LIVE].mean(axis=0)).max() < 100
    high_passed_uV = scipy.signal.sosfiltfilt(
        scipy.signal.butter(5, 300.0, "highpass", fs=NPX_RATE_HZ, output="sos"), raw_uV, axis=0
    )
    assert 9.0 < np.median(high_passed_uV.std(axis=0)) < 11.0
    neighbours = np.corrcoef(band_passed_uV[:, 100], band_passed_uV[:, 101])[0, 1]
    distant = np.corrcoef(band_passed_uV[:, 100], band_passed_uV[:, 300])[0, 1]
    assert neighbours > 0.4
    assert 0.15 < distant < 0.35


def test_reference_sites_are_dead(counts: np.ndarray) -> None:
    reference = counts[:, list(REFERENCE_CHANNELS)].astype(np.float64)
    assert (np.ptp(reference, axis=0) > 0).all()
    assert reference.std(axis=0).max() < 1.0
    shared = np.asarray(np.corrcoef(reference.T)) - np.eye(len(REFERENCE_CHANNELS))
    assert np.abs(shared).max() < 0.05


def test_bad_channel_detection_finds_the_reference_sites(raw_dir: Path, counts: np.ndarray) -> None:
    import spikeinterface as si
    import spikeinterface.preprocessing as spre

    recording = si.NumpyRecording([counts], NPX_RATE_HZ)
    recording.set_channel_gains(GAIN_UV_PER_BIT)
    recording.set_channel_offsets(0.0)
    recording.set_probe(make_probe(read_positions_um(RawLayout(raw_dir).chan_map)))
    filtered = spre.bandpass_filter(recording, *BAND_HZ, dtype="float32")
    _, labels = spre.detect_bad_channels(
        filtered, seed=0, num_random_chunks=8, job_kwargs={"n_jobs": 1, "progress_bar": False}
    )
    found = set(np.flatnonzero(labels != "good"))
    assert len(found & set(REFERENCE_CHANNELS)) >= 9
    assert len(found - set(REFERENCE_CHANNELS)) <= 2
