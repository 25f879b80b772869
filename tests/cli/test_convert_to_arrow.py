"""The script that takes the flags of the public dataset's converter."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

from spe1_builder.cells import ZHAO_CELLS
from tests.support.project import PROJECT

SCRIPT = PROJECT / "scripts/convert_to_arrow.py"


def run(*args):
    return subprocess.run(
        [sys.executable, SCRIPT, *map(str, args)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(PROJECT)},
    )


def test_flags(archive, tmp_path):
    """It takes what the public one takes."""
    assert "--no-skip-existing" in run("--help").stdout
    raw_dir = archive.raw_dir
    flags = [
        *("--data-dir", f"{raw_dir}/Recordings/", "--chan-map", raw_dir / "chanMap.mat"),
        *("--summary", raw_dir / "Data Summary.xlsx", "--output", tmp_path / "out"),
        *("--cells", "c14", "--duration", "1", "--segment-duration", "0.5"),
        *("--train-fraction", "0.5", "--ms-before", "1", "--ms-after", "2"),
    ]
    # The converter always skips 10 s; this recording is shorter.
    done = run(*flags)
    assert done.returncode == 1 and "settling period" in done.stderr


@pytest.fixture
def call(monkeypatch):
    """Runs the script's ``main`` with flags; returns what it would have built."""
    spec = importlib.util.spec_from_file_location("convert_to_arrow", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    calls = []
    monkeypatch.setattr(module, "build_cells", lambda *args, **kwargs: calls.append((args, kwargs)))

    def run_main(*flags):
        monkeypatch.setattr(sys, "argv", ["x", *map(str, flags)])
        module.main()
        return calls.pop()

    return run_main


def test_defaults(call, tmp_path):
    """Same defaults: 11 cells, 300 s, 3-s segments, 0.8, 1 ms, 2 ms, existing kept."""
    data_dir = tmp_path / "Recordings"
    for extra, force in ([], False), (["--no-skip-existing"], True):
        (cells, sources, output, options), kwargs = call(
            "--data-dir", f"{data_dir}/", "--output", "o", *extra
        )
        assert cells == list(ZHAO_CELLS) and output == Path("o")
        assert sources.chan_map_path == tmp_path / "chanMap.mat"
        assert sources.summary_path == tmp_path / "Data Summary.xlsx"
        assert sources.cell_dir("c14") == data_dir / "c14"
        assert (options.duration_s, options.segment_duration_s) == (300.0, 3.0)
        assert (options.train_fraction, options.ms_before, options.ms_after) == (0.8, 1.0, 2.0)
        assert options.skip_seconds == 10.0 and kwargs["force"] is force


def test_linked_data_dir(call, tmp_path):
    """The shared files lie beside the link, not beside what it points to."""
    (tmp_path / "big_disk").mkdir()
    (tmp_path / "Recordings").symlink_to(tmp_path / "big_disk")
    (_, sources, *_), _ = call("--data-dir", tmp_path / "Recordings", "--output", "o")
    assert sources.chan_map_path == tmp_path / "chanMap.mat"
    assert sources.summary_path == tmp_path / "Data Summary.xlsx"
