"""Stopped where a stage begins, a download goes on as if nothing was."""

import pytest

from tests.support.crcns_server import CrcnsServer
from tests.support.download_steps import STAGES, check_stops, run_stops
from tests.support.release import tiny_release

pytestmark = pytest.mark.usefixtures("account")


#: Where the cell has its name, or is about to get it.
LATE = ["cell's name", "staging goes", "archive's name", "identity goes"]


def test_a_kill_at_every_stage_keeps_the_archive(tmp_path):
    """A cell that has its name, and an archive that has not, is where it once was lost."""
    with CrcnsServer(tiny_release("c14")) as server:
        reports = run_stops(server.url, tmp_path, "kill", "keep", list(STAGES))
    assert [report["first"] for report in reports] == [-9] * len(STAGES)
    check_stops(tmp_path, reports, keeps=True)


@pytest.mark.parametrize("keep", ["keep", "drop"])
def test_an_interrupt_at_the_late_stages(tmp_path, keep):
    stages = [stage for stage in LATE if keep == "keep" or stage != "archive's name"]
    with CrcnsServer(tiny_release("c14")) as server:
        reports = run_stops(server.url, tmp_path, "interrupt", keep, stages)
    assert [report["first"] for report in reports] == [130] * len(stages)
    check_stops(tmp_path, reports, keeps=keep == "keep")
