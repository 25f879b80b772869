"""``spe1 runs``: what ran on clusters, in a terminal of any width."""

import json

import pytest
from typer.testing import CliRunner

from spe1_builder.cli.app import app
from spe1_builder.runs.clusters.events import Event
from spe1_builder.runs.clusters.record import recorded

WHERE = {"worker": "tcp://10.0.0.7:4000", "host": "node7", "attempt": 1}


@pytest.fixture
def root(tmp_path):
    with recorded(tmp_path, "build", "slurm") as recorder:
        recorder.hear(Event("worker joined", "joined", **WHERE, versions={"spe1": "1"}))
        recorder.hear(Event("done", "is done", "c14", **WHERE, seconds=21.5))
        text = "failed on tcp://10.0.0.7:4000: The raw recording of c15 is not there."
        recorder.hear(Event("failed", text, "c15", **WHERE, seconds=0.1))
    return tmp_path


@pytest.fixture
def spe1(root, monkeypatch):
    def run(*args, width=80):
        monkeypatch.setattr("spe1_builder.cli.runs.console_width", lambda: width)
        done = CliRunner().invoke(app, ["runs", str(root), *args])
        assert done.exit_code == 0, done.output
        return done.stdout

    return run


@pytest.mark.parametrize("width", [60, 80, 200])
def test_a_line_a_run(spe1, width):
    head, line = spe1(width=width).splitlines()
    assert {"run", "status", "cells"} <= set(head.split())
    assert "ended" in line and "1 of 2" in line
    assert ("1 on 1 host" in line) == (width > 60)


def test_a_line_a_cell(spe1):
    name = json.loads(spe1("--json"))["results"][0]["name"]
    head, done, failed = spe1("--run", name).splitlines()[:3]
    assert head.split()[:2] == ["cell", "status"] and done.split()[:2] == ["c14", "done"]
    assert failed.split()[:2] == ["c15", "failed"]
    assert "The raw recording" in spe1("--run", name, width=200)


def test_one_that_cannot_be_read_hides_no_other(spe1, root):
    (root / ".spe1/runs/later.json").write_text("{}")
    assert "ended" in spe1()
    assert "later.json" in json.loads(spe1("--json"))["warnings"][0]
