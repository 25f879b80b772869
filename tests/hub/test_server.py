"""The Hub on loopback does what the real clients expect of the real one."""

import pytest
from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi
from huggingface_hub.errors import HfHubHTTPError

REPO = "tester/cells"


@pytest.fixture
def api(hub) -> HfApi:
    api = HfApi()
    api.create_repo(REPO, repo_type="dataset")
    return api


def test_commit_of_preuploaded_files(hub, api):
    big = bytes(range(256)) * 1000
    adds = [CommitOperationAdd("c14/data.arrow", big), CommitOperationAdd("a.json", b"{}")]
    api.preupload_lfs_files(REPO, adds, repo_type="dataset", num_threads=2, free_memory=False)
    assert hub.count("put") == 1
    done = api.create_commit(REPO, adds, commit_message="Two files", repo_type="dataset")
    assert done.oid == hub.head(REPO)
    files = hub.files(REPO)
    assert sorted(files) == [".gitattributes", "a.json", "c14/data.arrow"]
    assert files["c14/data.arrow"] == big
    assert [commit.title for commit in hub.history(REPO)] == ["Two files", "initial commit"]
    assert hub.count("put") == 1
    assert hub.waits_s == []


def test_parent_commit(hub, api):
    first = hub.head(REPO)
    api.create_commit(
        REPO, [CommitOperationAdd("a", b"1")], commit_message="A", repo_type="dataset"
    )
    with pytest.raises(HfHubHTTPError) as caught:
        api.create_commit(
            REPO,
            [CommitOperationDelete("a")],
            commit_message="B",
            repo_type="dataset",
            parent_commit=first,
        )
    assert caught.value.response.status_code == 412
    assert "a" in hub.files(REPO)
