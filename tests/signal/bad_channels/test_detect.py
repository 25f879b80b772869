"""Bad channels: the labels of SpikeInterface, chunk by chunk, and what cannot be labelled."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from spe1_builder.constants import NPX_RATE_HZ, REFERENCE_CHANNELS
from spe1_builder.errors import RawDataError
from spe1_builder.probe import make_probe, nominal_positions_um
from spe1_builder.signal.bad_channels.detect import (
    DEAD,
    GOOD,
    LABELS,
    NOISE,
    OUT,
    BadChannels,
    chunk_length,
    chunk_starts,
    depth_order,
    detect_bad_channels,
    label_chunk,
)
from spe1_builder.signal.bad_channels.options import DetectionOptions

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


def test_band_passed_channels_are_labelled_without_a_spectrum(traces_uV, monkeypatch):
    """As by SpikeInterface, with the spectrum of the loud channels only."""
    from scipy.signal import butter, sosfilt

    from spe1_builder.signal.bad_channels import spectrum

    band = butter(5, (300, 3000), "bandpass", fs=NPX_RATE_HZ, output="sos")
    chunk_uV = sosfilt(band, traces_uV[:, :9_000]).astype(np.float32)
    chunk_uV[[20, 61]] += traces_uV[[20, 61], :9_000]
    taken, density = [], spectrum.hf_density_uV2_per_hz
    monkeypatch.setattr(
        spectrum,
        "hf_density_uV2_per_hz",
        lambda x, plan: (taken.append(len(x)), density(x, plan))[1],
    )
    codes = label_chunk(chunk_uV, depth_order(nominal_positions_um()[:128]))
    np.testing.assert_array_equal(codes, expected_codes(chunk_uV, DetectionOptions()))
    assert taken == [2] and set(codes[[20, 61]]) == {NOISE} and GOOD in codes


def test_order_is_spikeinterfaces():
    from spikeinterface.core import order_channels_by_depth

    order, _ = order_channels_by_depth(make_recording(np.zeros((384, 2), np.float32)))
    np.testing.assert_array_equal(depth_order(nominal_positions_um()), order)


def test_labels_do_not_depend_on_threads(traces_uV):
    options = DetectionOptions(n_chunks=10)
    assert detect(traces_uV, options, 1) == detect(traces_uV, options, 2)


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
