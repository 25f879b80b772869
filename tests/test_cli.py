"""The command line as a person uses it: real processes, their output and exit status."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from builder.cells import ZHAO_CELLS

PROJECT = Path(__file__).parents[1]
SMALL_FLAGS = [
    *("--skip-seconds", "0.2", "--duration-s", "1.6005667", "--segment-duration-s", "0.31"),
    *("--bad-channel-chunks", "5"),
]


def run(*args, script=None, cwd=PROJECT):
    command = [sys.executable, *([script] if script else ["-m", "builder.cli"]), *map(str, args)]
    return subprocess.run(
        command,
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
        env={**__import__("os").environ, "PYTHONPATH": str(PROJECT), "COLUMNS": "250"},
    )


def test_help_lists_the_commands():
    done = run("--help")
    assert done.returncode == 0
    for command in ("demo", "cells", "simulate", "build", "verify"):
        assert command in done.stdout


def test_help_is_quick():
    """The command line imports nothing heavy until it is needed."""
    code = "import sys, builder.cli; print(sorted({m.split('.')[0] for m in sys.modules}))"
    modules = subprocess.run(
        [sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, check=True
    ).stdout
    for heavy in ("numpy", "datasets", "pyarrow", "numba", "spikeinterface", "pydantic"):
        assert f"'{heavy}'" not in modules


def test_cells_table(archive, built):
    done = run("cells", "--root", built.folder.parent, "--raw-dir", archive.raw_dir)
    assert done.returncode == 0
    rows = {line.split()[0]: line for line in done.stdout.splitlines() if line.startswith("c")}
    assert len([name for name in rows if name[1:].isdigit()]) == 43
    assert "raw built" in rows["c14"] and "default, zhao" in rows["c14"]
    assert "159" in rows["c14"] and "Juxta, VC" in rows["c14"]
    assert rows["c5"].split()[-1] == "raw" and rows["c1"].split()[-1] == "-"
    assert "1 built" in done.stdout


@pytest.fixture(scope="module")
def session(tmp_path_factory):
    """A session in an empty folder: simulate c14 and c26, build them and one that is missing."""
    folder = tmp_path_factory.mktemp("session")
    simulated = run(
        *("simulate", ".raw", "--cells", "c14", "--cells", "c26", "--duration-s", "2.2"),
        cwd=folder,
    )
    built = run("build", "c14", "c15", "c26", *SMALL_FLAGS, cwd=folder)
    yield folder, simulated, built
    shutil.rmtree(folder)


def test_simulate(session):
    folder, simulated, _ = session
    assert simulated.returncode == 0, simulated.stderr
    assert "2 simulated cells" in simulated.stdout
    assert (folder / ".raw/Recordings/c26/c26_npx_raw.bin").is_file()


def test_one_failing_cell_does_not_stop_the_others(session):
    folder, _, built = session
    assert built.returncode == 1
    assert "c15: The raw recording of c15 is not there." in built.stderr
    assert "1 of 3 cells failed" in built.stderr
    lines = {line.split()[0]: line for line in built.stdout.splitlines() if line.startswith("c")}
    assert "FAILED" in lines["c15"] and "MissingFileError" in lines["c15"]
    assert "built" in lines["c14"] and "4 + 2" in lines["c14"] and "159" in lines["c14"]
    assert "built" in lines["c26"]
    assert "GB to" in built.stderr and "GB free" in built.stderr  # the size, before the work
    assert "\r" not in built.stderr and "%|" not in built.stderr  # no bars without a terminal
    assert (folder / "spe1/c26/patch_quicklook.png").is_file()


def test_second_run_does_nothing(session):
    folder = session[0]
    before = (folder / "spe1/c14/conversion_metadata.json").stat().st_mtime_ns
    done = run("build", "c14", "c26", *SMALL_FLAGS, cwd=folder)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("up to date") == 2
    assert (folder / "spe1/c14/conversion_metadata.json").stat().st_mtime_ns == before


def test_other_options_are_refused(session):
    done = run("build", "c14", *SMALL_FLAGS, "--ms-after", "3", cwd=session[0])
    assert done.returncode == 1
    assert "ms_after 2.0 there, 3.0 asked" in done.stderr and "--force" in done.stderr


def test_verify_and_its_exit_status(session):
    folder = session[0]
    done = run("verify", "spe1", cwd=folder)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "as the contract says" in done.stdout
    damaged = folder / "damaged"
    shutil.copytree(folder / "spe1", damaged)
    shard = next((damaged / "c14/train").glob("data-*.arrow"))
    data = bytearray(shard.read_bytes())
    data[len(data) // 2] ^= 0x40
    shard.write_bytes(bytes(data))
    done = run("verify", damaged, cwd=folder)
    assert done.returncode == 1
    assert all("c14" in line or "c26" in line for line in done.stdout.splitlines())
    assert any("sha256" in line for line in done.stdout.splitlines())
    assert run("verify", damaged, "c26", cwd=folder).returncode == 0
    shutil.rmtree(damaged)


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["build", "../x"], "SPE-1 has no cell"),
        (["build", "c14", "--train-fraction", "1"], "train_fraction cannot be 1.0"),
        (["verify", "nowhere"], "nowhere"),
        (["simulate", "x", "--duration-s", "-1"], "duration_s"),
    ],
)
def test_mistakes_get_a_message_not_a_traceback(tmp_path, args, message):
    done = run(*args, cwd=tmp_path)
    assert done.returncode == 1
    assert message in done.stderr and "do:" in done.stderr
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_public_converters_flags(session, tmp_path):
    """`convert_to_arrow.py` takes what the public one takes, and writes the same layout."""
    folder = session[0]
    script = PROJECT / "scripts/convert_to_arrow.py"
    assert "--no-skip-existing" in run("--help", script=script).stdout
    flags = [
        *("--data-dir", folder / ".raw/Recordings/", "--chan-map", folder / ".raw/chanMap.mat"),
        *("--summary", folder / ".raw/Data Summary.xlsx", "--output", tmp_path / "out"),
        *("--cells", "c14", "--duration", "1", "--segment-duration", "0.5"),
        *("--train-fraction", "0.5", "--ms-before", "1", "--ms-after", "2"),
    ]
    # The converter always skips 10 s; this recording is shorter.
    done = run(*flags, script=script)
    assert done.returncode == 1 and "settling period" in done.stderr


def test_public_converters_defaults(monkeypatch, tmp_path):
    """Same defaults: 11 cells, 300 s, 3-s segments, 0.8, 1 ms, 2 ms, existing kept."""
    import importlib.util

    path = PROJECT / "scripts/convert_to_arrow.py"
    spec = importlib.util.spec_from_file_location("convert_to_arrow", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    calls = []
    monkeypatch.setattr(module, "build_cells", lambda *args, **kwargs: calls.append((args, kwargs)))
    data_dir = tmp_path / "Recordings"
    for extra, force in ([], False), (["--no-skip-existing"], True):
        argv = ["x", "--data-dir", f"{data_dir}/", "--output", "o", *extra]
        monkeypatch.setattr(sys, "argv", argv)
        module.main()
        (cells, sources, output, options), kwargs = calls.pop()
        assert cells == list(ZHAO_CELLS) and output == Path("o")
        assert sources.chan_map_path == tmp_path / "chanMap.mat"
        assert sources.summary_path == tmp_path / "Data Summary.xlsx"
        assert sources.cell_dir("c14") == data_dir / "c14"
        assert (options.duration_s, options.segment_duration_s) == (300.0, 3.0)
        assert (options.train_fraction, options.ms_before, options.ms_after) == (0.8, 1.0, 2.0)
        assert options.skip_seconds == 10.0 and kwargs["force"] is force


def test_demo(monkeypatch, tmp_path, capsys):
    """The demo in small: it says what it did, and where the picture lies."""
    from builder import demo
    from tests.recordings import SMALL

    monkeypatch.setattr(demo, "RECORDING_S", 2.2)
    monkeypatch.setattr(demo, "OPTIONS", SMALL)
    demo.run_demo(tmp_path / "demo")
    text = capsys.readouterr().out
    assert "load_dataset" in text and "load_from_disk" in text and "segment_uV" in text
    assert "planted: 159" in text
    picture = next(line for line in text.splitlines() if line.startswith("picture:")).split()[-1]
    assert Path(picture).read_bytes().startswith(b"\x89PNG")
    metadata = json.loads((Path(picture).parent / "conversion_metadata.json").read_text())
    assert metadata["provenance"]["simulated"] is True
