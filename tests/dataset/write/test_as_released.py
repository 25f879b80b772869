"""A cell whose files are as odd as the release's builds, and tells what is odd."""

import shutil
import subprocess
import sys
from dataclasses import asdict, replace

import pytest

from spe1_builder.source.simulation.archive import read_truth, simulate
from tests.support.recordings import SIMULATION, SMALL


@pytest.fixture(scope="module")
def raw_dir(tmp_path_factory):
    raw_dir = tmp_path_factory.mktemp("released")
    simulate(raw_dir, ["c14"], replace(SIMULATION, as_released=True))
    yield raw_dir
    shutil.rmtree(raw_dir)


def test_it_builds_where_warnings_are_errors(raw_dir, tmp_path):
    """Of numpy, which warns of the headers that Python 2 wrote; a warning fails this process."""
    code = (
        "from pathlib import Path\n"
        "from spe1_builder.dataset.write.build import build_cell\n"
        "from spe1_builder.dataset.plan.inputs import Sources\n"
        "from spe1_builder.dataset.plan.options import BuildOptions\n"
        f"options = BuildOptions(**{asdict(SMALL)!r})\n"
        f"result = build_cell('c14', Sources(Path({str(raw_dir)!r})), "
        f"Path({str(tmp_path / 'spe1')!r}), options)\n"
        "print([warning.kind for warning in result.metadata.warnings])\n"
        "print(result.metadata.ground_truth_agreement.n_reference)\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    kinds, n_reference = done.stdout.splitlines()
    assert kinds in ("['close_spikes']", "[]")  # some may lie outside of the window
    assert int(n_reference) == len(read_truth(raw_dir, "c14").patch_samples) + 3
