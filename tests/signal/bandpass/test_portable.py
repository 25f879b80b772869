"""The compiled signal path gives the same bits whatever the processor's vectors are."""

import hashlib
import os
import platform
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

SCRIPT = """
from tests.signal.bandpass.test_portable import filtered_hash
print(filtered_hash())
"""


def filtered_hash() -> str:
    from spe1_builder.signal.bandpass.kernels import bandpass_reference
    from spe1_builder.signal.bandpass.preprocess import band_pass

    rng = np.random.default_rng(0)
    counts = (rng.normal(0, 4, (4_000, 384)) + rng.integers(-400, 400, 384)).round()
    out = np.empty((384, 3_000), np.float32)
    band = band_pass()
    scale = 2.34375 * band.gain**2
    counts = counts.astype(np.int16)
    bandpass_reference(counts, 500, scale, band.feedback, band.steady, True, out)
    assert np.isfinite(out).all() and out.std() > 1.0
    return hashlib.sha256(out.tobytes()).hexdigest()


@pytest.mark.skipif(platform.machine() not in ("x86_64", "AMD64"), reason="names x86 processors")
def test_a_processor_with_half_as_wide_vectors_gives_the_same_bits(tmp_path):
    environment = os.environ | {
        "NUMBA_CPU_NAME": "haswell",
        "NUMBA_CPU_FEATURES": "+avx,+avx2,+fma",
        "NUMBA_CACHE_DIR": str(tmp_path),
    }
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        cwd=Path(__file__).parents[3],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == filtered_hash()
