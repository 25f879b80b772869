"""The same tasks on the workers of a cluster, and what becomes of them when things go wrong."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import replace

import pytest

import spe1
from spe1_builder.benchmark.localization.options import BenchmarkOptions
from spe1_builder.errors import (
    ClusterError,
    MissingFileError,
    OptionError,
    UnseenPathError,
    WorkerLostError,
)
from spe1_builder.runs.clusters import opened
from spe1_builder.runs.clusters.benchmark import benchmark_in_cluster
from spe1_builder.runs.clusters.each import each_on_cluster
from spe1_builder.runs.clusters.run import run_in_cluster
from spe1_builder.runs.clusters.sight import shared_sight
from spe1_builder.runs.clusters.spec import ClusterSpec
from spe1_builder.runs.loop import Done, Failure
from tests.support.cluster_tasks import (
    DeadlyTask,
    FailingTask,
    KilledBuild,
    SlowTask,
    ToyTask,
    content,
    read_runs,
)
from tests.support.recordings import SMALL


@pytest.fixture
def each(client, tmp_path):
    """Run a toy task on cells of the cluster: outcomes by cell, and the events."""

    def run(task, cell_ids):
        events = []
        with shared_sight(tmp_path, task.places) as sight:
            found = each_on_cluster(client, cell_ids, task, sight, listener=events.append)
            return {outcome.cell_id: outcome for outcome in found}, events

    return run


def wait_until(condition):
    until = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.02)


def test_bytes_are_those_of_the_loop(client, archive, two_cells, tmp_path):
    root = tmp_path / "spe1"
    options = SMALL.as_dict()
    outcomes = {
        outcome.cell_id: outcome
        for outcome in spe1.build_many(
            ["c14", "c5", "c45"], archive.raw_dir, root, client=client, **options
        )
    }
    assert isinstance(outcomes["c45"], Failure)
    assert isinstance(outcomes["c45"].error, MissingFileError)
    for cell_id in ("c14", "c5"):
        assert isinstance(outcomes[cell_id], Done)
        assert content(root / cell_id) == content(two_cells / cell_id)
        built = outcomes[cell_id].result
        text = (two_cells / cell_id / "conversion_metadata.json").read_text()
        assert (
            built.metadata.provenance.fingerprint == json.loads(text)["provenance"]["fingerprint"]
        )
    assert spe1.verify(root).ok
    (record,) = read_runs(root)
    assert (record.command, record.status, record.count("done")) == ("build_many", "ended", 2)
    assert {cell.cell: cell.attempt for cell in record.cells}["c45"] == 2
    assert len(record.workers) == 2 and record.workers[0].versions["spe1"] == spe1.__version__
    assert not list((root / ".spe1").glob("*.token"))
    shutil.rmtree(root)


def test_scores_are_those_of_one_machine(client, archive, two_cells):
    options = BenchmarkOptions(
        methods=("COM", "MT"), degradation=True, days=(0, 3), seeds=(0, 1), raw_dir=archive.raw_dir
    )
    cells = ["c14", "c5", "c45"]
    there = benchmark_in_cluster(client, two_cells, cells, options)
    here = spe1.benchmark("localization", two_cells, cells, **vars(options))
    assert scores(there) == scores(here) and there.undone == here.undone
    assert [cell.cell_id for cell in there.cells if cell.problem] == ["c45"]
    shutil.rmtree(two_cells / ".spe1/runs")


def scores(result):
    """All of a result but its times."""

    def without(value):
        if isinstance(value, dict):
            return {name: without(one) for name, one in value.items() if "second" not in name}
        return [without(one) for one in value] if isinstance(value, list) else value

    return without(result.model_dump(mode="json"))


def test_a_worker_killed_within_a_cell(client, archive, built, tmp_path):
    root = tmp_path / "spe1"
    root.mkdir()
    task = KilledBuild(archive.sources, root, SMALL)
    kinds = []
    outcomes = list(
        run_in_cluster(client, ["c14"], task, "test", listener=lambda e: kinds.append(e.kind))
    )
    (outcome,) = outcomes
    assert (tmp_path / "killed").exists() and isinstance(outcome, Done)
    assert content(root / "c14") == content(built.folder)
    assert spe1.verify(root).ok and not list((root / ".spe1/staging").iterdir())
    shutil.rmtree(root)


def test_what_fails_is_tried_twice_and_stops_no_other(each, tmp_path):
    task = FailingTask(tmp_path)
    outcomes, events = each(task, ["c1", "c2", "c3", "c4"])
    assert isinstance(outcomes["c1"].error, OptionError) and outcomes["c1"].error.do == "nothing"
    assert isinstance(outcomes["c2"], Done) and isinstance(outcomes["c4"], Done)
    assert outcomes["c3"].is_foreign and "raise Odd" in outcomes["c3"].error.__notes__[0]
    assert [task.n_calls(cell) for cell in ("c1", "c2", "c3", "c4")] == [2, 2, 2, 1]
    told = [(event.kind, event.cell_id) for event in events]
    assert told.count(("again", "c1")) == told.count(("failed", "c1")) == 1
    assert ("failed", "c2") not in told and ("done", "c2") in told


def test_a_cell_that_kills_every_worker(client, each, monkeypatch, tmp_path):
    monkeypatch.setattr(client.cluster.scheduler, "allowed_failures", 0)
    task = DeadlyTask(tmp_path)
    outcomes, _ = each(task, ["c1"])
    assert isinstance(outcomes["c1"].error, WorkerLostError)
    assert task.n_calls("c1") == 2
    outcomes, _ = each(ToyTask(tmp_path), ["c2"])
    assert isinstance(outcomes["c2"], Done)


def test_a_folder_that_no_worker_sees_names_the_worker(client, tmp_path):
    with shared_sight(tmp_path, [tmp_path, tmp_path / "elsewhere"]) as sight:
        with pytest.raises(UnseenPathError, match=r"tcp://127.0.0.1:\d+ on") as caught:
            list(each_on_cluster(client, ["c1"], ToyTask(tmp_path), sight))
        assert caught.value.where == str(tmp_path / "elsewhere")
        other = replace(sight, places=(tmp_path,), are_here=(True,), words="of another client")
        with pytest.raises(UnseenPathError, match="does not see"):
            list(each_on_cluster(client, ["c1"], ToyTask(tmp_path), other))
        older = replace(sight, places=(tmp_path,), are_here=(True,), versions=("0.0.1", "0.0.1"))
        with pytest.raises(ClusterError, match="has another version of spe1"):
            list(each_on_cluster(client, ["c1"], ToyTask(tmp_path), older))


def test_who_stops_takes_back_what_is_queued(client, tmp_path):
    task = SlowTask(tmp_path)
    with shared_sight(tmp_path, task.places) as sight:
        cells = [f"c{number}" for number in range(1, 9)]
        found = each_on_cluster(
            client, cells, task, sight, listener=lambda event: _stop_when(task, event)
        )
        with pytest.raises(KeyboardInterrupt):
            next(found)
    known = client.cluster.scheduler.tasks
    wait_until(lambda: not [key for key in list(known) if "SlowTask" in key])
    task.end()
    assert sum(task.n_calls(cell) for cell in cells) <= 2


def _stop_when(task, event):
    """As Ctrl-C, once a worker is at it."""
    if event.cell_id == "c8":
        wait_until(lambda: task.n_calls("c1"))
        raise KeyboardInterrupt


@contextmanager
def processes():
    """Programs of Dask, which end with the block."""
    started = []

    def start(program, *args):
        command = [sys.executable, "-m", f"distributed.cli.{program}", *args]
        started.append(subprocess.Popen(command, stderr=subprocess.DEVNULL))
        return started[-1]

    try:
        yield start
    finally:
        for process in started:
            process.kill()
            process.wait()


def test_a_scheduler_that_dies(tmp_path, monkeypatch):
    monkeypatch.setattr(opened, "_CONNECT_S", 5)
    place = tmp_path / "scheduler.json"
    with processes() as start:
        scheduler = start(
            "dask_scheduler",
            *("--host", "127.0.0.1", "--port", "0", "--no-dashboard"),
            *("--scheduler-file", str(place)),
        )
        start("dask_worker", "--scheduler-file", str(place), "--no-nanny", "--no-dashboard")
        wait_until(place.exists)
        address = json.loads(place.read_text())["address"]
        task = SlowTask(tmp_path)

        def kill(event):
            if event.kind == "queued" and event.cell_id == "c2":
                wait_until(lambda: task.n_calls("c1") or task.n_calls("c2"))
                scheduler.send_signal(signal.SIGKILL)

        outcomes = run_in_cluster(ClusterSpec(address), ["c1", "c2"], task, "test", listener=kill)
        begun = time.monotonic()
        with pytest.raises(ClusterError, match="scheduler is gone"):
            next(outcomes)
        assert time.monotonic() - begun < 60
        (record,) = read_runs(tmp_path)
        assert record.status == "broken" and "scheduler" in record.problem
        with pytest.raises(ClusterError, match="cannot be reached"):
            next(run_in_cluster(ClusterSpec(address), ["c1"], task, "test"))


def test_ctrl_c_leaves_no_process(archive, tmp_path):
    root = tmp_path / "spe1"
    options = [
        word
        for name, value in SMALL.as_dict().items()
        for word in (f"--{name.replace('_', '-')}", str(value))
    ]
    where = ["--raw-dir", str(archive.raw_dir), "--root", str(root), "--cluster", "local:2"]
    command = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "spe1_builder.cli",
            "build",
            "c14",
            "c5",
            *where,
            *options,
            "--json",
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    )
    told = []
    while [event["kind"] for event in told].count("worker joined") < 2:
        line = command.stderr.readline()
        assert line, told
        told.append(json.loads(line))
    os.killpg(command.pid, signal.SIGINT)
    out, err = command.communicate()
    assert command.returncode == 130, (told, err)
    document = json.loads(out)
    assert document["status"] == "stopped"
    assert [event["kind"] for event in document["events"]].count("worker joined") == 2
    alive = subprocess.run(
        ["ps", "-o", "stat=", "-s", str(command.pid)], capture_output=True, text=True, check=False
    ).stdout.split()
    assert [state for state in alive if not state.startswith("Z")] == []
    (record,) = read_runs(root)
    assert record.status == "stopped"
    assert not (root / "c14").exists()
