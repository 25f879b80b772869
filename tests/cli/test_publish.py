"""``spe1 publish`` as a user runs it, against a Hub on loopback."""

import json
import subprocess
import sys

import pytest

from tests.hub.roots import REPO, expected_files, hub_files, own_copy
from tests.support.hub.client import environment
from tests.support.hub.server import TOKEN, Hub


@pytest.fixture
def root(built, tmp_path):
    return own_copy(built.folder.parent, tmp_path)


@pytest.fixture
def run(root, tmp_path):
    with Hub(tmp_path / "store") as hub:

        def call(*words, token=TOKEN):
            done = subprocess.run(
                [sys.executable, "-m", "spe1_builder.cli", "publish", *words],
                cwd=root.parent,
                env=environment(hub, tmp_path / "home", token=token),
                capture_output=True,
                text=True,
                timeout=120,
                check=False,
            )
            assert TOKEN not in done.stdout + done.stderr
            return done

        call.hub = hub
        yield call


def test_plan_then_publish_then_nothing_to_do_then_check(run, root):
    refused = run("--repo", REPO)
    assert refused.returncode == 1
    assert "refused: c14: it is simulated, not recorded" in refused.stderr

    plan = run("--repo", REPO, "--allow-simulated", "--json")
    assert plan.returncode == 0
    results = json.loads(plan.stdout)["results"]
    assert [(row["name"], row["state"]) for row in results[:-1]] == [
        ("c14", "new"),
        ("views and side files", "new"),
        ("card and index", "new"),
    ]
    assert results[-1]["creates"] and results[-1]["private"] and results[-1]["tag"] == "v1.3.0"
    assert not run.hub.repos

    done = run("--repo", REPO, "--allow-simulated", "--yes")
    assert done.returncode == 0, done.stderr
    assert "3 commits, tag v1.3.0" in done.stdout
    assert hub_files(run.hub) == expected_files(root)

    again = run("--repo", REPO, "--allow-simulated", "--yes")
    assert again.returncode == 0 and "nothing to do" in again.stdout

    check = run("--repo", REPO, "--check")
    assert check.returncode == 0, check.stdout + check.stderr
    assert "loaded back: cells, spikes/train, spikes/test, c14" in check.stdout


def test_nobody_is_logged_in(run):
    done = run("--repo", REPO, "--allow-simulated", token=None)
    assert done.returncode == 1
    assert "hf auth login" in done.stderr and "Traceback" not in done.stderr


def test_a_name_that_is_none(run):
    done = run("--repo", "spe1")
    assert done.returncode == 1 and "user/name" in done.stderr
