"""Cells and archives for tests to damage."""

import os
import shutil
from pathlib import Path

import pytest

from spe1_builder.constants import N_CHANNELS
from spe1_builder.dataset.rows import batches as rows_module
from spe1_builder.dataset.write.build import build_cell
from tests.support.damage import Bench
from tests.support.recordings import SMALL


@pytest.fixture(scope="session")
def clean_root(archive, tmp_path_factory) -> Path:
    """c14 with two shards of two rows in train, one of two in test."""
    root = tmp_path_factory.mktemp("verify") / "spe1"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rows_module, "SHARD_BYTES", 2 * 4 * N_CHANNELS * 9_300)
        build_cell("c14", archive.sources, root, SMALL)
    yield root
    shutil.rmtree(root)


@pytest.fixture
def cell(clean_root, tmp_path) -> Path:
    """A copy of the cell to damage: links, so replace files instead of writing into them."""
    root = tmp_path / "spe1"
    shutil.copytree(clean_root, root, copy_function=os.link)
    yield root / "c14"
    shutil.rmtree(root)


@pytest.fixture
def bench(copied_archive, tmp_path):
    return Bench(copied_archive, tmp_path / "spe1")
