"""The compiled median that channels are compared with."""

from __future__ import annotations

import numpy as np
import pytest

from spe1_builder.signal.bad_channels.kernels import median_over_channels


@pytest.mark.parametrize("n_channels", [1, 2, 7, 384])
def test_median_is_numpys(n_channels):
    rng = np.random.default_rng(n_channels)
    traces = rng.normal(0, 10, (n_channels, 1000)).astype(np.float32)
    traces[:, 500:] = np.round(traces[:, 500:] / 8)  # many equal values, both zeros
    offsets = rng.integers(-3, 3, n_channels).astype(np.float32)
    expected = np.median(traces - offsets[:, None], axis=0)
    np.testing.assert_array_equal(median_over_channels(traces, offsets), expected)
