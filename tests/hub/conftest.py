"""A Hub on loopback that this process's clients use."""

import pytest

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
