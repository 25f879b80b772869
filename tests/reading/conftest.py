"""Two cells in one root."""

import os
import shutil

import pytest

from spe1_builder.dataset.write.build import build_cell
from tests.support.recordings import SMALL


@pytest.fixture(scope="session")
def two_cells(archive, built, tmp_path_factory):
    """A root with c14 and c5; for tests that only read."""
    root = tmp_path_factory.mktemp("two") / "spe1"
    shutil.copytree(built.folder.parent, root, copy_function=os.link)
    build_cell("c5", archive.sources, root, SMALL)
    yield root
    shutil.rmtree(root)
