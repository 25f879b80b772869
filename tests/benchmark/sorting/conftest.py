"""The session's built cell in a root of its own: what is kept there stays there."""

import os
import shutil

import pytest


@pytest.fixture(scope="module")
def root(built, tmp_path_factory):
    root = tmp_path_factory.mktemp("sorting") / "spe1"
    shutil.copytree(built.folder.parent, root, copy_function=os.link)
    yield root
    shutil.rmtree(root)
