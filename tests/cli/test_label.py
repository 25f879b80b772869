"""``spe1 cells --label`` as a person uses it."""

import csv

from spe1_builder.cells import catalogue
from tests.cli.test_screen import answer
from tests.support.command import run_spe1 as run
from tests.support.project import PROJECT


def test_a_line_a_cell(tmp_path):
    done = run("cells", "--label", cwd=tmp_path)
    assert done.returncode == 0 and done.stderr == ""
    lines = {line.split()[0]: line.split() for line in done.stdout.splitlines()[1:44]}
    with (PROJECT / "tests/data/label_geometry.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            line = lines[row["cell"]]
            assert line[1:3] == [row["session"], row["chan_predicted"]]
            assert abs(float(line[8]) - float(row["soma_foot_minus_label_um"])) < 0.051
            assert abs(float(line[6]) - float(row["chan_minus_rule"])) < 0.051
    assert "in 17 cells, 26 lie lower" in done.stdout
    assert len(done.stdout.splitlines()) == 1 + 43 + 1 + 2
    done = run("cells", "--label", "--root", "nowhere", cwd=tmp_path)
    assert done.returncode == 1 and "The dataset root is not there" in done.stderr


def test_as_json(tmp_path):
    document, status = answer("cells", "--label", cwd=tmp_path)
    assert status == 0 and [one["cell"] for one in document["results"]] == list(catalogue())
    c14 = document["results"][11]
    assert (c14["cell"], c14["rule"], c14["channel"], c14["y_um"]) == ("c14", "lower", 159, 1600.0)
    assert c14["soma_foot_range_um"][0] < c14["soma_foot_um"] < c14["soma_foot_range_um"][1]
