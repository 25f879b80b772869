"""Tables that fit the terminal, and the run over several cells."""

import pytest

from spe1_builder.cells import catalogue
from spe1_builder.cli.build import build_cells
from spe1_builder.cli.cells import cell_columns, here, kinds_here
from spe1_builder.cli.console import fit_columns, plural, print_columns
from spe1_builder.dataset.write import build
from tests.support.recordings import SMALL


@pytest.mark.parametrize("width", [40, 60, 80, 100, 200])
def test_cells_table_fits(width, archive, built, capsys):
    root = built.folder.parent
    columns = cell_columns(
        {cell_id: kinds_here(cell_id, root, archive.raw_dir) for cell_id in catalogue()}
    )
    print_columns(fit_columns(columns, width), width)
    header, *rows = (line.rstrip() for line in capsys.readouterr().out.splitlines())
    assert len(rows) == 43 and max(map(len, [header, *rows])) <= width
    shown = header.split()
    assert shown[0] == "cell" and shown[-1] == "here"
    by_cell = {row.split()[0]: row for row in rows}
    assert by_cell["c14"].endswith("raw built (simulated)") and "c46" in by_cell
    if width >= 80:
        assert {"patch", "sets", "spikes", "site"} <= set(shown) and "Juxta, VC" in by_cell["c14"]
        assert "…" not in header + "".join(rows)
    if width == 200:
        assert shown == [column.name for column in columns] and "50023.9" in by_cell["c14"]


@pytest.mark.parametrize(
    ("kinds", "words"),
    [
        ({}, "-"),
        ({"raw": ""}, "raw"),
        ({"raw": "", "built": ""}, "raw built"),
        ({"raw": "simulated", "built": "simulated"}, "raw built (simulated)"),
        ({"built": "simulated"}, "built (simulated)"),
        ({"raw": "", "built": "simulated"}, "raw, built (simulated)"),
        ({"raw": "simulated", "built": ""}, "raw (simulated), built"),
    ],
)
def test_what_is_simulated_is_said_of_that_alone(kinds, words):
    assert here(kinds) == words


def test_one_is_singular():
    assert (plural(1, "cell"), plural(2, "cell"), plural(0, "row")) == (
        "1 cell",
        "2 cells",
        "0 rows",
    )


def test_an_unexpected_error_stops_no_other_cell(archive, tmp_path, monkeypatch, capsys):
    real = build.build_cell

    def build_cell(cell_id, *args, **kwargs):
        if cell_id == "c5":
            raise ZeroDivisionError("a bug")
        return real(cell_id, *args, **kwargs)

    monkeypatch.setattr(build, "build_cell", build_cell)
    names = ["c5", "c14"]
    status = build_cells(names, archive.sources, tmp_path, SMALL, n_threads=None, force=False)
    out, err = capsys.readouterr()
    assert status == 1
    assert "c5: ZeroDivisionError: a bug" in err and "Traceback" in err
    lines = {line.split()[0]: line for line in out.splitlines() if line.startswith("c")}
    assert "FAILED" in lines["c5"] and "ZeroDivisionError" in lines["c5"]
    assert "built" in lines["c14"] and "simulated" in lines["c14"]
