"""The same seed gives the same bytes on another processor, where numpy has other exp and sin."""

import hashlib
import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
#: The last bits of numpy's transcendental functions, and the hash of an archive's cell.
SCRIPT = """
import sys
from pathlib import Path
from tests.source.simulation.test_simulate_portable import archive_hash, bits_hash
print(bits_hash(), archive_hash(Path(sys.argv[1])))
"""


def bits_hash() -> str:
    import numpy as np

    grid = np.linspace(-30.0, 30.0, 200_001)
    return hashlib.sha256(np.exp(grid).tobytes() + np.sin(grid).tobytes()).hexdigest()


def archive_hash(folder: Path) -> str:
    from spe1_builder.source.simulation.archive import simulate
    from spe1_builder.source.simulation.options import SimulationOptions

    options = SimulationOptions(duration_s=0.3, n_background=5, firing_rate_hz=20.0)
    simulate(folder, ["c14", "c7", "c5"], options)
    real = SimulationOptions(duration_s=1.3, noise="measured", semi_real=True)
    simulate(folder, ["c26"], real)
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()


def run(folder: Path, **environment: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", SCRIPT, str(folder)],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'builder'}"} | environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.split()


@pytest.mark.skipif(platform.machine() not in ("x86_64", "AMD64"), reason="names of x86 features")
def test_the_archive_is_the_same_on_an_older_processor(tmp_path):
    old_bits, old = run(
        tmp_path / "old", NPY_DISABLE_CPU_FEATURES="AVX2 FMA3 AVX512F AVX512_SKX X86_V3 X86_V4"
    )
    if bits_hash() == old_bits:
        pytest.skip("numpy has no other functions on this processor")
    assert archive_hash(tmp_path / "here") == old
