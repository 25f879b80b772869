"""The compiled signal path gives the same bits whatever the processor's vectors are, or without."""

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
#: Python refuses to import a module whose name is bound to None.
WITHOUT_VECTORS = f"""
import sys
sys.modules["spe1_builder.signal.bandpass.vectors"] = None
{SCRIPT}
from spe1_builder.signal.bandpass import operations, plain
assert operations.write_channels is plain.write_channels
"""
#: numba, as it would be if what the vectors are made of had another name.
WITH_OTHER_INTERNALS = f"""
from llvmlite import ir
del ir.IRBuilder.shuffle_vector
{SCRIPT}
from spe1_builder.signal.bandpass import operations, plain
assert operations.write_channels is plain.write_channels
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


def run(script: str, code_dir: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", script],
        cwd=Path(__file__).parents[3],
        env=os.environ | {"NUMBA_CACHE_DIR": str(code_dir)} | environment,
        capture_output=True,
        text=True,
        check=True,
    )


@pytest.mark.skipif(platform.machine() not in ("x86_64", "AMD64"), reason="names x86 processors")
def test_a_processor_with_half_as_wide_vectors_gives_the_same_bits(tmp_path):
    haswell = {"NUMBA_CPU_NAME": "haswell", "NUMBA_CPU_FEATURES": "+avx,+avx2,+fma"}
    assert run(SCRIPT, tmp_path, **haswell).stdout.strip() == filtered_hash()


def test_plain_loops_take_the_place_of_the_vectors_with_the_same_bits(tmp_path):
    """Whatever there is no vector for; the second of them finds the first one's loops stored."""
    for script in (WITHOUT_VECTORS, WITH_OTHER_INTERNALS):
        done = run(script, tmp_path)
        assert done.stdout.strip() == filtered_hash()
        assert "RuntimeWarning: The vector instructions" in done.stderr
