"""The benchmark as a person calls it."""

import json
import os
import shutil
import subprocess
import sys

import pytest

from spe1_builder.cli.benchmark import spread
from spe1_builder.dataset.card.card import card_text
from spe1_builder.dataset.card.root_files import write_card
from spe1_builder.layout import BENCHMARK_NAME
from tests.support.project import PROJECT


def run(*args, script="spe1.py", cwd=PROJECT):
    return subprocess.run(
        [sys.executable, PROJECT / script, *map(str, args)],
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": str(PROJECT), "COLUMNS": "250"},
    )


@pytest.fixture(scope="module")
def root(built, tmp_path_factory):
    """The built cell in a root of its own, by links."""
    root = tmp_path_factory.mktemp("root") / "spe1"
    shutil.copytree(built.folder.parent, root, copy_function=os.link)
    return root


@pytest.fixture(scope="module")
def session(root, archive):
    """The script with most of its flags, the cells after one flag as the public one has them."""
    return run(
        *("--cells", "c14", "c9", "--with-spikes", "--root", root, "--raw-dir", archive.raw_dir),
        *("--methods", "COM", "MT", "--masking", "as-published", "--plots", root.parent / "plots"),
        *("--tolerance-um", "40", "--n-jobs", "2"),
        script="scripts/reproduce_zhao2026.py",
        cwd=root.parent,
    )


def test_the_script(session, root):
    assert session.returncode == 0, session.stderr
    lines = session.stdout.splitlines()
    assert "simulated" in lines[0]
    assert any(line.startswith("| c9 ") and "no cell 'c9'" in line for line in lines)
    assert "accuracy < 40 um" in session.stdout and "grid convolution" not in session.stdout
    result = json.loads((root / BENCHMARK_NAME).read_text())
    assert result["schema_version"] == 1 and result["provenance"]["simulated"] is True
    assert result["parameters"]["methods"] == ["center_of_mass", "monopolar_triangulation"]
    assert (root.parent / "plots/report.html").stat().st_size > 10_000
    assert "\r" not in session.stderr


def test_the_card_lists_the_result(session, root, built):
    assert session.returncode == 0
    assert BENCHMARK_NAME in (root / "README.md").read_text()
    assert BENCHMARK_NAME not in (built.folder.parent / "README.md").read_text()
    assert card_text([]).count(BENCHMARK_NAME) == 0
    done = run("verify", root)
    assert done.returncode == 0, done.stdout
    (root / BENCHMARK_NAME).rename(root / "gone.json")
    assert BENCHMARK_NAME not in write_card(root).read_text()
    (root / "gone.json").rename(root / BENCHMARK_NAME)


def test_nothing_computed_is_an_error(root, tmp_path):
    output = tmp_path / "b.json"
    done = run("benchmark", "localization", "--root", root, "--cells", "c15", "--output", output)
    assert done.returncode == 1 and not output.exists()
    assert "Not one cell could be scored" in done.stderr and "c15" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_former_word_of_masking_is_taken(root, tmp_path):
    flags = ("--root", root, "--cells", "c14", "--methods", "com", "--masking", "masked")
    done = run("benchmark", "localization", *flags, "--output", tmp_path / "b.json")
    assert done.returncode == 0, done.stderr
    assert json.loads((tmp_path / "b.json").read_text())["parameters"]["masking"] == "corrected"


def test_help_lists_the_methods():
    done = run("benchmark", "localization", "--help")
    assert done.returncode == 0 and "COM, MT, GC; default: all." in done.stdout


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--root", "nowhere"], "dataset root is not there"),
        (["--output", "no/such/b.json"], "cannot be written there"),
        (["--plots", str(PROJECT / "README.md")], "not a folder"),
        (["--methods", "PCA"], "no such localization method"),
        (["--tolerance-um", "-1"], "tolerance_um"),
    ],
)
def test_bad_calls(root, flags, words):
    if "--root" not in flags:
        flags = ["--root", str(root), *flags]
    done = run("benchmark", "localization", *flags)
    assert done.returncode == 1
    assert words in done.stderr and "do:" in done.stderr and "Traceback" not in done.stderr


def test_spread():
    flags = ("--cells", "--methods")
    assert spread(["--cells", "c14", "c45", "--root", "x"], flags) == [
        *("--cells", "c14", "--cells", "c45", "--root", "x"),
    ]
    assert spread(["--cells=c14", "x"], flags) == ["--cells=c14", "x"]
