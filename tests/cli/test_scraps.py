"""``spe1 scraps`` as a person uses it."""

import numpy as np

import spe1
from tests.cli.test_screen import answer
from tests.support.command import run_fresh
from tests.support.command import run_spe1 as run


def test_scraps_is_a_line_a_cell(tmp_path):
    done = run_fresh("scraps", cwd=tmp_path)
    assert done.returncode == 0 and done.stderr == ""
    lines = {line.split()[0]: line.split() for line in done.stdout.splitlines()[1:22]}
    for cell in spe1.scraps():
        line = lines[cell.cell_id]
        assert line[1] == f"{cell.peak_to_peak_uV:.1f}"
        assert str(len(cell.spike_samples)) in line and str(cell.label.channel) in line
        assert {fault.kind for fault in cell.faults} == {word.strip(",") for word in line[10:]}
    assert "not recordings" in done.stdout and "cc-by-sa-4.0" in done.stdout
    assert "10.1101/370080" in done.stdout


def test_scraps_of_named_cells(tmp_path):
    done = run("scraps", "--cell", "C44,14", cwd=tmp_path)
    assert done.returncode == 0 and "c28 " not in done.stdout
    assert "c44: withdrawn by the authors" in done.stdout
    assert "c14: 8 spikes follow another within 1 ms." in done.stdout
    done = run("scraps", "--cell", "c1", cwd=tmp_path)
    assert done.returncode == 1 and "nothing is public" in done.stderr and "c14, c15" in done.stderr


def test_scraps_as_json(tmp_path):
    document, status = answer("scraps", cwd=tmp_path)
    assert status == 0 and len(document["results"]) == 21
    assert all("template_uV" not in cell for cell in document["results"])
    document, status = answer("scraps", "--cell", "c14", cwd=tmp_path)
    (c14,) = document["results"]
    known = spe1.scraps()["c14"]
    assert np.array_equal(np.float32(c14["template_uV"]), known.template_uV)
    assert c14["spike_samples"] == known.spike_samples.tolist()
    assert (c14["simulated"], c14["origin"], c14["n_doubled"]) == (False, "digitised", 8)
    assert c14["label"]["rule"] == "lower" and len(c14["published_positions"]) == 3
