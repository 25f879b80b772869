"""A release on loopback, an account for it, and a raw folder to bring it to."""

import pytest

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
