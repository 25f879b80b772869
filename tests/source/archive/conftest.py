"""A release on loopback, an account for it, and a raw folder to bring it to."""

import hashlib
import shutil

import pytest

from spe1_builder.source.archive.server.listing import ListedFile
from spe1_builder.source.archive.transfer.unpack import unpack
from tests.support.crcns_faults import PASSWORD, USERNAME
from tests.support.crcns_server import CrcnsServer
from tests.support.download_bench import DownloadBench
from tests.support.release import tiny_release


@pytest.fixture
def account(monkeypatch):
    monkeypatch.setenv("CRCNS_USERNAME", USERNAME)
    monkeypatch.setenv("CRCNS_PASSWORD", PASSWORD)


@pytest.fixture
def server():
    """c14 and c5, packed."""
    with CrcnsServer(tiny_release("c14", "c5")) as server:
        yield server


@pytest.fixture
def bench(server, tmp_path):
    return DownloadBench(tmp_path / "raw", server.url)


@pytest.fixture
def place(tmp_path):
    """Unpacks bytes under ``tmp_path/inside``; returns the files, by relative path."""

    def run(data: bytes, md5: str | None = "right") -> dict[str, bytes]:
        archive, folder = tmp_path / "c14.tar.gz.part", tmp_path / "inside"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        archive.write_bytes(data)
        known = hashlib.md5(data).hexdigest() if md5 == "right" else md5
        try:
            top = unpack(archive, ListedFile("x/c14.tar.gz", len(data), known), folder)
        finally:
            outside = {path.name for path in tmp_path.iterdir()}
            assert outside == {"c14.tar.gz.part", "inside"}, outside
        return {
            path.relative_to(top).as_posix(): path.read_bytes()
            for path in top.rglob("*")
            if path.is_file()
        }

    return run
