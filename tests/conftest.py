"""Shared recordings: simulated once per test process, deleted at its end."""

import os
import tempfile

# Before `datasets` is imported anywhere: no network, and a cache that is ours.
_CACHE = tempfile.TemporaryDirectory(prefix="spe1-test-cache-")
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["HF_HOME"] = _CACHE.name
os.environ["HF_DATASETS_CACHE"] = f"{_CACHE.name}/datasets"
os.environ["MPLCONFIGDIR"] = f"{_CACHE.name}/matplotlib"

import shutil

import pytest

from spe1_builder.dataset.sidecars.quicklook import QUICKLOOK, draw_quicklook
from spe1_builder.dataset.write.build import BuildResult, build_cell
from spe1_builder.source.simulation.archive import read_truth, simulate
from tests.support.drawings import draw_once
from tests.support.recordings import SIMULATION, SMALL, Archive


@pytest.fixture(scope="session", autouse=True)
def drawn_once():
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(vars(QUICKLOOK), "write", draw_once)
        yield


@pytest.fixture
def drawn_anew(monkeypatch):
    """For tests that compare pictures of two builds."""
    monkeypatch.setitem(vars(QUICKLOOK), "write", draw_quicklook)


@pytest.fixture(scope="session")
def archive(tmp_path_factory) -> Archive:
    """Two cells of 2.2 s: c14 (voltage clamp) and c5 (whole cell)."""
    raw_dir = tmp_path_factory.mktemp("archive")
    simulate(raw_dir, ["c14", "c5"], SIMULATION)
    yield Archive(raw_dir, read_truth(raw_dir, "c14"))
    shutil.rmtree(raw_dir)


@pytest.fixture(scope="session")
def built(archive, tmp_path_factory) -> BuildResult:
    """c14 in a root named ``spe1``; for tests that only read."""
    root = tmp_path_factory.mktemp("built") / "spe1"
    yield build_cell("c14", archive.sources, root, SMALL)
    shutil.rmtree(root)


@pytest.fixture(scope="session")
def two_cells(archive, built, tmp_path_factory):
    """A root with c14 and c5; for tests that only read."""
    root = tmp_path_factory.mktemp("two") / "spe1"
    shutil.copytree(built.folder.parent, root, copy_function=os.link)
    build_cell("c5", archive.sources, root, SMALL)
    yield root
    shutil.rmtree(root)


@pytest.fixture
def copied_archive(archive, tmp_path) -> Archive:
    """An archive whose c14 may be damaged: links, to be replaced rather than written into."""
    raw_dir = tmp_path / "raw"
    shutil.copytree(archive.raw_dir, raw_dir, copy_function=os.link)
    yield Archive(raw_dir, archive.truth)
    shutil.rmtree(raw_dir)
