"""What workers are held to, without a cluster."""

from dataclasses import replace

import pytest

from spe1_builder.errors import ClusterError, MemoryShortError
from spe1_builder.runs.clusters.sight import (
    WorkerFacts,
    check_workers,
    require_one_kind_of_lock,
)

FIT = WorkerFacts("tcp://10.0.0.1:1", "node-1", 1, 2, 8_000_000_000, True, None, {})


class Client:
    """Answers as its workers would."""

    def __init__(self, **answers):
        self.answers = answers

    def run(self, *_args, **_kwargs):
        return self.answers


@pytest.mark.parametrize(
    ("facts", "error", "words"),
    [
        (replace(FIT, memory_bytes=500_000_000), MemoryShortError, "10.0.0.1:1 may use too little"),
        (
            replace(FIT, has_disk_resource=False, n_threads=9),
            MemoryShortError,
            "too little memory for 9 cells, one a thread",
        ),
        (ModuleNotFoundError("No module named 'spe1_builder'"), ClusterError, "cannot run spe1"),
    ],
)
def test_a_worker_that_is_not_fit_is_named(facts, error, words):
    with pytest.raises(error, match=words):
        check_workers(Client(one=facts), None, ["one"])


def test_a_worker_that_has_gone_is_left_out():
    client = Client(one=FIT, two=ConnectionRefusedError())
    assert check_workers(client, None, ["one", "two"]) == [FIT]
    assert check_workers(Client(one=replace(FIT, memory_bytes=None)), None, ["one"])


def test_locks_of_two_kinds_are_refused():
    other = replace(FIT, host="node-2", without_flock="nfs with nolock")
    require_one_kind_of_lock([FIT, FIT])
    require_one_kind_of_lock([other, other])
    with pytest.raises(ClusterError, match="would not keep each other out") as caught:
        require_one_kind_of_lock([FIT, other])
    assert "node-1" in caught.value.got and "node-2" in caught.value.where
