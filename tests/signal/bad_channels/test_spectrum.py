"""Loudness of channels: Welch's density in the highest band."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.signal import butter, sosfilt, welch

from spe1_builder.constants import BAND_HZ, NPX_RATE_HZ
from spe1_builder.signal.bad_channels.spectrum import hf_density_uV2_per_hz, plan_spectrum


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
    frequencies_hz, expected = welch(
        chunk_uV.astype(np.float64), NPX_RATE_HZ, nperseg=min(window_samples, 9000), axis=1
    )
    band = frequencies_hz > nyquist_threshold * NPX_RATE_HZ / 2
    # A band-passed channel has no more in the band than float32 rounds to.
    np.testing.assert_allclose(density, expected[:, band].mean(axis=1), rtol=1e-5, atol=1e-9)
