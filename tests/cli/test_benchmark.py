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
from tests.support.command import run_fresh
from tests.support.command import run_spe1 as run
from tests.support.project import PROJECT


@pytest.fixture(scope="module")
def root(built, tmp_path_factory):
    """The built cell in a root of its own, by links."""
    root = tmp_path_factory.mktemp("root") / "spe1"
    shutil.copytree(built.folder.parent, root, copy_function=os.link)
    return root


@pytest.fixture(scope="module")
def session(root, archive):
    """The script with most of its flags, the cells after one flag as the public one has them."""
    return run_fresh(
        *("--cells", "c14", "c9", "--with-spikes", "--root", root, "--raw-dir", archive.raw_dir),
        *("--methods", "COM", "MT", "--masking", "as-published", "--plots", root.parent / "plots"),
        *("--tolerance-um", "40", "--n-jobs", "2", "--markdown", root.parent / "tables.md"),
        start=[PROJECT / "scripts/reproduce_zhao2026.py"],
        cwd=root.parent,
    )


def test_the_script(session, root):
    assert session.returncode == 1 and "Traceback" not in session.stderr  # there is no c9
    assert "not done: c9: SPE-1 has no cell 'c9'." in session.stderr
    lines = session.stdout.splitlines()
    assert "simulated" in lines[0] and max(map(len, lines[: lines.index("")])) <= 80
    assert "grid convolution" not in session.stdout and "< 40 um" in session.stdout
    text = (root.parent / "tables.md").read_text()
    assert "simulated" in text.splitlines()[0] and "accuracy < 40 um" in text
    assert any(line.startswith("| c9 ") and "no cell 'c9'" in line for line in text.splitlines())
    assert "| c14 (simulated) |" in text and "ublished" not in text.partition("\n")[2]
    result = json.loads((root / BENCHMARK_NAME).read_text())
    assert result["schema_version"] == 1 and result["provenance"]["simulated"] is True
    assert result["parameters"]["methods"] == ["center_of_mass", "monopolar_triangulation"]
    assert (root.parent / "plots/report.html").stat().st_size > 10_000
    assert "\r" not in session.stderr


def test_the_card_lists_the_result(session, root, built):
    assert BENCHMARK_NAME in (root / "README.md").read_text()
    assert BENCHMARK_NAME not in (built.folder.parent / "README.md").read_text()
    assert card_text([]).count(BENCHMARK_NAME) == 0
    done = run("verify", root)
    assert done.returncode == 0, done.stdout
    (root / BENCHMARK_NAME).rename(root / "gone.json")
    assert BENCHMARK_NAME not in write_card(root).read_text()
    (root / "gone.json").rename(root / BENCHMARK_NAME)


def localization(root, *flags):
    return run("benchmark", "localization", "--root", root, "--methods", "COM", *flags)


def test_a_part_that_could_not_be_done(root, tmp_path):
    """Two of eleven cells, or no raw data for the degradation: the rest, and exit status 1."""
    asked = [
        (["--cells", "c14,c15"], "not done: c15: c15 has not been built here."),
        (["--cells", "14", "--degradation", "--raw-dir", "nowhere"], "degradation: "),
    ]
    for flags, words in asked:
        output = ("--output", tmp_path / "b.json", "--force")
        done = localization(root, *flags, *output)
        assert done.returncode == 1 and words in done.stderr, done.stderr
        assert "center of mass" in done.stdout and "Traceback" not in done.stderr
        done = localization(root, *flags, *output, "--allow-missing")
        assert done.returncode == 0 and words in done.stderr


@pytest.fixture
def full(root, archive, tmp_path):
    """A result that has spikes and a degradation."""
    output = tmp_path / "b.json"
    flags = ("--raw-dir", archive.raw_dir, "--seeds", "1")
    done = localization(root, "--with-spikes", "--degradation", *flags, "--output", output)
    assert done.returncode == 0, done.stderr
    assert "Electrodes die, spikes: median error" in done.stdout
    assert max(map(len, done.stdout.splitlines()[:-1])) <= 80
    return output


def test_a_fuller_result_is_kept(root, full, tmp_path):
    before = full.read_bytes()
    for flags, lost in (
        ([], "lost: levels spikes; degradation."),
        (["--with-spikes", "--degradation", "--seeds", "0"], "seeds cannot be"),
        (["--with-spikes", "--degradation", "--methods", "MT"], "lost: methods center of mass"),
    ):
        done = localization(root, *flags, "--output", full)
        if "--methods" in flags:
            done = run("benchmark", "localization", "--root", root, *flags, "--output", full)
        assert done.returncode == 1 and lost in done.stderr and "do:" in done.stderr
        assert full.read_bytes() == before and not done.stdout
    # What turns out only at the end: the new result goes beside, the fuller one stays.
    flags = ("--with-spikes", "--degradation", "--raw-dir", tmp_path / "nowhere", "--seeds", "1")
    done = localization(root, *flags, "--output", full)
    assert done.returncode == 1 and "has more in it and stays" in done.stderr
    assert full.read_bytes() == before
    assert json.loads((tmp_path / "b.partial.json").read_text())["degradation"] is None
    assert localization(root, "--output", full, "--force").returncode == 0
    assert json.loads(full.read_bytes())["degradation"] is None
    assert localization(root, "--output", full).returncode == 0  # the same again


def test_two_at_once_into_one_root(root, tmp_path):
    """Each writes the result and the card as if it were alone."""
    own = tmp_path / "spe1"
    shutil.copytree(root, own, copy_function=shutil.copy)
    code = (
        "import sys; from pathlib import Path\n"
        "from spe1_builder.benchmark.localization.schema import read_benchmark\n"
        "from spe1_builder.cli.benchmark_files import Places, write_result\n"
        "root = Path(sys.argv[1]); target = root / 'localization_benchmark.json'\n"
        "result = read_benchmark(target)\n"
        "for _ in range(8): write_result(root, target, result, Places(target, None, None))\n"
    )
    command = [sys.executable, "-c", code, str(own)]
    environment = {**os.environ, "PYTHONPATH": str(PROJECT / "builder")}
    both = [
        subprocess.Popen(
            command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )
        for _ in range(2)
    ]
    assert [one.communicate(timeout=120)[1] for one in both] == [b"", b""]
    assert [one.returncode for one in both] == [0, 0]


def test_a_file_that_is_no_result_is_kept(root, tmp_path):
    (tmp_path / "notes.json").write_text("{}")
    done = localization(root, "--output", tmp_path / "notes.json")
    assert done.returncode == 1 and "no result that can be read" in done.stderr
    assert (tmp_path / "notes.json").read_text() == "{}"


def test_one_cell_has_no_intervals(root, tmp_path):
    done = localization(root, "--output", tmp_path / "b.json", "--markdown", tmp_path / "t.md")
    assert "% interval" not in done.stdout and "[" not in done.stdout
    assert "CI" not in (tmp_path / "t.md").read_text()
    assert "1 template (simulated)" in done.stdout


def test_nothing_computed_is_an_error(root, tmp_path):
    output = tmp_path / "b.json"
    done = run("benchmark", "localization", "--root", root, "--cells", "c15", "--output", output)
    assert done.returncode == 1 and not output.exists()
    assert "Not one cell could be scored" in done.stderr and "c15" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_former_word_of_masking_is_taken(root, tmp_path):
    flags = ("--root", root, "--cells", "c14", "--methods", "com", "--masking", "masked")
    done = run_fresh("benchmark", "localization", *flags, "--output", tmp_path / "b.json")
    assert done.returncode == 0, done.stderr
    assert json.loads((tmp_path / "b.json").read_text())["parameters"]["masking"] == "corrected"


def test_help_lists_the_methods():
    done = run("benchmark", "localization", "--help")
    assert done.returncode == 0 and "COM, MT, GC, PS; default: all." in done.stdout


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
