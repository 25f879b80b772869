"""Troubles on demand of the Hub on loopback, as the real client meets them."""

import time
from concurrent.futures import ThreadPoolExecutor

import httpx2
import pytest
from huggingface_hub import CommitOperationAdd, HfApi, hf_hub_download
from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

from tests.support.hub.faults import STAGES
from tests.support.hub.server import Seen

REPO = "tester/cells"
DATASET = {"repo_id": REPO, "repo_type": "dataset"}
BROKEN = (httpx2.RemoteProtocolError, httpx2.ReadError)


def _upload(content: bytes = b"\0data"):
    adds = [CommitOperationAdd("data.arrow", content)]
    return HfApi().create_commit(operations=adds, commit_message="Data", **DATASET)


def _tag():
    HfApi().create_tag(tag="v1", **DATASET)


#: One call that asks for each stage.
CALLS = {
    "create": lambda: HfApi().create_repo("tester/new", repo_type="dataset"),
    "delete": lambda: HfApi().delete_repo(**DATASET),
    "whoami": lambda: HfApi().whoami(),
    "validate": lambda: HfApi().upload_file(
        path_or_fileobj=b"# Hi", path_in_repo="README.md", **DATASET
    ),
    "info": lambda: HfApi().dataset_info(REPO),
    "refs": lambda: HfApi().list_repo_refs(**DATASET),
    "tree": lambda: list(HfApi().list_repo_tree(**DATASET)),
    "paths": lambda: HfApi().get_paths_info(paths=["a"], **DATASET),
    "commits": lambda: HfApi().list_repo_commits(**DATASET),
    "preupload": _upload,
    "batch": _upload,
    "put": _upload,
    "verify": _upload,
    "commit": _upload,
    "tag": _tag,
    "settings": lambda: HfApi().update_repo_settings(private=True, **DATASET),
    "resolve": lambda: hf_hub_download(filename=".gitattributes", **DATASET),
}


def test_each_stage_has_a_call():
    assert set(CALLS) | {"xet_token"} == STAGES


@pytest.mark.parametrize("stage", sorted(CALLS))
def test_a_status(hub, stage):
    """403 is what no client tries again."""
    hub.make(REPO)
    fault = hub.faults.add(stage, 403, message="Not today")
    with pytest.raises((HfHubHTTPError, RuntimeError, LocalEntryNotFoundError)) as caught:
        CALLS[stage]()
    chain = [caught.value, caught.value.__cause__]
    assert any("Not today" in str(error) for error in chain)
    assert (fault.n_done, hub.count(stage)) == (1, 1)
    assert [seen.status for seen in hub.requests][-1] == 403
    assert hub.head(REPO) == hub.history(REPO)[-1].sha
    CALLS[stage]()
    assert fault.n_done == 1


@pytest.mark.parametrize("stage", ["batch", "preupload", "put", "tree", "verify"])
@pytest.mark.parametrize("status", [503, "drop"])
def test_what_the_client_tries_again(hub, stage, status):
    hub.make(REPO)
    hub.faults.add(stage, status, times=2)
    CALLS[stage]()
    assert hub.count(stage) == 3
    assert hub.waits_s == [1, 2]


def test_retry_after(hub):
    hub.make(REPO)
    hub.faults.add("preupload", 429, headers={"Retry-After": "17"})
    _upload()
    assert hub.waits_s == [18]


@pytest.mark.parametrize("stage", ["commit", "create", "tag"])
def test_dropped_is_without_effect(hub, stage):
    hub.make(REPO)
    hub.faults.add(stage, "drop")
    with pytest.raises(BROKEN):
        CALLS[stage]()
    assert hub.requests[-1].status == 0
    assert len(hub.history(REPO)) == 1
    assert not hub.tags(REPO)
    assert set(hub.repos) == {REPO}


def test_lost_takes_effect(hub):
    hub.make(REPO)
    for stage in ("commit", "create", "tag"):
        hub.faults.add(stage, "lost")
        with pytest.raises(BROKEN):
            CALLS[stage]()
    assert [commit.title for commit in hub.history(REPO)] == ["Data", "initial commit"]
    assert hub.tags(REPO) == {"v1": hub.head(REPO)}
    assert set(hub.repos) == {REPO, "tester/new"}
    assert hub.requests[-1] == Seen("POST", f"/api/datasets/{REPO}/tag/main", 0)


def test_lost_put_is_there_when_it_is_sent_again(hub):
    hub.make(REPO)
    hub.faults.add("put", "lost")
    _upload()
    assert hub.count("put") == 2
    assert hub.files(REPO)["data.arrow"] == b"\0data"


def test_after_so_many(hub):
    hub.make(REPO)
    hub.faults.add("refs", 500, after=2)
    CALLS["refs"]()
    CALLS["refs"]()
    with pytest.raises(HfHubHTTPError):
        CALLS["refs"]()
    CALLS["refs"]()


def test_cleared(hub):
    hub.faults.add("whoami", 500, times=9)
    hub.faults.clear()
    assert HfApi().whoami()["name"] == "tester"


def test_slow(hub):
    hub.make(REPO)
    hub.faults.add("refs", slow_s=0.2)
    start = time.monotonic()
    CALLS["refs"]()
    assert time.monotonic() - start >= 0.2


def test_a_slow_answer_does_not_hold_the_end_up(hub):
    """The Hub closes at once, and whoever waited gets the answer."""
    hub.make(REPO)
    hub.faults.add("refs", slow_s=60)
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(CALLS["refs"])
        while not hub.faults._faults[0].n_done:
            time.sleep(0.001)
        hub.closing.set()
        assert asked.result(timeout=5).branches


def test_someone_else_commits_meanwhile(hub):
    hub.make(REPO)
    head = hub.head(REPO)
    hub.faults.add("commit", call=lambda: hub.commit(REPO, {"b.json": b"{}"}, "Theirs"))
    with pytest.raises(HfHubHTTPError) as caught:
        adds = [CommitOperationAdd("a.json", b"{}")]
        HfApi().create_commit(operations=adds, commit_message="Ours", parent_commit=head, **DATASET)
    assert caught.value.response.status_code == 412
    assert [commit.title for commit in hub.history(REPO)] == ["Theirs", "initial commit"]


def test_many_threads_get_as_many_faults_as_were_asked_for(hub):
    hub.make(REPO)
    hub.faults.add("refs", 500, times=10)

    def status(_) -> int:
        try:
            CALLS["refs"]()
        except HfHubHTTPError as error:
            return error.response.status_code
        return 200

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(status, range(40))) == [200] * 30 + [500] * 10
    assert hub.count("refs") == 40


def test_xet_token(hub_with_xet):
    hub = hub_with_xet
    hub.make(REPO)
    hub.faults.add("xet_token", 403)
    with pytest.raises(ConnectionError):
        _upload()
    assert len(hub.history(REPO)) == 1
    _upload()
    assert hub.files(REPO)["data.arrow"] == b"\0data"


def test_no_such_stage(hub):
    with pytest.raises(ValueError, match="no stage 'comit'"):
        hub.faults.add("comit", 500)
