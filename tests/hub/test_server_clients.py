"""Clients pointed at the Hub on loopback: here and in other processes, with Xet and without."""

import os
import random
import subprocess
import sys
from pathlib import Path

from huggingface_hub import HfApi, constants, whoami
from huggingface_hub.utils import _http

from tests.support.hub.client import environment, pointed_at
from tests.support.hub.server import Hub

REPO = "tester/cells"


def test_all_is_as_before_afterwards(tmp_path):
    from datasets import config

    def state():
        return (
            *(constants.ENDPOINT, constants.HF_HUB_CACHE, constants.HF_HUB_OFFLINE),
            *(config.HF_ENDPOINT, config.HF_DATASETS_CACHE, config.HF_HUB_OFFLINE),
            *(HfApi().endpoint, _http.time, dict(os.environ)),
        )

    before = state()
    with Hub() as hub, pointed_at(hub, tmp_path / "home"):
        assert state() != before
        assert whoami()["name"] == "tester"
    assert state() == before
    assert not hub.folder.exists()


def test_command_line_in_another_process(hub, tmp_path):
    hub.make(REPO)
    (tmp_path / "a.json").write_text("{}")
    command = [sys.executable, "-m", "huggingface_hub.cli.hf", "upload"]
    subprocess.run(
        [*command, REPO, "a.json", "--repo-type", "dataset"],
        env=environment(hub, tmp_path / "home"),
        cwd=tmp_path,
        check=True,
        capture_output=True,
    )
    assert hub.files(REPO)["a.json"] == b"{}"


def test_upload_by_xet(hub_with_xet, tmp_path):
    hub = hub_with_xet
    folder = tmp_path / "cell"
    folder.mkdir()
    (folder / "data.arrow").write_bytes(random.Random(1).randbytes(700_000))
    (folder / "same.npz").write_bytes(b"\0small")
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
