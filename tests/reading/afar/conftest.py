"""A built cell behind a web server, read as if for the first time."""

from types import SimpleNamespace

import pytest

from spe1_builder.reading.afar import blocks, store
from tests.support.range_server import RangeServer


@pytest.fixture(autouse=True)
def cache(monkeypatch):
    """An empty cache of blocks."""
    cache = blocks.BlockCache(blocks.CACHE_BYTES)
    monkeypatch.setattr(blocks, "CACHE", cache)
    return cache


@pytest.fixture(autouse=True)
def waits_s(monkeypatch) -> list[float]:
    """What would have been waited between two tries."""
    waits_s = []
    values = {**vars(store.PATIENCE), "sleep": waits_s.append}
    monkeypatch.setattr(store, "PATIENCE", type(store.PATIENCE)(**values))
    return waits_s


@pytest.fixture
def server(built):
    with RangeServer(built.folder.parent) as server:
        yield server


@pytest.fixture
def far(server) -> SimpleNamespace:
    """The server, and the address of its cell."""
    return SimpleNamespace(server=server, url=f"{server.url}/c14")
