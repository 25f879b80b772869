"""From the server to the loaded dataset, as a person does it: commands, screens, signals."""

import json
import os
import shutil
import subprocess
import sys

import numpy as np
import pytest

import spe1
from spe1_builder.errors import LoginError, MissingFileError
from spe1_builder.source.archive.server import crcns
from spe1_builder.source.archive.transfer import origin
from tests.support.crcns_faults import PASSWORD, USERNAME, Fault
from tests.support.crcns_server import CrcnsServer
from tests.support.download_command import PROJECT, cell_files, environment, run_command
from tests.support.recordings import SMALL
from tests.support.release import pack, tiny_cell, tiny_release, with_lists

SMALL_FLAGS = [
    *("--skip-seconds", "0.2", "--duration-s", "1.6005667", "--segment-duration-s", "0.31"),
    *("--bad-channel-chunks", "5"),
]


@pytest.fixture
def server():
    with CrcnsServer(tiny_release("c14", "c5", "c26")) as server:
        yield server


@pytest.fixture(scope="module")
def real_server(archive):
    """Serves the simulated cell as the release would: packed, with its own shared files."""
    folder = archive.raw_dir / "Recordings/c14"
    cell = {path.name: path.read_bytes() for path in sorted(folder.iterdir())}
    files = {
        f"SPE1/{name}": (archive.raw_dir / name).read_bytes()
        for name in ("chanMap.mat", "Data Summary.xlsx")
    }
    files["SPE1/Recordings/c14.tar.gz"] = pack(cell, "c14/")
    with CrcnsServer(with_lists(files)) as server:
        yield server


@pytest.fixture
def run(server, tmp_path):
    """Runs the command in an empty folder."""
    return lambda *args, server=server, **more: run_command(server, tmp_path, *args, **more)


def test_download(run, server, tmp_path):
    done = run("download", "c14", "c5", "--root", "spe1")
    assert done.returncode == 0, done.stderr
    assert [line.split(",")[0] for line in done.stdout.splitlines()] == [
        "c14: downloaded",
        "c5: downloaded",
        "next: spe1 build c14 c5 --raw-dir .raw --root spe1",
    ]
    assert "GB free" in done.stderr and "a build of them, up to" in done.stderr
    assert cell_files(tmp_path / ".raw", "c14") == tiny_cell("c14")
    mirrored = {path.name for path in (tmp_path / "spe1").iterdir()}
    assert mirrored == {".spe1", "chanMap.mat", "Data Summary.xlsx", "Data Summary.csv"}
    again = run("download", "c14", "c5", "--root", "spe1", CRCNS_USERNAME="", CRCNS_PASSWORD="")
    assert again.returncode == 0 and again.stdout.count("already here") == 2
    assert "c14" in run("cells").stdout


def test_one_bad_cell_does_not_stop_the_others(run, server, tmp_path):
    server.files["data/c5.tar.gz"] = server.files["data/c5.tar.gz"][:-9] + bytes(9)
    done = run("download", "c1", "c14", "c5", "c26")
    assert done.returncode == 1
    assert "c1: The archive lists no 'c1.tar.gz'" in done.stderr
    assert "c5: c5.tar.gz is not the file that the archive lists" in done.stderr
    assert "not downloaded: c1 c5 (2 of 4)" in done.stderr and "next:" not in done.stdout
    assert done.stdout.count("downloaded") == 2
    assert not (tmp_path / ".raw/Recordings/c5").exists()


def test_what_stops_everything_is_told_once(run, server):
    done = run("download", "c14", "c5", CRCNS_PASSWORD="mistyped")
    assert done.returncode == 1 and "mistyped" not in done.stderr
    assert done.stderr.count("does not accept") == 1 and len(server.posted) == 1
    done = run("download", "c14", CRCNS_USERNAME="", CRCNS_PASSWORD="")
    assert done.returncode == 1 and "register" in done.stderr
    # A failure of the server while cells are fetched: the later ones are not tried.
    run("download", "c14")
    server.faults += [Fault("moved")] * 9
    done = run("download", "c5", "c26")
    assert "not downloaded: c5 c26 (2 of 2)" in done.stderr and done.stderr.count("do:") == 1


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["c99"], "no cell 'c99'"),
        (["c14", "--from", "nowhere"], "folder to copy from is not there"),
        (["c14", "--base-url", "http://example.org/x"], "unencrypted"),
        (["c14", "--from", "https://a:b@c/d"], "more than a place"),
        (["c14", "--from", ".", "--base-url", "https://c/d"], "only one can be the origin"),
        (["c14", "--root", str(PROJECT)], "project's folder"),
    ],
)
def test_mistakes(run, server, args, message):
    done = run("download", *args)
    assert done.returncode == 1 and message in done.stderr and "do:" in done.stderr
    assert server.posted == [], "nothing was asked of the server"


def test_build_says_what_to_run(run, tmp_path):
    done = run("build", "c14")
    assert "spe1 download c14 --raw-dir .raw" in done.stderr
    (tmp_path / ".raw/Recordings").mkdir(parents=True)
    done = run("build", "c14", "c5")
    assert "spe1 download c14 c5 --raw-dir .raw" in done.stderr
    run("download", "c26")
    assert "do:       spe1 download c14 --raw-dir .raw" in run("build", "c14").stderr


# --- the whole path ----------------------------------------------------------------
def test_the_whole_path(run, real_server, built, tmp_path):
    """Login, download with a break, build, load_dataset: the rows of the cell itself."""
    from datasets import load_dataset

    real_server.faults += [Fault("cut", 3_000_000), Fault("expire")]
    done = run("build", "c14", "--download", *SMALL_FLAGS, server=real_server)
    assert done.returncode == 0, done.stderr
    assert "c14: downloaded" in done.stdout and "built" in done.stdout
    got = load_dataset(str(tmp_path / "spe1"), name="c14", cache_dir=str(tmp_path / "cache"))
    expected = spe1.load("c14", root=built.folder.parent)
    for split in ("train", "test"):
        assert got[split]["sample_id"] == expected[split]["sample_id"]
        assert got[split]["ctt"] == expected[split]["ctt"]
        for i in range(len(expected[split])):
            traces_uV = spe1.segment_uV(got[split], i)
            assert np.array_equal(traces_uV, spe1.segment_uV(expected[split], i))
    assert not list((tmp_path / ".raw").glob("*.part*"))
    shutil.rmtree(tmp_path / ".raw/Recordings")


def test_the_whole_path_on_a_cluster(run, real_server, built, tmp_path):
    """Workers log in by themselves; nothing of the account is in a task, a line or a record."""
    where = ["--download", "--cluster", "local:1", *SMALL_FLAGS]
    done = run("build", "c14", *where, "--json", server=real_server)
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert document["results"][0]["status"] == "built"
    stages = [event.get("stage") for event in document["events"] if event["kind"] == "stage"]
    assert stages.index("c14.tar.gz") < stages.index("unpack c14.tar.gz")
    assert stages.index("unpack c14.tar.gz") < stages.index("write segments")
    for line in done.stderr.splitlines():
        assert not line.startswith("{") or json.loads(line)["kind"]
    expected = spe1.load("c14", root=built.folder.parent)["train"]
    got = spe1.load("c14", root=tmp_path / "spe1")["train"]
    assert np.array_equal(spe1.segment_uV(got, 0), spe1.segment_uV(expected, 0))

    shutil.rmtree(tmp_path / ".raw/Recordings")
    done = run("download", "c14", "--cluster", "local:1", server=real_server)
    assert done.returncode == 0, done.stderr
    assert "c14: downloaded" in done.stdout
    assert " c14: is done on tcp://127.0.0.1:" in done.stderr
    done = run("verify", "--cluster", "local:1", server=real_server)
    assert done.returncode == 0 and "no finding" in done.stdout
    shutil.rmtree(tmp_path / ".raw/Recordings")


def test_prepare_sh(real_server, archive, tmp_path):
    """The script of the public card, with its variables."""
    environ = environment(
        real_server,
        tmp_path,
        SPE1_RAW_DIR=f"{tmp_path}/raw dir",
        SPE1_OUT_DIR=f"{tmp_path}/out",
        SPE1_CELLS="c14",
        SPE1_DURATION="1",
        PYTHON=sys.executable,
    )
    command = ["bash", PROJECT / "scripts/prepare.sh"]
    done = subprocess.run(
        command, env=environ, cwd=tmp_path, capture_output=True, text=True, check=False
    )
    # The recording is shorter than the 10 s that are left out: so far, and no further.
    assert done.returncode == 1 and "c14: downloaded" in done.stdout
    assert "settling period" in done.stderr and PASSWORD not in done.stdout + done.stderr
    got, truth = cell_files(tmp_path / "raw dir", "c14"), cell_files(archive.raw_dir, "c14")
    assert got == truth and (tmp_path / "out/chanMap.mat").is_file()
    shutil.rmtree(tmp_path / "raw dir")


def test_prepare_sh_defaults(tmp_path):
    """What it would run, shown by an interpreter that only prints its arguments."""
    printer = tmp_path / "printer"
    printer.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    printer.chmod(0o755)
    keep = {k: v for k, v in os.environ.items() if not k.startswith(("SPE1_", "CRCNS_"))}
    account = {"CRCNS_USERNAME": USERNAME, "CRCNS_PASSWORD": PASSWORD}

    def shown(**more):
        environ = {**keep, **account, "PYTHON": str(printer), **more}
        command = ["bash", PROJECT / "scripts/prepare.sh"]
        done = subprocess.run(command, env=environ, capture_output=True, text=True, check=True)
        return done.stdout.splitlines()

    assert shown() == [
        *("-m", "spe1", "build", "default", "--download"),
        *("--raw-dir", "./.raw", "--root", "./spe1", "--duration-s", "300"),
    ]
    assert shown(SPE1_CELLS="c14  c26")[3:6] == ["c14", "c26", "--download"]


# --- the plain datasets way --------------------------------------------------------
@pytest.fixture
def make_builder(real_server, tmp_path, monkeypatch):
    monkeypatch.setenv("SPE1_CRCNS_URL", real_server.url)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("CRCNS_USERNAME", raising=False)
    monkeypatch.delenv("CRCNS_PASSWORD", raising=False)
    places = {"raw_dir": tmp_path / "raw", "root": tmp_path / "spe1"}
    given = {**places, **SMALL.as_dict(), "cache_dir": str(tmp_path / "cache")}
    yield lambda: spe1.Spe1(config_name="c14", **given)
    shutil.rmtree(tmp_path / "raw", ignore_errors=True)


def test_builder_downloads(make_builder, real_server, built, monkeypatch, tmp_path):
    with pytest.raises(MissingFileError, match="no CRCNS account") as caught:
        make_builder().download_and_prepare()
    assert caught.value.do.startswith(f"spe1 download c14 --raw-dir {tmp_path / 'raw'}")
    netrc = tmp_path / ".netrc"
    netrc.write_text("machine crcns.org login marie password wrong\n")
    netrc.chmod(0o600)
    with pytest.raises(LoginError):
        make_builder().download_and_prepare()
    monkeypatch.setenv("CRCNS_USERNAME", USERNAME)
    monkeypatch.setenv("CRCNS_PASSWORD", PASSWORD)
    # Streaming writes nothing, so it does not download either.
    with pytest.raises(MissingFileError, match="this streams") as caught:
        make_builder().as_streaming_dataset()
    assert "spe1 download c14" in caught.value.do and not (tmp_path / "spe1").exists()
    builder = make_builder()
    builder.download_and_prepare()
    rows = builder.as_dataset()
    expected = spe1.load("c14", root=built.folder.parent)
    assert rows["train"]["ctt"] == expected["train"]["ctt"]
    # The raw recording may go: the cell is built, and nothing is fetched again.
    shutil.rmtree(tmp_path / "raw")
    real_server.posted.clear()
    make_builder().download_and_prepare()
    assert real_server.posted == [] and not (tmp_path / "raw").exists()


def test_the_default_address():
    assert origin.crcns_url(None, {}) == crcns.CRCNS_URL
    assert origin.crcns_url(None, {"SPE1_CRCNS_URL": "https://x/y"}) == "https://x/y"
    assert origin.crcns_url("https://z", {"SPE1_CRCNS_URL": "https://x/y"}) == "https://z"
