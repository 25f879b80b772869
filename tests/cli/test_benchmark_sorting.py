"""The sorting benchmark as a person calls it."""

import json
import os
import shutil

import pytest

from spe1_builder.dataset.verify import verify
from spe1_builder.layout import SORTING_BENCHMARK_NAME
from tests.support.command import run_fresh, run_spe1


def run(*args, call=run_spe1):
    return call("benchmark", "sorting", *args, COLUMNS="100")


@pytest.fixture(scope="module")
def root(built, tmp_path_factory):
    root = tmp_path_factory.mktemp("root") / "spe1"
    shutil.copytree(built.folder.parent, root, copy_function=os.link)
    yield root
    shutil.rmtree(root)


def test_the_command(root, tmp_path):
    done = run(
        *("--cells", "c14", "c5", "--sorters", "threshold,matched_filter", "--root", root),
        *("--plots", tmp_path / "plots", "--markdown", tmp_path / "tables.md"),
        call=run_fresh,
    )
    assert done.returncode == 1 and "Traceback" not in done.stderr  # c5 is not there
    assert "not done: c5: c5 has not been built here." in done.stderr
    assert max(map(len, done.stdout.splitlines())) <= 100
    assert "simulated" in done.stdout.splitlines()[0]
    result = json.loads((root / SORTING_BENCHMARK_NAME).read_text())
    assert [one["sorter"] for one in result["cells"][0]["sorters"]] == [
        "threshold",
        "matched_filter",
    ]
    assert (tmp_path / "plots/report.html").is_file()
    assert "**Best unit of each sorter**" in (tmp_path / "tables.md").read_text()
    assert verify(root).ok
    # What has more in it stays.
    less = run("--cells", "c14", "--sorters", "threshold", "--root", root)
    assert less.returncode == 1 and "has more in it" in less.stderr
    assert json.loads((root / SORTING_BENCHMARK_NAME).read_text()) == result


def test_json_and_a_name_that_is_none(root):
    done = run("--cells", "c14", "--root", root, "--json", "--allow-missing", "--force")
    document = json.loads(done.stdout)
    assert done.returncode == 0 and document["command"] == "benchmark sorting"
    assert document["results"][0]["cells"][0]["cell_id"] == "c14"
    done = run("--cells", "c14", "--root", root, "--sorters", "kilosort9")
    assert done.returncode == 1 and "no sorter 'kilosort9'" in done.stderr
