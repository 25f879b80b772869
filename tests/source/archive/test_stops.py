"""Stopped where a stage begins, a download goes on as if nothing was."""

import pytest

from tests.support.crcns_server import CrcnsServer
from tests.support.download_steps import STAGES, check_stops, run_stops
from tests.support.release import tiny_release

pytestmark = pytest.mark.usefixtures("account")


@pytest.mark.parametrize(("how", "status"), [("kill", -9), ("terminate", -15), ("interrupt", 130)])
def test_a_stop_at_every_stage_keeps_the_archive(tmp_path, how, status):
    """A cell that has its name, and an archive that has not, is where it once was lost."""
    with CrcnsServer(tiny_release("c14")) as server:
        reports = run_stops(server.url, tmp_path, how, "keep", list(STAGES))
    assert [report["first"] for report in reports] == [status] * len(STAGES)
    check_stops(tmp_path, reports, keeps=True)


def test_a_kill_at_every_stage_leaves_nothing(tmp_path):
    stages = [stage for stage in STAGES if stage != "archive's name"]
    with CrcnsServer(tiny_release("c14")) as server:
        reports = run_stops(server.url, tmp_path, "kill", "drop", stages)
    assert [report["first"] for report in reports] == [-9] * len(stages)
    check_stops(tmp_path, reports, keeps=False)
