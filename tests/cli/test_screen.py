"""What every command does with its streams and the three options that all of them take."""

import json
import os
import shutil
import subprocess
import sys

import pytest

from spe1_builder.cli.app import app
from spe1_builder.cli.console import Screen, say, warn
from spe1_builder.dataset.rows.stream import _MAX_THREADS
from spe1_builder.runs.build import build
from tests.cli.test_cli import SMALL_FLAGS
from tests.support.command import run_spe1 as run
from tests.support.project import PROJECT

KEYS = ["command", "status", "results", "warnings", "error"]
ERROR_KEYS = ["what", "where", "expected", "got", "do"]


def answer(*args, cwd=PROJECT):
    """The one JSON document on standard output, and the exit status."""
    done = run(*args, "--json", cwd=cwd)
    assert "Traceback" not in done.stderr
    document = json.loads(done.stdout)
    assert list(document) == KEYS
    if document["error"] is not None:
        assert list(document["error"]) == ERROR_KEYS
    assert (document["status"] == "ok") is (done.returncode == 0)
    return document, done.returncode


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder in which everything has been done once, with ``--json``."""
    folder = tmp_path_factory.mktemp("screen")
    document, status = answer("simulate", ".raw", "c14", "--duration-s", "2.2", cwd=folder)
    assert status == 0 and document["command"] == "simulate" and document["results"]
    document, status = answer("build", "C14", "15", *SMALL_FLAGS, cwd=folder)
    assert status == 1 and document["status"] == "failed" and document["error"] is None
    built, failed = document["results"]
    assert (built["cell"], built["status"], built["simulated"]) == ("c14", "built", True)
    assert built["rows"] == {"train": 4, "test": 2} and built["error"] is None
    assert (failed["cell"], failed["status"]) == ("c15", "failed")
    assert list(failed["error"]) == ERROR_KEYS and "not there" in failed["error"]["what"]
    return folder


def test_json_of_every_command(folder):
    document, status = answer("cells", cwd=folder)
    assert status == 0 and len(document["results"]) == 43
    (c14,) = [cell for cell in document["results"] if cell["cell"] == "c14"]
    assert (
        c14["built"] == {"here": True, "simulated": True, "origin": "simulated"}
        and c14["gt_channel"] == 159
    )
    document, status = answer("verify", "--root", "spe1", cwd=folder)
    assert status == 0 and "no finding" in document["results"][0]["text"]
    document, status = answer("card", cwd=folder)
    assert status == 0 and document["results"] == [{"card": "spe1/README.md"}]
    flags = ("--cells", "14", "c15", "--methods", "COM")
    document, status = answer("benchmark", "localization", *flags, cwd=folder)
    assert status == 1 and document["command"] == "benchmark localization"
    assert document["results"][0]["provenance"]["simulated"] is True
    assert any(text.startswith("not done: c15: ") for text in document["warnings"])
    shutil.copytree(folder / "spe1/c14", folder / "damaged/c14", copy_function=os.link)
    (folder / "damaged/c14/templates.npz").unlink()
    document, status = answer("verify", "damaged", "14", cwd=folder)
    assert status == 1 and all(
        set(one) == {"cell", "where", "finding"} for one in document["results"]
    )


@pytest.mark.parametrize(
    ("args", "status", "words"),
    [
        (["cells", "--root", "nowhere"], 1, "dataset root is not there"),
        (["build", "zaho"], 1, "no cell 'zaho'"),
        (["verify", "--root", "s3://bucket/spe1"], 1, "a place elsewhere"),
        (["download", "c99"], 1, "no cell 'c99'"),
        (["simulate", "x", "--duration-s", "-1"], 1, "cannot be simulated"),
        (["demo", "--dir", "hf://x/y"], 1, "a place elsewhere"),
        (["build"], 2, "Missing argument"),
        (["build", "c14", "--duraton-s", "3"], 2, "No such option"),
        (["build", "c14", "--duration-s", "x"], 2, "--duration-s"),
        (["buidl"], 2, "buidl"),
    ],
)
def test_json_of_errors(args, status, words, tmp_path):
    document, returned = answer(*args, cwd=tmp_path)
    assert returned == status and document["status"] == "failed"
    assert words in document["error"]["what"] and document["error"]["do"]
    assert list(tmp_path.iterdir()) == []


def test_a_command_line_that_cannot_be_understood():
    for args, words in (
        (["buidl"], "Did you mean 'build'?"),
        (["build", "c14", "--duraton-s", "3"], "--duration-s"),
        (["build", "c14", "--threads", "many"], "--threads"),
    ):
        done = run(*args)
        assert done.returncode == 2 and words in done.stderr and done.stdout == ""
        assert "  do:       see spe1" in done.stderr


def test_quiet_and_verbose(folder, tmp_path):
    raw = ("--raw-dir", folder / ".raw")
    done = run("build", "c14", *SMALL_FLAGS, *raw, "--quiet", cwd=tmp_path)
    assert done.returncode == 0 and done.stderr == "" and "built" in done.stdout
    done = run("verify", "-v", cwd=tmp_path)
    assert done.stderr.startswith("verify c14: ") and " MB in " in done.stderr
    done = run("build", "c14", *SMALL_FLAGS, *raw, "--engine", "fats", "--verbose", cwd=tmp_path)
    assert done.returncode == 1 and "Traceback" in done.stderr and "engine cannot be" in done.stderr


def shell(command, cwd=PROJECT):
    line = command.replace("spe1", f"{sys.executable} -m spe1", 1)
    return subprocess.run(
        ["bash", "-c", line],
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": str(PROJECT)},
    )


@pytest.mark.parametrize(
    ("command", "status", "words"),
    [
        ("spe1 cells >/dev/full", 1, "cannot be written to standard output"),
        ("spe1 cells --json >/dev/full", 1, "cannot be written to standard output"),
        ("spe1 --version >/dev/full", 1, "cannot be written to standard output"),
        ("spe1 build --help >/dev/full", 1, "No space left"),
        ("spe1 cells >&-", 1, "there is no standard output"),
        ("spe1 cells 2>&-", 0, ""),
        ("spe1 cells 2>/dev/full", 0, ""),
        ("spe1 build x 2>&-", 1, ""),
        ("spe1 build x 2>/dev/full", 1, ""),
        ("spe1 build x >&- 2>&-", 1, ""),
        ("spe1 cells >/dev/full 2>&1", 1, ""),
    ],
)
def test_streams_that_cannot_be_written(command, status, words):
    done = shell(command)
    assert done.returncode == status
    assert words in done.stderr and "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr


def test_a_reader_that_goes_away():
    # It has gone before the first line is written.
    done = shell("set -o pipefail; spe1 cells | true")
    assert done.returncode != 0 and done.stderr == "" and done.stdout == ""


def test_the_work_goes_on_without_standard_error(folder):
    done = shell("spe1 verify -v 2>&-", cwd=folder)
    assert done.returncode == 0 and "no finding" in done.stdout


def test_completion_is_installed(tmp_path):
    # The shell is named: which one runs the tests differs.
    named = {"_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1", "HOME": str(tmp_path)}
    done = run("--install-completion", "bash", **named)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "spe1" in (tmp_path / ".bashrc").read_text()


def test_every_command_takes_the_three_options():
    import typer

    group = typer.main.get_command(app)
    commands = dict(group.commands)
    commands |= commands.pop("benchmark").commands
    for name, command in commands.items():
        flags = {flag for parameter in command.params for flag in parameter.opts}
        assert {"--quiet", "--verbose", "--json"} <= flags, name


def test_one_number_of_threads():
    words = f"at most {_MAX_THREADS}"
    assert words in run("build", "--help").stdout and words in build.__doc__


def test_the_document_alone():
    from spe1_builder.cli.console import on_screen

    with on_screen(Screen("x", is_json=True)) as screen:
        say("a line")
        warn("look here")
    assert screen.document(0) == {
        "command": "x",
        "status": "ok",
        "results": [{"text": "a line"}],
        "warnings": ["look here"],
        "error": None,
    }
    assert [screen.document(code)["status"] for code in (1, 2, 130)] == [
        "failed",
        "failed",
        "stopped",
    ]
