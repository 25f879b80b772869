"""Downloads and checks on the workers of a cluster, what they tell, and many sudden deaths."""

import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass

import pytest

import spe1
from spe1_builder.errors import LoginError
from spe1_builder.runs.clusters import each as each_module
from spe1_builder.runs.clusters.each import each_on_cluster
from spe1_builder.runs.clusters.events import Event
from spe1_builder.runs.clusters.opened import open_client
from spe1_builder.runs.clusters.record import recorded
from spe1_builder.runs.clusters.run import run_in_cluster
from spe1_builder.runs.clusters.sight import shared_sight
from spe1_builder.runs.clusters.spec import ClusterSpec
from spe1_builder.runs.clusters.verify import verify_in_cluster
from spe1_builder.runs.loop import Done, Failure
from spe1_builder.runs.tasks import BuildTask, DownloadTask
from spe1_builder.source.archive.transfer.origin import OriginOptions
from tests.support.cluster_tasks import DeadlyTask, ToyTask, content, read_runs
from tests.support.recordings import SMALL


def run(client, folder, task, cell_ids, **more):
    events = []
    with shared_sight(folder, task.places) as sight:
        found = each_on_cluster(client, cell_ids, task, sight, listener=events.append, **more)
        return {outcome.cell_id: outcome for outcome in found}, events


def test_what_workers_tell_while_they_are_at_it(client, archive, tmp_path, monkeypatch):
    monkeypatch.setattr("spe1_builder.runs.clusters.record._EVERY_S", 0.0)
    root = tmp_path / "spe1"
    root.mkdir()
    seen = set()

    def hear(event):
        events.append(event)
        (record,) = read_runs(root)
        seen.update(cell.status for cell in record.cells)

    events = []
    task = BuildTask(archive.sources, root, SMALL)
    (outcome,) = run_in_cluster(client, ["c14"], task, "build", listener=hear)
    assert isinstance(outcome, Done), outcome
    told = [event for event in events if event.cell_id == "c14"]
    assert [event.kind for event in told[:3]] == ["queued", "begun", "note"]
    assert told[-1].kind == "done"
    stages = [event.stage for event in told if event.kind == "stage"]
    assert stages.index("ground truth") < stages.index("write segments")
    (written,) = [e for e in told if e.kind == "stage" and e.stage == "write segments"]
    assert written.unit == "B" and written.total > 1e6
    assert {event.worker for event in told if event.kind == "stage"} == {told[1].worker}
    # A client that is killed leaves a record of what it had heard.
    assert {"queued", "begun"} <= seen
    shutil.rmtree(root)


def test_what_is_wrong_is_found_as_it_is_here(client, two_cells, tmp_path):
    root = tmp_path / "spe1"
    shutil.copytree(two_cells, root, copy_function=os.link)
    assert verify_in_cluster(client, root, ["c14", "c5"]).ok
    damaged = root / "c5/patch.npz"
    data = bytearray(damaged.read_bytes())
    data[-1] ^= 1
    damaged.unlink()
    damaged.write_bytes(data)
    (root / "chanMap.mat").unlink()
    cells = ["c14", "c5"]
    there, here = verify_in_cluster(client, root, cells), spe1.verify(root, cells)
    assert set(there.findings) == set(here.findings) and there.cells == here.cells
    assert len(there.findings) == len(here.findings) > 1
    shutil.rmtree(root)


class RefusedTask(ToyTask):
    """The server refuses the account."""

    def __call__(self, cell_id, progress=None):
        self.count(cell_id)
        time.sleep(0.2)
        raise LoginError("CRCNS refuses the account.")


def test_a_refused_account_is_not_tried_with_every_cell(client, tmp_path):
    task = RefusedTask(tmp_path)
    cells = [f"c{number}" for number in range(1, 20)]
    outcomes, _ = run(
        client, tmp_path, task, cells, is_hopeless=lambda error: isinstance(error, LoginError)
    )
    ((_, failure),) = outcomes.items()
    assert isinstance(failure, Failure) and isinstance(failure.error, LoginError)
    time.sleep(0.5)  # what was queued would have begun by now
    assert sum(task.n_calls(cell) for cell in cells) <= 4


@dataclass(frozen=True)
class AloneTask(ToyTask):
    """It fails if another one runs."""

    @property
    def at_once(self):
        return 1

    def __call__(self, cell_id, progress=None):
        mark = self.folder / "busy"
        mark.touch(exist_ok=False)
        time.sleep(0.05)
        mark.unlink()
        return self.count(cell_id)


def test_no_more_run_at_once_than_may(client, tmp_path):
    outcomes, events = run(client, tmp_path, AloneTask(tmp_path), ["c1", "c2", "c3", "c4"])
    assert all(isinstance(outcome, Done) for outcome in outcomes.values())
    assert "again" not in {event.kind for event in events}
    assert DownloadTask(tmp_path).at_once == 4
    assert DownloadTask(tmp_path, OriginOptions("/copy")).at_once is None


def test_a_cell_that_only_waited_for_dying_workers_is_not_blamed(client, tmp_path, monkeypatch):
    """Dask gives up whatever a worker held when it died; only what it was at can be at fault."""
    monkeypatch.setattr(client.cluster.scheduler, "allowed_failures", 0)

    class Once(DeadlyTask):
        def __call__(self, cell_id, progress=None):
            if cell_id == "c1" and self.n_calls("c1") < 3:
                return super().__call__(cell_id)
            time.sleep(0.1)
            return self.count(cell_id)

    monkeypatch.setattr(each_module, "_TRIES", 4)
    cells = [f"c{number}" for number in range(1, 9)]
    outcomes, events = run(client, tmp_path, Once(tmp_path), cells)
    assert all(isinstance(outcome, Done) for outcome in outcomes.values())
    again = [event for event in events if event.kind == "again"]
    assert any("held it" in event.text for event in again)
    assert any("was at it" in event.text for event in again)


def test_a_result_that_dies_with_its_worker(client, tmp_path):
    """Whoever takes results slowly may find that one was lost meanwhile."""
    pids = client.run(os.getpid)
    events = []
    with shared_sight(tmp_path, (tmp_path,)) as sight:
        cells = ["c1", "c2", "c3"]
        found = each_on_cluster(client, cells, ToyTask(tmp_path), sight, listener=events.append)
        outcomes = [next(found)]
        time.sleep(0.5)  # the others end
        for pid in pids.values():
            os.kill(pid, signal.SIGKILL)
        time.sleep(0.5)
        outcomes += list(found)
    assert sorted(outcome.cell_id for outcome in outcomes) == cells
    assert all(isinstance(outcome, Done) for outcome in outcomes)


def test_a_record_that_cannot_be_written_ends_nothing(tmp_path):
    events = []
    (tmp_path / ".spe1").mkdir()
    (tmp_path / ".spe1/runs").touch()
    with recorded(tmp_path, "build", "local:2", events.append) as recorder:
        recorder.hear(Event("queued", "is queued", "c14"))
    assert [event.kind for event in events] == ["warning", "queued"]
    assert "cannot be written" in events[0].text


class TwoParts(ToyTask):
    """Downloads that are limited, and then something that is not."""

    @property
    def parts(self):
        return (AloneTask(self.folder), TogetherTask(self.folder))


class TogetherTask(ToyTask):
    """It ends once another one runs."""

    def __call__(self, cell_id, progress=None):
        (self.folder / f"{cell_id}.here").touch()
        until = time.monotonic() + 20
        while len(list(self.folder.glob("*.here"))) < 2:
            assert time.monotonic() < until
            time.sleep(0.02)
        return self.count(cell_id)


def test_only_the_part_that_is_limited_waits_for_its_turn(client, tmp_path):
    outcomes, events = run(client, tmp_path, TwoParts(tmp_path), ["c1", "c2"])
    assert all(isinstance(outcome, Done) for outcome in outcomes.values())
    assert "again" not in {event.kind for event in events}


@pytest.mark.parametrize("n_rounds", [1, pytest.param(10, marks=pytest.mark.faults)])
def test_workers_killed_at_random(archive, two_cells, tmp_path, n_rounds):
    """Two kills a round, each within a cell at a moment that is left to chance."""
    root = tmp_path / "spe1"
    root.mkdir()
    task = BuildTask(archive.sources, root, SMALL, force=True)
    rng = random.Random(17)
    killer = Killer(rng)
    with open_client(ClusterSpec("local:2")) as client:
        killer.pids_of = lambda: client.run(os.getpid, on_error="ignore")
        for number in range(n_rounds):
            killer.n_left = 2
            outcomes = list(
                run_in_cluster(client, ["c14", "c5"], task, "test", listener=killer.hear)
            )
            assert killer.n_killed == 2 * (number + 1)
            assert all(isinstance(outcome, Done) for outcome in outcomes), outcomes
            for cell_id in ("c14", "c5"):
                assert content(root / cell_id) == content(two_cells / cell_id)
            assert spe1.verify(root).ok
            assert not list((root / ".spe1/staging").iterdir())
    shutil.rmtree(root)


class Killer:
    """Kills workers that are at a cell, some time after they have begun it."""

    def __init__(self, rng):
        self._rng = rng
        self._pids, self.pids_of = {}, dict
        self.n_left = self.n_killed = 0

    def hear(self, event):
        if event.kind == "begun" and self.n_left:
            self.n_left -= 1
            if event.worker not in self._pids:
                self._pids = self.pids_of()
            pid = self._pids.pop(event.worker)
            threading.Timer(self._rng.uniform(0.0, 0.4), self._kill, [pid]).start()

    def _kill(self, pid):
        os.kill(pid, signal.SIGKILL)
        self.n_killed += 1


KILLED = """
import os, pathlib, signal
from spe1_builder.runs.clusters.events import Event
from spe1_builder.runs.clusters.record import recorded

with recorded(pathlib.Path({root!r}), "build", "local:2") as recorder:
    recorder.hear(Event("queued", "is queued", "c14"))
    recorder.keep("running")
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_run_that_was_killed_is_known_as_one(tmp_path):
    subprocess.run([sys.executable, "-c", KILLED.format(root=str(tmp_path))], check=False)
    (record,) = read_runs(tmp_path)
    assert record.status == "killed" and [cell.cell for cell in record.cells] == ["c14"]
    with recorded(tmp_path, "build", "local:2"):
        assert read_runs(tmp_path)[-1].status == "running"
    assert sorted(record.status for record in read_runs(tmp_path)) == ["ended", "killed"]
