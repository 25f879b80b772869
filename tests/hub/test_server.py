"""The Hub on loopback does what the real clients expect of the real one."""

import random
import socket
import subprocess
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from huggingface_hub import (
    CommitOperationAdd,
    CommitOperationDelete,
    HfApi,
)
from huggingface_hub.errors import HfHubHTTPError, RevisionNotFoundError

from tests.support.hub.server import TOKEN
from tests.support.hub.words import Account

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


def test_create(hub):
    api = HfApi()
    url = api.create_repo(REPO, repo_type="dataset", private=True)
    assert (url.repo_id, url.repo_type) == (REPO, "dataset")
    assert api.dataset_info(REPO).private
    with pytest.raises(HfHubHTTPError) as caught:
        api.create_repo(REPO, repo_type="dataset")
    assert caught.value.response.status_code == 409
    assert api.create_repo(REPO, repo_type="dataset", exist_ok=True).repo_id == REPO
    assert api.repo_exists(REPO, repo_type="dataset")
    api.update_repo_settings(REPO, repo_type="dataset", private=False)
    assert not api.dataset_info(REPO).private
    api.delete_repo(REPO, repo_type="dataset")
    assert not api.repo_exists(REPO, repo_type="dataset")


def test_create_for_others(hub):
    hub.accounts[TOKEN] = Account("tester", orgs=("lab",))
    api = HfApi()
    assert api.create_repo("lab/cells", repo_type="dataset").repo_id == "lab/cells"
    with pytest.raises(HfHubHTTPError) as caught:
        api.create_repo("someone/cells", repo_type="dataset")
    assert caught.value.response.status_code == 403


@pytest.mark.parametrize(
    ("account", "shown"),
    [
        (Account("tester"), ("user", False, [])),
        (Account("tester", is_pro=True, orgs=("lab",)), ("user", True, ["lab"])),
        (Account("lab", type="org"), ("org", False, [])),
    ],
)
def test_whoami(hub, account, shown):
    hub.accounts[TOKEN] = account
    said = HfApi().whoami()
    assert said["name"] == account.name
    assert (said["type"], said["isPro"], [org["name"] for org in said["orgs"]]) == shown


def test_upload_folder(hub, api, tmp_path):
    folder = tmp_path / "spe1"
    (folder / "c14").mkdir(parents=True)
    (folder / "c14/data-0.arrow").write_bytes(b"\0" * 100_000)
    (folder / "c14/templates.npz").write_bytes(b"PK\3\4")
    (folder / "c14/stats.json").write_text("{}")
    (folder / "c14/empty.npz").write_bytes(b"")
    (folder / "Data Summary.xlsx").write_bytes(b"PK\0\0")
    (folder / "README.md").write_text("---\nlicense: mit\n---\n# Cells\n")
    api.upload_folder(folder_path=folder, repo_id=REPO, repo_type="dataset")
    assert dict(hub.files(REPO)) == {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    } | {".gitattributes": hub.files(REPO)[".gitattributes"]}
    is_lfs = {path: entry.is_lfs for path, entry in hub.files(REPO).entries.items()}
    assert is_lfs == {
        ".gitattributes": False,
        "Data Summary.xlsx": True,
        "README.md": False,
        "c14/data-0.arrow": True,
        "c14/empty.npz": False,
        "c14/stats.json": False,
        "c14/templates.npz": True,
    }
    # Neither its pattern nor its size makes the spreadsheet LFS: the Hub says so in a line more.
    assert b"Data[[:space:]]Summary.xlsx filter=lfs" in hub.files(REPO)[".gitattributes"]


def test_ids_are_those_of_git(hub, api, tmp_path):
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    (tmp_path / "a.txt").write_bytes(b"some text\n")
    api.upload_file(
        path_or_fileobj=tmp_path / "a.txt", path_in_repo="a.txt", repo_id=REPO, repo_type="dataset"
    )
    said = subprocess.run(
        ["git", "hash-object", "a.txt"], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    (file,) = api.get_paths_info(REPO, ["a.txt"], repo_type="dataset")
    assert file.blob_id == said.stdout.strip()


def test_what_is_there_is_not_sent_again(hub, api):
    def upload(path):
        add = [CommitOperationAdd(path, b"\0same")]
        api.create_commit(REPO, add, commit_message=path, repo_type="dataset")

    upload("a.arrow")
    upload("b.arrow")
    assert hub.count("put") == 1
    n_commits = len(hub.history(REPO))
    upload("a.arrow")  # as it is there: nothing to commit
    assert len(hub.history(REPO)) == n_commits
    assert hub.files(REPO)["b.arrow"] == b"\0same"
    hub.forget_requests()
    upload("c.arrow")
    assert hub.count("batch") == 1
    assert hub.count("put") == 0


def test_delete_files_and_folders(hub, api):
    hub.commit(REPO, {"c14/a": b"1", "c14/b": b"2", "c5/a": b"3"})
    before = hub.head(REPO)
    gone = [CommitOperationDelete("c14/"), CommitOperationDelete("c5/a")]
    api.create_commit(REPO, gone, commit_message="Away", repo_type="dataset")
    assert list(hub.files(REPO)) == [".gitattributes"]
    assert hub.files(REPO, before)["c14/b"] == b"2"
    for path in ("c14/", "c5/a"):
        with pytest.raises(HfHubHTTPError) as caught:
            api.delete_file(path, REPO, repo_type="dataset")
        assert caught.value.response.status_code == 404


def test_commit_is_all_or_nothing(hub, api):
    """The second file's content never came."""
    add = CommitOperationAdd("a.arrow", b"\0came")
    api.preupload_lfs_files(REPO, [add], repo_type="dataset", free_memory=False)
    never = CommitOperationAdd("b.arrow", b"\0never")
    never._upload_mode, never._should_ignore, never._is_uploaded = "lfs", False, True
    with pytest.raises(HfHubHTTPError, match=r"does not exist[\s\S]*b\.arrow"):
        api.create_commit(REPO, [add, never], commit_message="Both", repo_type="dataset")
    assert len(hub.history(REPO)) == 1


def test_content_that_is_not_what_was_announced(hub, api):
    add = CommitOperationAdd("a.arrow", b"\0right")
    add.path_or_fileobj = b"\0wrong"
    with pytest.raises(RuntimeError) as caught:
        api.preupload_lfs_files(REPO, [add], repo_type="dataset")
    assert caught.value.__cause__.response.status_code == 400


def test_tags(hub, api):
    api.create_tag(REPO, tag="v1", repo_type="dataset")
    with pytest.raises(HfHubHTTPError) as caught:
        api.create_tag(REPO, tag="v1", repo_type="dataset")
    assert caught.value.response.status_code == 409
    first = hub.head(REPO)
    hub.commit(REPO, {"a": b"1"})
    api.create_tag(REPO, tag="old", revision=first, repo_type="dataset")
    assert hub.tags(REPO) == {"v1": first, "old": first}
    api.delete_tag(REPO, tag="v1", repo_type="dataset")
    assert hub.tags(REPO) == {"old": first}
    with pytest.raises(RevisionNotFoundError):
        api.delete_tag(REPO, tag="v1", repo_type="dataset")
    with pytest.raises(RevisionNotFoundError):
        api.create_tag(REPO, tag="v2", revision="none", repo_type="dataset")


def test_card_that_cannot_be_read(hub, api):
    with pytest.raises(ValueError, match="Invalid YAML"):
        api.upload_file(
            path_or_fileobj=b"---\na: [1\n---\n",
            path_in_repo="README.md",
            repo_id=REPO,
            repo_type="dataset",
        )
    assert len(hub.history(REPO)) == 1


def test_big_file_goes_through_in_pieces(hub, api, tmp_path):
    content = random.Random(3).randbytes(5_000_000)
    (tmp_path / "big.arrow").write_bytes(content)
    api.upload_file(
        path_or_fileobj=tmp_path / "big.arrow",
        path_in_repo="big.arrow",
        repo_id=REPO,
        repo_type="dataset",
    )
    there = api.hf_hub_download(REPO, "big.arrow", repo_type="dataset")
    assert Path(there).read_bytes() == content


def test_client_that_goes_away_leaves_nothing(hub, api):
    blobs = hub.folder / "blobs"
    there = set(blobs.iterdir())

    def wait_until(is_there: bool) -> None:
        while (set(blobs.iterdir()) != there) != is_there:
            time.sleep(0.001)

    address = urlsplit(hub.url)
    with socket.create_connection((address.hostname, address.port)) as client:
        client.sendall(f"PUT /lfs/{REPO}/{'0' * 64} HTTP/1.1\r\n".encode())
        client.sendall(b"Content-Length: 1000\r\n\r\nsome bytes")
        wait_until(True)
    wait_until(False)
