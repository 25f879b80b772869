"""The command line as a person uses it: real processes, their output and exit status."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from spe1_builder import __version__
from spe1_builder.cells import ZHAO_CELLS, get_cell
from tests.support.command import run_fresh
from tests.support.command import run_spe1 as run
from tests.support.project import PROJECT

SMALL_FLAGS = [
    *("--skip-seconds", "0.2", "--duration-s", "1.6005667", "--segment-duration-s", "0.31"),
    *("--bad-channel-chunks", "5"),
]


def test_help_lists_the_commands():
    done = run_fresh("--help")
    assert done.returncode == 0
    for command in ("demo", "cells", "simulate", "build", "verify"):
        assert command in done.stdout
    assert run("-h").stdout == done.stdout
    assert "[CELL]..." in run("simulate", "-h").stdout


def test_version():
    assert run_fresh("--version").stdout == f"spe1 {__version__}\n"


def test_help_is_quick():
    """The command line imports nothing heavy until it is needed."""
    code = "import sys, spe1_builder.cli.app; print(sorted({m.split('.')[0] for m in sys.modules}))"
    modules = subprocess.run(
        [sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, check=True
    ).stdout
    for heavy in ("numpy", "datasets", "pyarrow", "numba", "spikeinterface", "pydantic"):
        assert f"'{heavy}'" not in modules


def test_cells_table(archive, built):
    done = run_fresh("cells", "--root", built.folder.parent, "--raw-dir", archive.raw_dir)
    assert done.returncode == 0
    rows = {line.split()[0]: line for line in done.stdout.splitlines() if line.startswith("c")}
    assert len([name for name in rows if name[1:].isdigit()]) == 43
    assert "raw built (simulated)" in rows["c14"] and "default, zhao" in rows["c14"]
    assert "159" in rows["c14"] and "Juxta, VC" in rows["c14"]
    assert rows["c5"].endswith("raw (simulated)") and rows["c1"].split()[-1] == "-"
    assert "1 built" in done.stdout and "1 of them simulated" in done.stdout


def test_output_that_knows_no_micro_sign():
    done = run("cells", PYTHONIOENCODING="ascii")
    assert done.returncode == 0 and "43 cells" in done.stdout, done.stderr


@pytest.fixture(scope="module")
def session(tmp_path_factory):
    """A session in an empty folder: simulate c14 and c26, build them and one that is missing."""
    folder = tmp_path_factory.mktemp("session")
    simulated = run(
        *("simulate", ".raw", "c14", "--cells", "c26", "--duration-s", "2.2"),
        cwd=folder,
    )
    built = run_fresh("build", "c14", "c15", "c26", *SMALL_FLAGS, cwd=folder)
    yield folder, simulated, built
    shutil.rmtree(folder)


def test_simulate(session):
    folder, simulated, _ = session
    assert simulated.returncode == 0, simulated.stderr
    assert "2 simulated cells" in simulated.stdout
    assert (folder / ".raw/Recordings/c26/c26_npx_raw.bin").is_file()


@pytest.mark.parametrize("flags", [[], ["--easy"]], ids=["catalogue", "easy"])
def test_simulate_is_as_hard_as_asked(tmp_path, flags):
    done = run("simulate", ".raw", "c15", "--duration-s", "0.3", *flags, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    truth = json.loads((tmp_path / ".raw/truth/c15.json").read_text())
    c15 = get_cell("c15")
    peak_to_peak_uV, distance_um, noise = (
        (150.0, 25.0, "easy") if flags else (c15.jta_peak_to_peak_uV, c15.distance_um, "measured")
    )
    assert truth["location_um"][2] == distance_um
    assert truth["peak_to_peak_uV"] == pytest.approx(peak_to_peak_uV)
    assert truth["options"]["noise"] == noise


def test_one_failing_cell_does_not_stop_the_others(session):
    folder, _, built = session
    assert built.returncode == 1
    assert "c15: The raw recording of c15 is not there." in built.stderr
    assert "1 of 3 cells failed" in built.stderr
    lines = {line.split()[0]: line for line in built.stdout.splitlines() if line.startswith("c")}
    assert "FAILED" in lines["c15"] and "The raw recording of c15 is not there" in lines["c15"]
    assert "built" in lines["c14"] and "4 + 2" in lines["c14"] and "159" in lines["c14"]
    assert "built" in lines["c26"]
    assert "GB to" in built.stderr and "GB free" in built.stderr  # the size, before the work
    assert "\r" not in built.stderr and "%|" not in built.stderr  # no bars without a terminal
    assert (folder / "spe1/c26/patch_quicklook.png").is_file()


def test_missing_recordings_are_told_once(session):
    done = run("build", "c14", "zhao", *SMALL_FLAGS, cwd=session[0])
    assert done.returncode == 1
    assert done.stderr.count("not there") == 1 and "c15, c16, c19" in done.stderr
    lines = {line.split()[0]: line for line in done.stdout.splitlines() if line.startswith("c")}
    assert [name for name in lines if "FAILED" in lines[name]] == [
        cell_id for cell_id in ZHAO_CELLS if cell_id not in ("c14", "c26")
    ]
    assert "up to date" in lines["c14"] and "no raw recording" in lines["c16"]


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
    done = run_fresh("verify", cwd=folder)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout == "spe1: 2 cells, 12 rows checked, no finding\n"
    assert run_fresh("card", cwd=folder).stdout.split() == ["spe1/README.md"]
    assert "USER/spe1" in (folder / "spe1/README.md").read_text(encoding="utf-8")
    for flags in (["--repo", "user/spe1"], []):  # kept
        assert run("card", *flags, cwd=folder).returncode == 0
        assert 'snapshot_download("user/spe1"' in (folder / "spe1/README.md").read_text("utf-8")
    damaged = folder / "damaged"
    shutil.copytree(folder / "spe1", damaged)
    shard = next((damaged / "c14/train").glob("data-*.arrow"))
    data = bytearray(shard.read_bytes())
    data[len(data) // 2] ^= 0x40
    shard.write_bytes(bytes(data))
    done = run("verify", damaged, cwd=folder)
    assert done.returncode == 1
    assert all("c14" in line or "c26" in line for line in done.stdout.splitlines())
    assert any("xxh3_128" in line for line in done.stdout.splitlines())
    assert run("verify", damaged, "c26", cwd=folder).returncode == 0
    shutil.rmtree(damaged)


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["build", "../x"], "SPE-1 has no cell"),
        (["build", "c14", "--train-fraction", "1"], "train_fraction cannot be 1.0"),
        (["build", "c14"], "The raw folder .raw does not exist"),
        (["verify", "nowhere"], "nowhere"),
        (["verify", "c14"], "The dataset root is not there"),
        (["cells", "--root", "nowhere"], "The dataset root is not there"),
        (["cells", "--raw-dir", "nowhere"], "The raw folder is not there"),
        (["build", "zaho"], "did you mean zhao?"),
        (["build", "c14", "--engine", "fats"], "fast"),
        (["build", "c14", "--raw-dir", "s3://bucket/raw"], "--raw-dir is a place elsewhere"),
        (["build", "c14", "--root", "s3://bucket/spe1"], "--root is a place elsewhere"),
        (["build", "c14", "--chan-map", "s3://x/c.mat"], "--chan-map is a place elsewhere"),
        (["build", "c14", "--summary", "s3://x/s.xlsx"], "--summary is a place elsewhere"),
        (["build", "c14", "--recordings", "s3://x/r"], "--recordings is a place elsewhere"),
        (["simulate", "s3://bucket/raw"], "FOLDER is a place elsewhere"),
        (["demo", "--dir", "s3://bucket/demo"], "--dir is a place elsewhere"),
        (["verify", "s3://bucket/spe1"], "ROOT is a place elsewhere"),
        (["verify", "--root", "s3://bucket/spe1"], "--root is a place elsewhere"),
        (["card", "s3://bucket/spe1"], "ROOT is a place elsewhere"),
        (["card", "spe1", "c14"], "lists every cell"),
        (["cells", "--root", "gs://bucket/spe1"], "--root is a place elsewhere"),
        (["download", "c14", "--raw-dir", "s3://bucket/raw"], "--raw-dir is a place elsewhere"),
        (["download", "c14", "--from", "s3://bucket/raw"], "--from is a place elsewhere"),
        (["benchmark", "localization", "--root", "s3://b/spe1"], "--root is a place elsewhere"),
        (["benchmark", "localization", "--plots", "s3://b/p"], "--plots is a place elsewhere"),
        (["benchmark", "localization", "--output", "s3://b/o"], "--output is a place elsewhere"),
        (["card", "nowhere"], "The dataset root is not there"),
        (["card", "."], "No cell has been built here"),
        (["simulate", "x", "--duration-s", "-1"], "duration_s"),
    ],
)
def test_mistakes_get_a_message_not_a_traceback(tmp_path, args, message):
    done = run(*args, cwd=tmp_path)
    assert done.returncode == 1
    assert message in done.stderr and "do:" in done.stderr
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_cell_is_no_root(session):
    for command, cell in ("verify", " c14"), ("card", ""):
        advice = f"spe1 {command}{cell} --root {session[0] / 'spe1'}"
        done = run(command, "spe1/c14", cwd=session[0])
        assert done.returncode == 1
        assert "That is a cell" in done.stderr and advice in done.stderr


def test_no_thread_is_refused(session):
    done = run("build", "c14", "--threads", "0", cwd=session[0])
    assert done.returncode == 1 and "1 or more" in done.stderr


@pytest.mark.parametrize("part", ["Recordings", "Recordings/c14"])
def test_part_of_the_archive_as_raw_dir(session, part):
    raw_dir = session[0] / ".raw"
    done = run("build", "c14", "--raw-dir", raw_dir / part, cwd=session[0])
    assert done.returncode == 1
    assert "did you mean its parent?" in done.stderr
    assert done.stderr.rstrip().endswith(f"--raw-dir {raw_dir}")


def test_ctrl_c(tmp_path):
    """It says that it stopped, exits with 130, and leaves no half cell."""
    # Where the tests run in the background, SIGINT is ignored from the start.
    code = (
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "from spe1_builder.cli.app import main; main()"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, "simulate", "raw", "--duration-s", "30"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(PROJECT)},
    )
    deadline = time.monotonic() + 60
    while not list(tmp_path.glob("raw/Recordings/c14.incomplete/*.bin")):
        assert process.poll() is None and time.monotonic() < deadline, process.communicate()
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "spe1: stopped" in stderr and "Traceback" not in stderr
    assert list((tmp_path / "raw/Recordings").iterdir()) == []


def raw_of(demo):
    return demo / "raw/Recordings/c14/c14_npx_raw.bin"


def test_demo(monkeypatch, tmp_path, capsys):
    """The demo in small: it says what it did, and where the picture lies."""
    from spe1_builder.cli import walkthrough
    from tests.support.recordings import SMALL

    monkeypatch.setattr(walkthrough, "RECORDING_S", 2.2)
    monkeypatch.setattr(walkthrough, "OPTIONS", SMALL)
    walkthrough.run_demo(tmp_path / "demo")
    text, errors = capsys.readouterr()
    assert "GB free" in errors and "%|" not in errors  # what it will write, but no bars
    assert {path.name for path in (tmp_path / "demo").iterdir()} == {"raw", "spe1", "cache"}
    assert "load_dataset" in text and "load_from_disk" in text and "segment_uV" in text
    # The real neuron lies beside the labelled electrode, and so does the planted one.
    assert "peak channel 161 (planted: 161), ground-truth electrode 159" in text
    assert "monopolar triangulation: " in text and "control: peak channel: 25.6" in text
    assert "um (semi-real)" in text
    assert (tmp_path / "demo/spe1/localization_benchmark.json").is_file()
    picture = next(line for line in text.splitlines() if line.startswith("picture:")).split()[-1]
    assert Path(picture).read_bytes().startswith(b"\x89PNG")
    metadata = json.loads((Path(picture).parent / "conversion_metadata.json").read_text())
    assert metadata["provenance"]["simulated"] is True
    assert metadata["provenance"]["origin"] == "semi-real"
    # Again: nothing is simulated or built a second time, and the answer is the same.
    shard = next((tmp_path / "demo/spe1/c14/train").glob("*.arrow"))
    made = [path.stat().st_mtime_ns for path in (shard, raw_of(tmp_path / "demo"))]
    walkthrough.run_demo(tmp_path / "demo")
    again, _ = capsys.readouterr()
    assert [path.stat().st_mtime_ns for path in (shard, raw_of(tmp_path / "demo"))] == made
    assert "from an earlier demo" in again and "up to date in" in again
    assert again.splitlines()[-4:] == text.splitlines()[-4:]
