"""What lies on the Hub on loopback, read by the clients that users have."""

from pathlib import Path

import pyarrow as pa
import pytest
from datasets import load_dataset
from fsspec.core import url_to_fs
from huggingface_hub import HfApi, HfFileSystem, hf_hub_download, snapshot_download
from huggingface_hub.errors import (
    EntryNotFoundError,
    HfHubHTTPError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)
from hypothesis import given
from hypothesis import strategies as st

from tests.support.hub.blobs import git_id
from tests.support.hub.contents import byte_range
from tests.support.hub.words import Account

REPO = "tester/cells"
CARD = """---
configs:
- config_name: c14
  data_files:
  - split: train
    path: c14/train/*.arrow
- config_name: c5
  data_files:
  - split: train
    path: c5/train/*.arrow
---
# Cells
"""


def _arrow(values: list[int]) -> bytes:
    sink = pa.BufferOutputStream()
    table = pa.table({"value": values})
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue().to_pybytes()


@pytest.fixture
def repo(hub):
    """Two states: "v1" is the tag of the first."""
    hub.make(REPO)
    hub.commit(
        REPO,
        {
            "README.md": CARD.encode(),
            "c14/train/data-0.arrow": _arrow([1, 2, 3]),
            "c5/train/data-0.arrow": _arrow([7]),
            "c14/stats.json": b"{}",
        },
        "First",
    )
    HfApi().create_tag(REPO, tag="v1", repo_type="dataset")
    hub.commit(REPO, {"c14/train/data-0.arrow": _arrow([4, 5])}, "Second")
    return hub.repos[REPO]


def test_load_dataset_by_name(hub, repo):
    assert load_dataset(REPO, name="c14", split="train")["value"][:] == [4, 5]
    assert load_dataset(REPO, name="c5", split="train")["value"][:] == [7]
    assert hub.waits_s == []


def test_load_dataset_by_revision(repo):
    assert load_dataset(REPO, name="c14", split="train", revision="v1")["value"][:] == [1, 2, 3]
    sha = repo.tags["v1"].sha
    assert load_dataset(REPO, name="c14", split="train", revision=sha)["value"][:] == [1, 2, 3]


def test_load_dataset_streaming(hub, repo):
    rows = load_dataset(REPO, name="c14", split="train", streaming=True)
    assert [row["value"] for row in rows] == [4, 5]


def test_load_dataset_of_nobody(hub):
    with pytest.raises(Exception, match="doesn't exist on the Hub"):
        load_dataset("tester/none")
    with pytest.raises(Exception, match="doesn't exist on the Hub"):
        load_dataset("none")
    assert {seen.status for seen in hub.requests} == {404}


def test_download_of_one_file(hub, repo):
    path = hf_hub_download(REPO, "c14/train/data-0.arrow", repo_type="dataset", revision="v1")
    assert Path(path).read_bytes() == _arrow([1, 2, 3])
    assert str(hub.folder.parent / "hf-home") in path
    with pytest.raises(EntryNotFoundError):
        hf_hub_download(REPO, "none", repo_type="dataset")
    with pytest.raises(RevisionNotFoundError):
        hf_hub_download(REPO, "README.md", repo_type="dataset", revision="none")
    with pytest.raises(RepositoryNotFoundError):
        hf_hub_download("tester/none", "README.md", repo_type="dataset")


def test_snapshot(repo, tmp_path):
    snapshot_download(
        REPO, repo_type="dataset", allow_patterns="c14/*", local_dir=tmp_path / "here"
    )
    found = {
        str(path.relative_to(tmp_path / "here"))
        for path in (tmp_path / "here").rglob("*")
        if path.is_file() and ".cache" not in path.parts
    }
    assert found == {"c14/train/data-0.arrow", "c14/stats.json"}


def test_file_system_reads_ranges(hub, repo):
    content = bytes(range(256)) * 4000
    hub.commit(REPO, {"big.bin": content})
    with HfFileSystem().open(f"datasets/{REPO}/big.bin", block_size=1000) as file:
        assert file.size == len(content)
        file.seek(500_000)
        assert file.read(10) == content[500_000:500_010]
        file.seek(-7, 2)
        assert file.read() == content[-7:]
    assert HfFileSystem().cat_file(f"datasets/{REPO}/big.bin", start=5, end=9) == content[5:9]
    assert [s for m, p, s in hub.requests if m == "GET" and "resolve" in p] == [206, 206, 206]


def test_file_system_lists(repo):
    fs, root = url_to_fs(f"hf://datasets/{REPO}@v1")
    assert sorted(p.removeprefix(root) for p in fs.find(root)) == [
        "/.gitattributes",
        "/README.md",
        "/c14/stats.json",
        "/c14/train/data-0.arrow",
        "/c5/train/data-0.arrow",
    ]
    assert {p.removeprefix(root) for p in fs.ls(root, detail=False)} == {
        "/.gitattributes",
        "/README.md",
        "/c14",
        "/c5",
    }


@pytest.mark.parametrize("page_size", [1, 2, 1000])
def test_tree_in_pages(hub, repo, page_size):
    hub.page_size = page_size
    api = HfApi()
    files = {f.path: f for f in api.list_repo_tree(REPO, repo_type="dataset", recursive=True)}
    assert set(files) == {*repo.branches["main"].tree, "c14", "c5", "c14/train", "c5/train"}
    shallow = {f.path for f in api.list_repo_tree(REPO, "c14", repo_type="dataset", expand=True)}
    assert shallow == {"c14/train", "c14/stats.json"}
    assert files["README.md"].blob_id == git_id(CARD.encode())
    arrow = files["c5/train/data-0.arrow"]
    assert (arrow.lfs.size, arrow.size) == (len(_arrow([7])),) * 2
    assert files["README.md"].lfs is None
    with pytest.raises(EntryNotFoundError):
        list(api.list_repo_tree(REPO, "none", repo_type="dataset"))


def test_last_commit_of_each_path(repo):
    asked = ["c14", "c5", "README.md", "none", "c14/train/data-0.arrow"]
    found = HfApi().get_paths_info(REPO, asked, repo_type="dataset", expand=True)
    assert {f.path: f.last_commit.title for f in found} == {
        "c14": "Second",
        "c5": "First",
        "README.md": "First",
        "c14/train/data-0.arrow": "Second",
    }


def test_info_refs_and_commits(hub, repo):
    api = HfApi()
    info = api.dataset_info(REPO, files_metadata=True)
    assert (info.sha, info.private, info.id) == (hub.head(REPO), False, REPO)
    assert {s.rfilename: s.size for s in info.siblings} == {
        path: entry.size for path, entry in repo.branches["main"].tree.items()
    }
    assert info.card_data["configs"][0]["config_name"] == "c14"
    assert api.dataset_info(REPO, revision="v1").sha == repo.tags["v1"].sha
    assert api.dataset_info(REPO, revision=repo.tags["v1"].sha[:8]).sha == repo.tags["v1"].sha
    some = api.dataset_info(REPO, expand=["sha", "private"])
    assert (some.sha, some.private, some.siblings) == (hub.head(REPO), False, None)
    with pytest.raises(RevisionNotFoundError):
        api.dataset_info(REPO, revision="none")
    refs = api.list_repo_refs(REPO, repo_type="dataset")
    assert [(ref.name, ref.target_commit) for ref in refs.tags] == list(hub.tags(REPO).items())
    assert refs.branches[0].target_commit == hub.head(REPO)
    hub.page_size = 1
    titles = [c.title for c in api.list_repo_commits(REPO, repo_type="dataset")]
    assert titles == ["Second", "First", "initial commit"]


def test_who_sees_a_private_repo(hub, repo):
    hub.accounts |= {"other": Account("other"), "look": Account("tester", role="read")}
    repo.is_private = True
    assert HfApi().dataset_info(REPO).private
    for token, status in {False: 401, "other": 404, "none": 401}.items():
        with pytest.raises(HfHubHTTPError) as caught:
            HfApi(token=token).dataset_info(REPO)
        assert caught.value.response.status_code == status
        assert isinstance(caught.value, RepositoryNotFoundError) == (token != "none")
        with pytest.raises(HfHubHTTPError):
            HfFileSystem(token=token)._api.hf_hub_download(REPO, "README.md", repo_type="dataset")
    assert HfApi(token="look").dataset_info(REPO).private
    with pytest.raises(HfHubHTTPError, match="rights"):
        HfApi(token="look").create_tag(REPO, tag="v2", repo_type="dataset")


@given(st.integers(1, 50), st.data())
def test_ranges(size, data):
    """As slices of the content; the last byte of a range is part of it."""
    content = bytes(range(size))
    first = data.draw(st.integers(0, size - 1))
    last = data.draw(st.integers(first, size + 5))
    for header, expected in {
        f"bytes={first}-{last}": content[first : last + 1],
        f"bytes={first}-": content[first:],
        f"bytes=-{last}": content[-last:] if last else b"",
        "": content,
    }.items():
        start, stop = byte_range(header or None, size)
        assert content[start:stop] == expected
