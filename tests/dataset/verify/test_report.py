"""What `spe1.verify` returns: typed, true or false, and readable."""

import pytest

import spe1
from tests.support.verify import edit_metadata

WARNING = {
    "kind": "weak_template",
    "value": 2.0,
    "limit": 3.0,
    "unit": "standard errors",
    "message": "It is 2 times the noise.",
}


def test_a_sound_root(two_cells):
    report = spe1.verify(two_cells)
    assert report and report.ok and report.findings == ()
    assert [(cell.cell_id, cell.n_rows) for cell in report.cells] == [("c5", 6), ("c14", 6)]
    assert str(report) == f"{two_cells}: 2 cells, 12 rows checked, no finding" == report.summary
    assert repr(report) == f"<VerifyReport of {report}>"
    assert spe1.verify(two_cells, "c14").summary.endswith("1 cell, 6 rows checked, no finding")


def test_damage_has_its_cell_and_its_file(cell):
    (cell / "patch.npz").unlink()
    (cell.parent / "notes.txt").write_text("mine")
    report = spe1.verify(cell.parent)
    assert not report and not report.ok
    assert {(found.cell, found.where) for found in report.findings} == {
        ("c14", "c14/patch.npz"),
        (None, "notes.txt"),
    }
    lines = str(report).splitlines()
    assert lines[:-1] == [f"{found.where}: {found.what}" for found in report.findings]
    assert lines[-1] == f"{cell.parent}: 1 cell, 6 rows checked, 2 findings"
    assert str(report) in repr(report)


def test_metadata_that_cannot_be_read_leave_no_count(cell):
    path = cell / "conversion_metadata.json"
    path.unlink()
    path.write_text("{")
    (checked,) = spe1.verify(cell.parent).cells
    assert checked == spe1.VerifiedCell("c14", None, ())


def test_warnings_are_no_findings(cell):
    edit_metadata(cell, lambda document: document["warnings"].append(WARNING))
    report = spe1.verify(cell.parent)
    assert report.ok and report.cells[0].warnings == (WARNING["message"],)


def test_it_cannot_be_changed(two_cells):
    report = spe1.verify(two_cells, "c14")
    with pytest.raises(AttributeError):
        report.findings = ()
