"""The committed result: of semi-real cells, and it says so."""

from spe1_builder.benchmark.sorting.schema import read_sorting_benchmark
from spe1_builder.cells import expand_cells
from spe1_builder.layout import SORTING_BENCHMARK_NAME
from tests.support.project import PROJECT


def test_the_committed_result_is_of_eleven_semi_real_cells_between_the_bounds():
    result = read_sorting_benchmark(PROJECT / SORTING_BENCHMARK_NAME)

    assert [cell.cell_id for cell in result.cells] == expand_cells("zhao")
    assert result.provenance.origins == ["semi-real"] and "semi-real" in result.provenance.label
    assert not result.undone
    for cell in result.cells:
        best = {run.sorter: run.score.headline.best for run in cell.sorters}
        assert set(best) == {"threshold", "matched_filter", "spikesift"}
        # The ceiling, up to the interval of what is compared with it.
        ceiling = best["matched_filter"]
        for name in ("threshold", "spikesift"):
            assert best[name].accuracy_interval.low <= ceiling.accuracy_interval.high, cell.cell_id
    assert {row.sorter: row.n_cells for row in result.summary} == dict.fromkeys(
        ("threshold", "matched_filter", "spikesift"), 11
    )
    assert len(result.published.sorters) == 9
