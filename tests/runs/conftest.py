"""A cluster of two workers, for all tests that only use one."""

import pytest

from spe1_builder.runs.clusters.opened import open_client
from spe1_builder.runs.clusters.spec import ClusterSpec


@pytest.fixture(scope="package")
def client():
    with open_client(ClusterSpec("local:2")) as client:
        yield client
