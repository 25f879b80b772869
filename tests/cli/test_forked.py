"""A call that most tests of the command make is what a person's is."""

import pytest

from tests.support.command import run_fresh, run_spe1


@pytest.mark.parametrize(
    "args",
    [
        ["cells", "--json"],
        ["verify", "nowhere"],
        ["buidl"],
        ["simulate", "-h"],
    ],
)
def test_a_fork_is_as_a_fresh_process(args, tmp_path):
    for more in ({}, {"COLUMNS": "60"}):
        forked = run_spe1(*args, cwd=tmp_path, **more)
        fresh = run_fresh(*args, cwd=tmp_path, **more)
        assert forked.returncode == fresh.returncode
        assert forked.stdout == fresh.stdout and forked.stderr == fresh.stderr


def test_what_libraries_read_while_they_are_imported_makes_a_fresh_process(tmp_path):
    done = run_spe1("cells", cwd=tmp_path, PYTHONWARNINGS="nonsense")
    assert done.returncode == 0 and "Invalid -W option ignored" in done.stderr
