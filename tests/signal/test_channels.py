"""Bad channels: the labels of SpikeInterface, chunk by chunk, and what cannot be labelled."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from builder.constants import NPX_RATE_HZ, REFERENCE_CHANNELS
from builder.errors import OptionError, RawDataError
from builder.probe import make_probe, nominal_positions_um
from builder.signal.channels import (
    DEAD,
    GOOD,
    LABELS,
    NOISE,
    OUT,
    BadChannels,
    DetectionOptions,
    chunk_length,
    chunk_starts,
    depth_order,
    detect_bad_channels,
    label_chunk,
)

DEAD_CHANNELS = (9, 44, 75)
NOISY_CHANNELS = (20, 61)
LOUD_CHANNELS = (33,)
N_OUT = 14


def make_traces_uV(n_channels: int, n_samples: int, seed: int) -> np.ndarray:
    """float32 (n_channels, n_samples), uV: common and local noise, planted bad channels.

    Besides the clear ones there are channels that hover about each threshold, so
    that their labels change from chunk to chunk.
    """
    rng = np.random.default_rng(seed)
    sources = rng.standard_normal((n_channels // 8, n_samples), dtype=np.float32)
    depth = np.arange(n_channels)[:, None] / 8.0 - np.arange(n_channels // 8)[None]
    traces = (4.0 * np.exp(-0.5 * depth**2)).astype(np.float32) @ sources
    traces += 11.0 * rng.standard_normal(n_samples, dtype=np.float32)
    traces += 2.0 * rng.standard_normal((n_channels, n_samples), dtype=np.float32)
    time_s = np.arange(n_samples) / NPX_RATE_HZ
    for channel in range(3, n_channels, 7):
        drift = 0.1 * np.sin(2 * np.pi * (time_s / 0.9 + rng.uniform()))
        if channel % 3 == 0:
            traces[channel] *= 0.5 + drift  # dead or good
        elif channel % 3 == 1:
            traces[channel] *= 1.9 + drift  # noisy by its similarity, or good
        else:
            traces[channel] += (13.0 + 30 * drift) * rng.standard_normal(n_samples)  # by its power
    edge = slice(-N_OUT - 8, -N_OUT)
    traces[edge] *= 0.25 + 0.1 * np.sin(2 * np.pi * time_s / 0.7)  # out or dead or good
    for channel in DEAD_CHANNELS:
        traces[channel] = 0.5 * rng.standard_normal(n_samples)
    for channel in NOISY_CHANNELS:
        traces[channel] += 30.0 * rng.standard_normal(n_samples)
    for channel in LOUD_CHANNELS:
        traces[channel] *= 4.0
    traces[-N_OUT:] = 5.0 * rng.standard_normal((N_OUT, n_samples))
    return (traces + rng.uniform(-50, 50, (n_channels, 1))).astype(np.float32)


def reader(traces_uV: np.ndarray):
    return lambda start, stop: traces_uV[:, start:stop]


def make_recording(traces_uV: np.ndarray):
    import spikeinterface as si

    recording = si.NumpyRecording([np.ascontiguousarray(traces_uV.T)], NPX_RATE_HZ)
    recording.set_channel_gains(1.0)
    recording.set_channel_offsets(0.0)
    recording.annotate(is_filtered=True)
    positions_um = nominal_positions_um()[: len(traces_uV)]
    recording.set_probe(make_probe(positions_um))
    return recording


def expected_labels(traces_uV: np.ndarray, options: DetectionOptions) -> list[str]:
    from spikeinterface.preprocessing import detect_bad_channels as reference

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # short chunks, and many bad channels, are on purpose
        _, labels = reference(
            make_recording(traces_uV),
            method="coherence+psd",
            seed=options.seed,
            num_random_chunks=options.n_chunks,
            chunk_duration_s=options.chunk_duration_s,
            outside_channels_location=options.outside_location,
            n_neighbors=options.n_neighbors,
            nyquist_threshold=options.nyquist_threshold,
            welch_window_ms=options.welch_window_ms,
            job_kwargs={"n_jobs": 1, "progress_bar": False},
        )
    return list(labels)


def expected_codes(chunk_uV: np.ndarray, options: DetectionOptions) -> np.ndarray:
    from spikeinterface.preprocessing.detect_bad_channels import detect_bad_channels_ibl

    order = depth_order(nominal_positions_um()[: len(chunk_uV)])
    codes = detect_bad_channels_ibl(
        np.ascontiguousarray(chunk_uV[order].T),
        NPX_RATE_HZ,
        options.psd_hf_threshold_uV2_per_hz,
        options.dead_channel_threshold,
        options.noisy_channel_threshold,
        options.outside_channel_threshold,
        options.n_neighbors,
        options.nyquist_threshold,
        options.welch_window_ms,
        options.outside_location,
    )
    return codes[np.argsort(order)]


def detect(traces_uV: np.ndarray, options: DetectionOptions, n_threads: int = 1) -> BadChannels:
    n_channels, n_samples = traces_uV.shape
    positions_um = nominal_positions_um()[:n_channels]
    return detect_bad_channels(
        reader(traces_uV), n_samples, positions_um, options, n_threads=n_threads
    )


@pytest.fixture(scope="module")
def traces_uV() -> np.ndarray:
    return make_traces_uV(128, 45_000, seed=1)


@pytest.mark.parametrize("seed", [0, 1, 7])
def test_labels_are_spikeinterfaces(seed):
    options = DetectionOptions(n_chunks=8, seed=seed)
    traces_uV = make_traces_uV(128, 40_000, seed)
    found = detect(traces_uV, options)
    assert list(found.labels) == expected_labels(traces_uV, options)
    assert set(found.labels) == set(LABELS)
    assert all(found.labels[channel] == "dead" for channel in DEAD_CHANNELS)
    assert all(found.labels[channel] == "noise" for channel in NOISY_CHANNELS + LOUD_CHANNELS)
    assert set(found.labels[-N_OUT:]) == {"out"}
    assert found.detected == tuple(i for i, name in enumerate(found.labels) if name != "good")


def test_labels_are_spikeinterfaces_on_the_whole_probe():
    options = DetectionOptions(n_chunks=4, seed=3)
    traces_uV = make_traces_uV(384, 20_000, seed=3)
    found = detect(traces_uV, options, n_threads=2)
    assert list(found.labels) == expected_labels(traces_uV, options)
    assert found.reference == REFERENCE_CHANNELS
    assert found.all == tuple(sorted(set(found.detected) | set(REFERENCE_CHANNELS)))


def test_every_chunk_has_spikeinterfaces_labels(traces_uV):
    options = DetectionOptions(n_chunks=12, seed=5)
    order = depth_order(nominal_positions_um()[:128])
    starts = chunk_starts(traces_uV.shape[1], options)
    codes = []
    for start in starts:
        chunk_uV = traces_uV[:, start : start + 9000]
        codes.append(label_chunk(chunk_uV, order, options))
        np.testing.assert_array_equal(codes[-1], expected_codes(chunk_uV, options))
    # The data is worth the comparison only if labels do change between chunks.
    assert (np.ptp(codes, axis=0) > 0).sum() >= 5
    assert {GOOD, DEAD, NOISE, OUT} == set(np.unique(codes))


OTHER_OPTIONS = (
    {"outside_location": "bottom", "n_neighbors": 5},
    {"outside_location": "both", "outside_channel_threshold": 2.0},
    {"n_neighbors": 301, "chunk_duration_s": 0.123},
    {"nyquist_threshold": 0.5, "welch_window_ms": 5.0},
    {"nyquist_threshold": 0.001, "welch_window_ms": 10.04},
    {"psd_hf_threshold_uV2_per_hz": 0.0025},
    {"dead_channel_threshold": -0.3, "noisy_channel_threshold": 0.7},
)


@pytest.mark.parametrize("change", OTHER_OPTIONS, ids=str)
def test_every_option_means_what_it_does_there(traces_uV, change):
    options = DetectionOptions(**change)
    chunk_uV = traces_uV[:, : chunk_length(45_000, options)].copy()
    chunk_uV[:9] = chunk_uV[-9:]  # something outside the brain at the bottom too
    codes = label_chunk(chunk_uV, depth_order(nominal_positions_um()[:128]), options)
    np.testing.assert_array_equal(codes, expected_codes(chunk_uV, options))


def test_ties_go_to_the_first_label(traces_uV):
    # Two chunks: where they differ, each label has one vote.
    options = DetectionOptions(n_chunks=2, seed=2)
    assert list(detect(traces_uV, options).labels) == expected_labels(traces_uV, options)


@pytest.mark.parametrize("n_samples", [9_000, 9_001, 8_999, 4_321, 300, 299, 120])
def test_short_recordings_are_treated_alike(traces_uV, n_samples):
    options = DetectionOptions(n_chunks=3, seed=4)
    short_uV = traces_uV[:, :n_samples]
    assert list(detect(short_uV, options).labels) == expected_labels(short_uV, options)


@pytest.mark.parametrize("n_samples", [1_000_000, 9_001, 9_000, 8_999, 2])
@pytest.mark.parametrize("seed", [0, 11])
def test_starts_are_spikeinterfaces(n_samples, seed):
    import spikeinterface as si
    from spikeinterface.core.time_series_tools import get_random_sample_slices

    options = DetectionOptions(seed=seed)
    recording = si.NumpyRecording([np.zeros((n_samples, 1), np.int8)], NPX_RATE_HZ)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        slices = get_random_sample_slices(
            recording,
            num_chunks_per_segment=options.n_chunks,
            chunk_size=int(options.chunk_duration_s * NPX_RATE_HZ),
            seed=seed,
        )
    starts = chunk_starts(n_samples, options)
    np.testing.assert_array_equal(starts, [start for _, start, _ in slices])
    assert {stop - start for _, start, stop in slices} == {chunk_length(n_samples, options)}


def test_order_is_spikeinterfaces():
    from spikeinterface.core import order_channels_by_depth

    order, _ = order_channels_by_depth(make_recording(np.zeros((384, 2), np.float32)))
    np.testing.assert_array_equal(depth_order(nominal_positions_um()), order)


def test_labels_do_not_depend_on_threads(traces_uV):
    options = DetectionOptions(n_chunks=10)
    assert detect(traces_uV, options, 1) == detect(traces_uV, options, 2)


@pytest.mark.parametrize("n_channels", [1, 2, 7, 384])
def test_median_is_numpys(n_channels):
    from builder.signal.channel_kernels import median_over_channels

    rng = np.random.default_rng(n_channels)
    traces = rng.normal(0, 10, (n_channels, 1000)).astype(np.float32)
    traces[:, 500:] = np.round(traces[:, 500:] / 8)  # many equal values, both zeros
    offsets = rng.integers(-3, 3, n_channels).astype(np.float32)
    median = np.empty(1000, np.float32)
    median_over_channels(traces, offsets, median)
    np.testing.assert_array_equal(median, np.median(traces - offsets[:, None], axis=0))


@pytest.mark.parametrize("window_samples", [300, 301, 64, 9_000, 20_000])
@pytest.mark.parametrize("nyquist_threshold", [0.8, 0.0001])
def test_density_is_welchs(traces_uV, window_samples, nyquist_threshold):
    from scipy.signal import welch

    from builder.signal.channel_spectrum import (
        hf_bound_uV2_per_hz,
        hf_density_uV2_per_hz,
        plan_spectrum,
    )

    chunk_uV = traces_uV[:19, :9000]
    spectrum = plan_spectrum(9000, NPX_RATE_HZ, window_samples, nyquist_threshold)
    density = hf_density_uV2_per_hz(chunk_uV, spectrum)
    assert (hf_bound_uV2_per_hz(chunk_uV, spectrum) >= density * (1 - 1e-5)).all()
    frequencies_hz, expected = welch(
        chunk_uV.astype(np.float64), NPX_RATE_HZ, nperseg=min(window_samples, 9000), axis=1
    )
    band = frequencies_hz > nyquist_threshold * NPX_RATE_HZ / 2
    np.testing.assert_allclose(density, expected[:, band].mean(axis=1), rtol=1e-5)


@pytest.mark.parametrize("length", [63, 64, 301])
@pytest.mark.parametrize(("share", "most"), [(0.9, 1.23), (1.0, 2.45)])
def test_the_bound_of_the_density_is_close_for_a_tone_of_the_band(length, share, most):
    """At most a second difference's range of gains in the band (1.22), and never below 1.

    Twice that at Nyquist's frequency, whose bin counts once and in the bound twice.
    """
    from builder.signal.channel_spectrum import (
        hf_bound_uV2_per_hz,
        hf_density_uV2_per_hz,
        plan_spectrum,
    )

    spectrum = plan_spectrum(3000, NPX_RATE_HZ, length, 0.8)
    tone_uV = np.cos(np.pi * share * np.arange(3000), dtype=np.float32)[None]
    ratio = hf_bound_uV2_per_hz(tone_uV, spectrum) / hf_density_uV2_per_hz(tone_uV, spectrum)
    assert 1 - 1e-5 <= ratio <= most


def test_loud_channels_are_those_of_the_density(traces_uV):
    """At thresholds all around the densities that there are, the bound takes no channel out."""
    from builder.signal.channel_spectrum import hf_density_uV2_per_hz, is_loud, plan_spectrum

    chunk_uV = traces_uV[:, :9000]
    spectrum = plan_spectrum(9000, NPX_RATE_HZ, 300, 0.8)
    density = hf_density_uV2_per_hz(chunk_uV, spectrum)
    for threshold in [0.0, *np.quantile(density, [0.0, 0.1, 0.5, 0.9, 1.0]), np.inf]:
        loud = is_loud(chunk_uV, spectrum, threshold)
        np.testing.assert_array_equal(loud, density > threshold)
    chunk_uV = chunk_uV.copy()
    chunk_uV[5, 7] = np.nan
    assert not is_loud(chunk_uV, spectrum, np.inf)[5] and not is_loud(chunk_uV, spectrum, 0.0)[5]


def test_input_is_left_alone_and_may_be_read_only(traces_uV):
    chunk_uV = traces_uV[:, :3000].copy()
    before = chunk_uV.copy()
    chunk_uV.flags.writeable = False
    label_chunk(chunk_uV, np.arange(128))
    np.testing.assert_array_equal(chunk_uV, before)


@pytest.mark.parametrize("level_uV", [0.0, 37.3])
def test_a_recording_without_signal_is_refused(level_uV):
    silent_uV = np.full((384, 12_000), level_uV, np.float32)
    with pytest.raises(RawDataError, match="median over channels is constant") as caught:
        detect(silent_uV, DetectionOptions(n_chunks=2))
    error = caught.value
    assert "2 chunks" in error.got and error.expected and error.do


@pytest.mark.filterwarnings("ignore:invalid value encountered")  # SpikeInterface's own 0 / 0
def test_a_dropout_is_treated_as_by_spikeinterface(traces_uV):
    """A stretch of zeros accuses no channel, and does not stop the build."""
    dropped_uV = traces_uV[:, :60_000].copy()
    dropped_uV[:, 20_000:45_000] = 0.0
    options = DetectionOptions(n_chunks=11, seed=2)
    assert label_chunk(dropped_uV[:, 25_000:34_000], np.arange(128)) is None
    assert list(detect(dropped_uV, options).labels) == expected_labels(dropped_uV, options)


def test_values_that_are_not_finite_are_refused(traces_uV):
    broken_uV = traces_uV[:, :9000].copy()
    broken_uV[17, 40] = np.nan
    with pytest.raises(RawDataError, match="not finite") as caught:
        label_chunk(broken_uV, np.arange(128))
    assert "[17]" in caught.value.got


def test_what_is_too_short_is_refused(traces_uV):
    with pytest.raises(RawDataError, match="too short to detect"):
        chunk_starts(1)
    with pytest.raises(RawDataError, match="too short for a spectrum"):
        label_chunk(traces_uV[:, :3], np.arange(128))
    with pytest.raises(RawDataError, match="number of channels"):
        label_chunk(traces_uV, np.arange(127))


UNUSABLE_OPTIONS = (
    {"n_chunks": 0},
    {"chunk_duration_s": float("nan")},
    {"seed": -1},
    {"outside_location": "left"},
    {"n_neighbors": 10},
    {"nyquist_threshold": 1.0},
    {"welch_window_ms": 0.0},
)


@pytest.mark.parametrize("change", UNUSABLE_OPTIONS, ids=str)
def test_unusable_options_are_refused(change):
    with pytest.raises(OptionError) as caught:
        DetectionOptions(**change)
    assert caught.value.where == next(iter(change))
