"""The attack on downloads at length: ``SPE1_FAULTS=10`` makes ten times as much of it."""

import os

import pytest

from spe1_builder.source.archive.transfer import download
from tests.support.crcns_faults import PASSWORD, USERNAME
from tests.support.crcns_server import CrcnsServer
from tests.support.download_bench import DownloadBench
from tests.support.download_schedules import run_schedules
from tests.support.download_steps import UNMET, check_stops, run_stops
from tests.support.release import tiny_release

SCALE = max(1, int(os.environ.get("SPE1_FAULTS", "1")))
#: Schedules of a seed, and every how many-th call a download is stopped at.
N_SCHEDULES, STRIDE = 100, max(1, 8 // SCALE)
pytestmark = pytest.mark.faults


@pytest.fixture(autouse=True)
def account(monkeypatch):
    monkeypatch.setenv("CRCNS_USERNAME", USERNAME)
    monkeypatch.setenv("CRCNS_PASSWORD", PASSWORD)


@pytest.mark.parametrize("seed", range(SCALE))
def test_schedules_of_faults(tmp_path, monkeypatch, seed):
    """The right bytes or an error of ours; what has arrived stays unless it is proven wrong."""
    # A flush to the disk at every rename would test the disk.
    monkeypatch.setattr(download, "sync_tree", lambda folder: None)
    with CrcnsServer(tiny_release("c14")) as server:
        bench = DownloadBench(tmp_path / "raw", server.url)
        bench.run()
        outcomes = run_schedules(server, bench, seed=seed, n_schedules=N_SCHEDULES)
    assert outcomes.whole > 20 and outcomes.errors > 20 and outcomes.n_faults > 200, outcomes


@pytest.mark.parametrize("keep", ["keep", "drop"])
@pytest.mark.parametrize(("how", "status"), [("kill", -9), ("terminate", -15), ("interrupt", 130)])
def test_stops_at_every_call(tmp_path, how, status, keep):
    """The first calls, then every so many-th, until a run meets none any more."""
    places = [str(n) for n in range(1, 2000, STRIDE)]
    with CrcnsServer(tiny_release("c14")) as server:
        reports = run_stops(server.url, tmp_path, how, keep, places)
    assert [report["first"] for report in reports] == [status] * (len(reports) - 1) + [UNMET]
    assert len(reports) > 40 // STRIDE
    check_stops(tmp_path, reports, keeps=keep == "keep")
