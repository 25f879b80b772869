"""What speaks against a cell stands in the table and below it; strict makes the cell fail."""

import pytest
from typer.main import get_command

from spe1_builder.cli.app import app
from spe1_builder.cli.build import build_cells
from tests.support.damage import Bench
from tests.support.recordings import SMALL


@pytest.fixture
def bench(copied_archive, tmp_path):
    """An archive whose c14 is said to peak 580 um away from where it does."""
    bench = Bench(copied_archive, tmp_path / "spe1")

    def edit(sheet, header):
        column = header.index("chan_highest") + 1
        for row in range(2, sheet.max_row + 1):
            if sheet.cell(row, 1).value == "c14":
                sheet.cell(row, column).value = 100

    bench.edit_summary(edit)
    return bench


def _build(bench, names, capsys, **kwargs):
    status = build_cells(
        names, bench.archive.sources, bench.root, SMALL, n_threads=None, force=False, **kwargs
    )
    out, err = capsys.readouterr()
    rows = {line.split()[0]: line.rstrip() for line in out.splitlines() if line.startswith("c")}
    return status, rows, err


def test_table_and_closing_lines(bench, capsys):
    for status_word in ("built", "up to date"):
        status, rows, err = _build(bench, ["c14", "c5"], capsys)
        assert status == 0
        assert status_word in rows["c14"] and rows["c14"].endswith("simulated, 1 warning")
        assert rows["c5"].endswith("simulated")
        [line] = [line for line in err.splitlines() if "warning" in line]
        assert line.startswith("c14: warning: the template peaks on channel 159, 5")
        assert line.endswith("um from channel 100, where the release's does (chan_highest)")


def test_strict(bench, capsys):
    status, rows, err = _build(bench, ["c14", "c5"], capsys, strict=True)
    assert status == 1
    assert "FAILED" in rows["c14"] and "What was measured speaks against c14" in rows["c14"]
    assert "built" in rows["c5"]
    assert "um from channel 100" in err and "1 of 2 cells failed" in err
    assert not (bench.root / "c14").exists()
    flags = {parameter.name: parameter for parameter in get_command(app).commands["build"].params}
    assert flags["strict"].opts == ["--strict"] and flags["strict"].default is False


def test_renamed_folders_are_not_missing(bench, capsys):
    recordings = bench.archive.raw_dir / "Recordings"
    for cell_id in ("c14", "c5"):
        (recordings / cell_id).rename(recordings / f"{cell_id}-001")
    status, rows, err = _build(bench, ["c14", "c5"], capsys)
    assert status == 1 and err.count("is there under another name") == 2
    assert "mv 'c5-001' 'c5'" in err and "download" not in err
    assert all("FAILED" in row for row in rows.values() if not row.startswith("cell"))
