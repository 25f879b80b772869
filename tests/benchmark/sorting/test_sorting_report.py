"""The page and the figures: self-contained, bounded, true to the result."""

import json
import re

import pytest

import spe1
from spe1_builder.benchmark.sorting.browser import MOST_SPIKES
from spe1_builder.benchmark.sorting.report import write_sorting_report
from spe1_builder.benchmark.sorting.tables import markdown, tables


@pytest.fixture(scope="module")
def result(root):
    truth = spe1.spikes(root, "c14")["sample"].to_numpy()
    return spe1.benchmark_sorting(root, "c14", sorting={"</script>": truth[::2]})


def test_report(result, root, tmp_path):
    written = write_sorting_report(tmp_path / "plots", result, root)
    assert {path.suffix for path in written} == {".svg", ".png", ".html"}
    page = written[-1].read_text()
    assert "http" not in page and len(page) < 2_000_000
    assert "Simulated" in page and "nothing in it was measured" in page
    assert re.findall(r'(?:src|href)="(?!data:)', page) == []
    # The unit's name is no markup, wherever it stands.
    assert page.count("</script>") == 2
    data = re.search(r'id="spikes-data">(.*?)</script>', page, re.DOTALL)[1]
    (cell,) = json.loads(data)
    assert cell["cell_id"] == "c14" and len(cell["spikes"]) <= MOST_SPIKES
    assert cell["sorters"] == ["threshold", "matched filter", "given"]
    missed = set(result.cells[0].sorters[-1].missed)
    for spike in cell["spikes"]:
        index = result.cells[0].spike_samples.index(round(spike["time_s"] * 30_000))
        assert spike["found"][-1] == (index not in missed)
        assert len(spike["traces"]) == 8 and len(spike["patch"]) > 100


def test_page_without_the_cells(result, tmp_path):
    page = write_sorting_report(tmp_path / "plots", result, tmp_path)[-1].read_text()
    assert "spikes-data" not in page and "Best unit of each sorter" in page


def test_figures_are_equal_for_equal_results(result, root, tmp_path):
    first = write_sorting_report(tmp_path / "a", result, root)
    second = write_sorting_report(tmp_path / "b", result, root)
    for a, b in zip(first, second, strict=True):
        assert a.read_bytes() == b.read_bytes(), a.name


def test_tables(result):
    titles = [table.title for table in tables(result)]
    assert titles[0].startswith("Sorters on 1 cell (simulated)")
    assert titles[-1] == "Published elsewhere"
    for table in tables(result):
        assert {len(row) for row in table.rows} == {len(table.columns)}
    (shape,) = [table for table in tables(result) if "divides" in table.title]
    (row,) = shape.rows
    assert row[:4] == ("c14 (simulated)", "given", "1", "1")
    assert "| KiloSort2 | 0.97 |" in markdown(result)
