"""The Hub on loopback does what the real clients expect of the real one."""

import random
import subprocess
import sys
from pathlib import Path

import pytest
from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi
from huggingface_hub.errors import HfHubHTTPError

from tests.support.hub.client import environment, pointed_at
from tests.support.hub.server import Hub

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


def test_upload_by_xet(tmp_path):
    folder = tmp_path / "cell"
    folder.mkdir()
    (folder / "data.arrow").write_bytes(random.Random(1).randbytes(700_000))
    (folder / "same.npz").write_bytes(b"\0small")
    with Hub(tmp_path / "store") as hub, pointed_at(hub, tmp_path / "home", xet=True):
        api = HfApi()
        api.create_repo(REPO, repo_type="dataset")
        api.upload_folder(folder_path=folder, repo_id=REPO, repo_type="dataset")
        assert hub.count("xet_token") >= 1
        assert hub.count("put") == hub.count("batch") == 0
        files = hub.files(REPO)
        assert files["data.arrow"] == (folder / "data.arrow").read_bytes()
        assert files["same.npz"] == b"\0small"
        there = api.hf_hub_download(REPO, "data.arrow", repo_type="dataset")
        assert Path(there).read_bytes() == files["data.arrow"]


def test_upload_by_xet_in_another_process(tmp_path):
    """Twice: whoever reads the store must not keep the next one out."""
    content = random.Random(2).randbytes(200_000)
    (tmp_path / "data.arrow").write_bytes(content)
    with Hub(tmp_path / "store") as hub:
        hub.make(REPO)
        for name in ("a.arrow", "b.arrow"):
            code = (
                "from huggingface_hub import HfApi\n"
                f"HfApi().upload_file(path_or_fileobj='data.arrow', path_in_repo={name!r},"
                f" repo_id={REPO!r}, repo_type='dataset')"
            )
            subprocess.run(
                [sys.executable, "-c", code],
                env=environment(hub, tmp_path / "home", xet=True),
                cwd=tmp_path,
                check=True,
            )
        assert hub.files(REPO)["a.arrow"] == hub.files(REPO)["b.arrow"] == content
