"""Tasks are values: they survive the way to another process, and do the same there."""

import pickle
from pathlib import Path

import numpy as np
import pytest

from spe1_builder.benchmark.localization.options import BenchmarkOptions
from spe1_builder.dataset.plan.inputs import Sources
from spe1_builder.errors import MissingFileError
from spe1_builder.runs.loop import Done, Failure, each_cell
from spe1_builder.runs.tasks import (
    BenchmarkTask,
    BuildTask,
    DownloadTask,
    InTurn,
    VerifyTask,
    seed_of_cell,
)
from spe1_builder.source.archive.transfer.origin import OriginOptions
from tests.support.recordings import SMALL


def sent(value):
    return pickle.loads(pickle.dumps(value))


def test_tasks_and_their_results_travel(archive, built, capfd, tmp_path):
    root = built.folder.parent
    build = BuildTask(archive.sources, root, SMALL)
    options = BenchmarkOptions(methods=("COM",), raw_dir=archive.raw_dir)
    for task in (build, VerifyTask(root), BenchmarkTask(root, options)):
        assert sent(task) == task
        result = sent(sent(task)("c14"))
        assert type(result) is type(task("c14"))
    assert sent(build)("c14").status == "up to date"
    assert sent(build)("c14").metadata == built.metadata
    assert sent(VerifyTask(root)("c14")).ok
    assert sent(BenchmarkTask(root, options)("c14")).problem is None
    assert sent(DownloadTask(tmp_path)).places == (tmp_path,)
    assert capfd.readouterr() == ("", "")


def test_a_seed_alone_gives_its_part(archive, built):
    root = built.folder.parent
    options = BenchmarkOptions(
        methods=("COM",), degradation=True, days=(0, 2), seeds=(0, 1), raw_dir=archive.raw_dir
    )
    task = BenchmarkTask(root, options)
    whole = task("c14").days
    parts = [day for seed in (0, 1) for day in task(seed_of_cell("c14", seed)).days]
    assert [(d.seed, d.day) for d in parts] == [(d.seed, d.day) for d in whole]
    for one, other in zip(parts, whole, strict=True):
        np.testing.assert_array_equal(one.estimates.xy_um, other.estimates.xy_um)


def test_threads_are_the_tasks_own_or_the_workers(tmp_path):
    task = BuildTask(Sources(tmp_path), tmp_path, SMALL)
    assert task.with_threads(2).n_threads == 2
    assert task.with_threads(2).with_threads(1).n_threads == 2


def test_errors_travel(tmp_path):
    task = BuildTask(Sources(tmp_path / "nowhere"), tmp_path / "root", SMALL)
    (failure,) = each_cell(["c14"], task)
    assert isinstance(failure, Failure)
    assert isinstance(sent(failure).error, MissingFileError)
    assert str(sent(failure).error) == str(failure.error)


@pytest.mark.parametrize("n_cells", [0, 2])
def test_the_loop_gives_every_cell(archive, two_cells, n_cells):
    cell_ids = ["c14", "c5"][:n_cells]
    outcomes = list(each_cell(cell_ids, VerifyTask(two_cells)))
    assert [outcome.cell_id for outcome in outcomes] == cell_ids
    assert all(isinstance(outcome, Done) for outcome in outcomes)


def test_a_worker_must_see_every_folder_that_is_named(tmp_path, monkeypatch):
    raw, other = tmp_path / "raw", tmp_path / "other"
    files = {"chan_map": other / "a/chanMap.mat", "summary": other / "b/Data Summary.xlsx"}
    task = BuildTask(Sources(raw, **files), tmp_path / "spe1", SMALL)
    assert task.places == (tmp_path / "spe1", raw, other / "a", other / "b")
    apart = Sources(raw, **files, recordings=other)
    assert raw not in BuildTask(apart, tmp_path / "spe1", SMALL).places
    monkeypatch.chdir(tmp_path)
    copied = DownloadTask(Path("raw"), OriginOptions("other")).absolute()
    assert copied.places == (raw, other)
    assert set(InTurn(copied, task).places) == {*task.places, other}


def test_a_worker_asks_the_server_that_the_client_asks(tmp_path, monkeypatch):
    monkeypatch.setenv("SPE1_CRCNS_URL", "http://127.0.0.1:1/download")
    task = DownloadTask(tmp_path).absolute()
    monkeypatch.delenv("SPE1_CRCNS_URL")
    assert sent(task).options.base_url == "http://127.0.0.1:1/download"
    mirror = DownloadTask(tmp_path, OriginOptions("http://mirror/spe-1")).absolute()
    assert mirror.options == OriginOptions("http://mirror/spe-1")
