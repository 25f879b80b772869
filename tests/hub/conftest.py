"""A Hub on loopback that this process's clients use, and a small root for it."""

import shutil

import pytest

from spe1_builder.dataset.write.build import build_cell
from tests.hub.roots import SHORT
from tests.support.hub.client import pointed_at
from tests.support.hub.server import Hub


@pytest.fixture
def hub(tmp_path) -> Hub:
    """An empty Hub with the user "tester", whose token the clients have; Xet is off."""
    with Hub(tmp_path / "hub-store") as hub, pointed_at(hub, tmp_path / "hf-home"):
        yield hub


@pytest.fixture
def hub_with_xet(tmp_path) -> Hub:
    """The same with Xet on: uploads go into a folder, from where commits take them."""
    with Hub(tmp_path / "hub-store") as hub, pointed_at(hub, tmp_path / "hf-home", xet=True):
        yield hub


@pytest.fixture(scope="package")
def short(archive, tmp_path_factory):
    """A root with c14, three rows; for tests that only read."""
    root = tmp_path_factory.mktemp("short") / "spe1"
    build_cell("c14", archive.sources, root, SHORT)
    yield root
    shutil.rmtree(root)
