"""Loudness of channels: Welch's density, and the bound that spares most of them the spectrum."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.signal import butter, sosfilt, welch

from spe1_builder.constants import BAND_HZ, NPX_RATE_HZ
from spe1_builder.signal.bad_channels.spectrum import (
    hf_bound_uV2_per_hz,
    hf_density_uV2_per_hz,
    is_loud,
    plan_spectrum,
)


@pytest.fixture(scope="module")
def traces_uV() -> np.ndarray:
    """float32 (24, 9000): white and band-passed channels of many amplitudes, with offsets."""
    rng = np.random.default_rng(3)
    traces = rng.standard_normal((24, 9_000))
    band = butter(5, BAND_HZ, "bandpass", fs=NPX_RATE_HZ, output="sos")
    traces[::2] = sosfilt(band, traces[::2], axis=1)
    traces *= np.geomspace(0.1, 100.0, 24)[:, None]
    return (traces + rng.uniform(-50, 50, (24, 1))).astype(np.float32)


@pytest.mark.parametrize("window_samples", [300, 301, 64, 9_000, 20_000])
@pytest.mark.parametrize("nyquist_threshold", [0.8, 0.0001])
def test_density_is_welchs(traces_uV, window_samples, nyquist_threshold):
    chunk_uV = traces_uV[:19, :9000]
    spectrum = plan_spectrum(9000, NPX_RATE_HZ, window_samples, nyquist_threshold)
    density = hf_density_uV2_per_hz(chunk_uV, spectrum)
    assert (hf_bound_uV2_per_hz(chunk_uV, spectrum) >= density * (1 - 1e-5)).all()
    frequencies_hz, expected = welch(
        chunk_uV.astype(np.float64), NPX_RATE_HZ, nperseg=min(window_samples, 9000), axis=1
    )
    band = frequencies_hz > nyquist_threshold * NPX_RATE_HZ / 2
    # A band-passed channel has no more in the band than float32 rounds to.
    np.testing.assert_allclose(density, expected[:, band].mean(axis=1), rtol=1e-5, atol=1e-9)


@pytest.mark.parametrize("length", [63, 64, 301])
@pytest.mark.parametrize(("share", "most"), [(0.9, 1.23), (1.0, 2.45)])
def test_the_bound_of_the_density_is_close_for_a_tone_of_the_band(length, share, most):
    """At most a second difference's range of gains in the band (1.22), and never below 1.

    Twice that at Nyquist's frequency, whose bin counts once and in the bound twice.
    """
    spectrum = plan_spectrum(3000, NPX_RATE_HZ, length, 0.8)
    tone_uV = np.cos(np.pi * share * np.arange(3000), dtype=np.float32)[None]
    ratio = hf_bound_uV2_per_hz(tone_uV, spectrum) / hf_density_uV2_per_hz(tone_uV, spectrum)
    assert 1 - 1e-5 <= ratio <= most


def test_loud_channels_are_those_of_the_density(traces_uV):
    """At thresholds all around the densities that there are, the bound takes no channel out."""
    chunk_uV = traces_uV[:, :9000]
    spectrum = plan_spectrum(9000, NPX_RATE_HZ, 300, 0.8)
    density = hf_density_uV2_per_hz(chunk_uV, spectrum)
    for threshold in [0.0, *np.quantile(density, [0.0, 0.1, 0.5, 0.9, 1.0]), np.inf]:
        loud = is_loud(chunk_uV, spectrum, threshold)
        np.testing.assert_array_equal(loud, density > threshold)
    chunk_uV = chunk_uV.copy()
    chunk_uV[5, 7] = np.nan
    assert not is_loud(chunk_uV, spectrum, np.inf)[5] and not is_loud(chunk_uV, spectrum, 0.0)[5]
