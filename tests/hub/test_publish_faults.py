"""The Hub at its worst: every status at every stage, lost answers, two at once, kills."""

import contextlib
import os
import random
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace

import pytest

from spe1_builder.dataset.verify import VerifyReport
from spe1_builder.dataset.write.build import build_cell
from spe1_builder.errors import (
    HubAccessError,
    HubConflictError,
    HubError,
    HubQuotaError,
    HubUnavailableError,
)
from spe1_builder.hub.publish import publish
from spe1_builder.patience import Patience
from tests.hub.roots import AT_ONCE, REPO, SHORT, expected_files, hub_files, own_copy
from tests.support.hub.client import environment
from tests.support.hub.server import TOKEN

#: One of each kind is in the quick suite: the first word, a file on its way, a commit.
STAGES = [
    *("create", "put", "commit"),
    *(
        pytest.param(stage, marks=pytest.mark.faults)
        for stage in ("info", "preupload", "batch", "validate", "tag")
    ),
]
STOPPING = {
    401: HubAccessError,
    402: HubQuotaError,
    403: HubAccessError,
    412: HubConflictError,
    413: HubQuotaError,
}


#: 30 in `make test-faults`.
N_INTERRUPTS = int(os.environ.get("SPE1_INTERRUPTS", "5"))
#: As long as a publication lasts that meets every trouble once, and then some.
PATIENT = replace(AT_ONCE, attempts=30)


@pytest.fixture
def root(short, tmp_path, monkeypatch):
    """A root, and no second look at its rows: what is tried here is the Hub."""
    monkeypatch.setattr(
        "spe1_builder.hub.publish.verify", lambda root, cells, _: VerifyReport(root, (), ())
    )
    return own_copy(short, tmp_path)


def publish_all(root, **options):
    options = {"patience": AT_ONCE, **options}
    return publish(root, REPO, yes=True, allow_simulated=True, **options)


def is_whole_or_absent(hub, root):
    """Whether every commit has all of the cell, or nothing of it."""
    wanted = {path for path in expected_files(root) if path.startswith("c14/")}
    return all(
        {path for path in commit.tree if path.startswith("c14/")} in (wanted, set())
        for commit in hub.history(REPO)
    )


@pytest.mark.parametrize("stage", STAGES)
def test_what_passes_is_waited_for(root, hub, stage):
    """Every such status, broken connection and lost answer, one after the other."""
    # Once everything of the Hub's is under way, so that each stage meets them in mid-work.
    n_before = 1 if stage in ("info", "commit", "put") else 0
    for status in (408, 429, 500, 502, 503, 504, "drop", "lost"):
        hub.faults.add(stage, status, after=n_before)

    publish_all(root, patience=PATIENT)

    assert hub_files(hub) == expected_files(root)
    assert hub.tags(REPO) == {"v1.3.0": hub.head(REPO)}
    # Nothing twice: the Hub's own first commit, the cell, views, card.
    assert len(hub.history(REPO)) == 4


@pytest.mark.parametrize("stage", STAGES)
def test_what_does_not_pass_stops_and_the_same_call_goes_on(root, hub, stage):
    for status in (400, *STOPPING):
        hub.faults.add(stage, status)

        with pytest.raises(HubError) as error:
            publish_all(root)

        assert isinstance(error.value, STOPPING.get(status, HubError))
        assert error.value.do
        assert TOKEN not in str(error.value)
        if hub.count("create") and stage != "create":
            assert is_whole_or_absent(hub, root)
    publish_all(root)
    assert hub_files(hub) == expected_files(root)


def test_a_hub_that_stays_away_is_given_up(root, hub):
    hub.faults.add("commit", 503, times=100)
    waits_s = []
    with pytest.raises(HubUnavailableError) as error:
        publish_all(root, patience=Patience(attempts=3, sleep=waits_s.append))
    assert "run the same command again" in error.value.do
    assert len(waits_s) == 2


@pytest.mark.parametrize(
    ("headers", "least_s"),
    [({"Retry-After": "37"}, 37), ({"RateLimit": '"api";r=0;t=55'}, 55)],
)
def test_the_hub_says_how_long_to_wait(root, hub, headers, least_s):
    hub.faults.add("commit", 429, headers=headers)
    waits_s = []
    publish_all(root, patience=Patience(attempts=3, sleep=waits_s.append))
    assert waits_s and waits_s[0] >= least_s


def test_somebody_elses_commit_in_between_is_a_conflict(root, hub):
    hub.faults.add("commit", after=0, call=lambda: hub.commit(REPO, {"theirs.txt": b"x"}))

    with pytest.raises(HubConflictError):
        publish_all(root)

    assert not any(path.startswith("c14/") for path in hub.files(REPO))
    publish_all(root)
    assert expected_files(root).items() <= hub_files(hub).items()


def test_two_at_once_never_leave_a_half_cell(root, short, tmp_path, hub):
    other = own_copy(short, tmp_path / "other")
    errors = []

    def run(place):
        with contextlib.suppress(HubConflictError):
            try:
                publish_all(place)
            except HubConflictError as error:
                errors.append(error)
                raise

    threads = [threading.Thread(target=run, args=(place,)) for place in (root, other)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    publish_all(root)

    assert is_whole_or_absent(hub, root)
    assert hub_files(hub) == expected_files(root)
    assert len(hub.history(REPO)) == 4


def test_an_interrupt_at_any_request_is_gone_on_from(root, archive, hub, monkeypatch):
    """Ctrl-C at random requests of a change of a cell; whoever looks never meets half of one."""
    build_cell("c5", archive.sources, root, SHORT)
    publish_all(root)
    old = hub_files(hub)
    build_cell("c14", archive.sources, root, replace(SHORT, train_fraction=0.4), force=True)
    new = expected_files(root)
    from huggingface_hub.utils import _http

    session = _http.get_session()
    send = session.request
    rng = random.Random(3)
    for _ in range(N_INTERRUPTS):
        left = rng.randrange(1, 40)

        def request(*args, **kwargs):
            nonlocal left
            left -= 1
            if left == 0:
                raise KeyboardInterrupt
            return send(*args, **kwargs)

        monkeypatch.setattr(session, "request", request)
        with contextlib.suppress(KeyboardInterrupt):
            publish_all(root, move_tag=True)
        for cell_id in ("c5", "c14"):
            states = [
                {path: sha for path, sha in files.items() if path.startswith(f"{cell_id}/")}
                for files in (old, new)
            ]
            there = {p: s for p, s in hub_files(hub).items() if p.startswith(f"{cell_id}/")}
            assert there in states
    monkeypatch.undo()

    publish_all(root, move_tag=True)
    assert hub_files(hub) == new
    assert len({commit.title for commit in hub.history(REPO)}) == len(hub.history(REPO)) - 2


def test_a_killed_publication_is_gone_on_from(root, hub, tmp_path):
    hub.faults.add("put", slow_s=6.0, after=2)
    command = [sys.executable, "-m", "spe1_builder.cli", "publish", "--root", str(root)]
    command += ["--repo", REPO, "--yes", "--allow-simulated"]
    run = subprocess.Popen(
        command,
        env=environment(hub, tmp_path / "home"),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    end = time.monotonic() + 60
    while hub.count("put") < 3 and time.monotonic() < end and run.poll() is None:
        time.sleep(0.02)
    run.send_signal(signal.SIGKILL)
    run.wait()

    n_sent = hub.count("put")
    publish_all(root)

    assert n_sent >= 2
    assert hub_files(hub) == expected_files(root)
    # What had arrived was not sent again.
    assert hub.count("put") <= len(expected_files(root)) + 1


@pytest.mark.parametrize(("status", "kind"), [(401, HubAccessError), (403, HubAccessError)])
def test_a_token_that_xet_refuses(root, hub_with_xet, status, kind):
    """Xet's client raises builtins of its own for it."""
    hub_with_xet.faults.add("xet_token", status)
    with pytest.raises(kind) as error:
        publish_all(root)
    assert TOKEN not in str(error.value)
    publish_all(root)
    assert hub_files(hub_with_xet) == expected_files(root)


def test_xet_that_comes_back_is_waited_for(root, hub_with_xet):
    hub_with_xet.faults.add("xet_token", 503, times=2)
    publish_all(root)
    assert hub_files(hub_with_xet) == expected_files(root)
