"""How a run sees its workers come and go, by a clock of its own."""

from dataclasses import replace

import pytest

from spe1_builder.errors import ClusterError, UnseenPathError
from spe1_builder.runs.clusters import workers as module
from spe1_builder.runs.clusters.sight import WorkerFacts
from spe1_builder.runs.clusters.workers import SchedulerGone, Workers

FIT = WorkerFacts("tcp://10.0.0.1:1", "node-1", 1, 2, 8_000_000_000, True, None, {})


class Client:
    """Has the workers that a test puts there."""

    def __init__(self):
        self.present = []

    def nthreads(self):
        if self.present is None:
            raise OSError("no answer")
        return {facts.address: facts.n_threads for facts in self.present}


@pytest.fixture
def cluster(monkeypatch):
    """Client, events, asked for replacements, and the clock."""
    client, events, asked, clock = Client(), [], [], [0.0]

    def check(_client, _sight, new):
        return [facts for facts in client.present if facts.address in new]

    monkeypatch.setattr(module, "check_workers", check)
    monkeypatch.setattr(module.time, "monotonic", lambda: clock[0])
    workers = Workers(client, None, events.append, 60.0, lambda: asked.append(clock[0]))
    return workers, client, events, asked, clock


def test_who_leaves_is_told_and_replaced(cluster):
    workers, client, events, asked, _ = cluster
    client.present = [FIT, replace(FIT, address="tcp://10.0.0.2:1")]
    workers.look()
    client.present = [FIT]
    workers.look()
    assert [event.kind for event in events] == ["worker joined", "worker joined", "worker left"]
    assert events[-1].worker == "tcp://10.0.0.2:1" and len(asked) == 1


def test_none_for_too_long_is_an_error_but_not_a_pause_between_looks(cluster):
    workers, client, _, _, clock = cluster
    client.present = [FIT]
    workers.look()
    clock[0], client.present = 1000.0, []
    workers.look()  # who takes results slowly looks seldom
    clock[0] = 1059.0
    workers.look()
    clock[0] = 1061.0
    with pytest.raises(ClusterError, match="no worker for 60 s"):
        workers.look()


def test_workers_that_get_no_work_do_not_count(cluster):
    workers, client, _, _, clock = cluster
    plain = replace(FIT, address="tcp://10.0.0.2:1", has_disk_resource=False)
    client.present = [plain]
    workers.look()
    assert not workers.take_disk_resource()
    client.present = [FIT, plain]
    workers.look()
    assert workers.take_disk_resource()
    for now in (0.0, 61.0):
        clock[0], client.present = now, [plain]
        if now:
            with pytest.raises(ClusterError, match="no worker") as caught:
                workers.look()
            assert "--resources spe1_disk=1" in caught.value.do
            assert caught.value.got.startswith("1 without")
        else:
            workers.look()


def test_a_scheduler_that_does_not_answer_is_no_worker_that_sees_nothing(cluster, monkeypatch):
    workers, client, _, _, _ = cluster
    client.present = [FIT]

    def unseen(*_):
        raise UnseenPathError("The worker does not see a folder.")  # which is an OSError

    monkeypatch.setattr(module, "check_workers", unseen)
    with pytest.raises(UnseenPathError):
        workers.look()
    client.present = None
    with pytest.raises(SchedulerGone):
        workers.look()
