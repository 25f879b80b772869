"""The benchmark as Python calls it."""

import numpy as np
import pytest
from spikeinterface.core import NumpySorting

import spe1
from spe1_builder.benchmark.sorting.schema import (
    SortingBenchmark,
    read_sorting_benchmark,
    write_sorting_benchmark,
)
from spe1_builder.errors import MissingFileError, OptionError, OutputError


@pytest.fixture(scope="module")
def truth(built):
    return np.asarray(spe1.spikes(built.folder.parent, "c14")["sample"])


@pytest.fixture(scope="module")
def result(root, archive) -> SortingBenchmark:
    return spe1.benchmark_sorting(root, ["c14", "c5"], raw_dir=archive.raw_dir)


def given(root, sorting, **options):
    found = spe1.benchmark_sorting(root, "c14", sorting=sorting, **options)
    return found.cells[0].sorters[-1]


def test_bounds_and_what_could_not_be_done(result):
    cell = result.cells[0]
    assert [one.sorter for one in cell.sorters] == ["threshold", "matched_filter"]
    assert all(one.accuracy > 0.9 for one in cell.sorters)
    assert cell.origin == "simulated" and cell.facts.has_extracellular_spike
    assert cell.facts.snr > 10 and cell.facts.detectability > 10
    assert result.undone == ["c5: c5 has not been built here."]
    assert repr(result).startswith("SortingBenchmark of 1 cell (simulated)\n  threshold (floor)")
    assert "<table>" in result._repr_html_()
    assert [row.n_found for row in result.summary] == [1, 1]


def test_curves_count_every_spike(result, truth):
    for one in result.cells[0].sorters:
        by_name = {curve.condition: curve for curve in one.curves}
        assert set(by_name) == {"amplitude", "interval", "burst", "overlap", "time"}
        assert by_name["overlap"].others == "planted"
        for name in ("burst", "overlap", "time"):
            bins = by_name[name].bins
            assert sum(part.n for part in bins) == len(truth)
            assert sum(part.n_hit for part in bins) == len(truth) - len(one.missed)
        assert sum(part.n for part in by_name["interval"].bins) == len(truth) - 1


def test_places_of_the_best_unit(result):
    for place in result.cells[0].sorters[1].places:
        assert place.distance_um < 60, place


def test_round_trip(result, tmp_path):
    path = tmp_path / "sorting_benchmark.json"
    write_sorting_benchmark(path, result)
    assert read_sorting_benchmark(path) == result
    path.write_text(path.read_text().replace('"schema_version":1', '"schema_version":2', 1))
    path.write_text(path.read_text().replace('"schema_version": 1', '"schema_version": 2', 1))
    with pytest.raises(OutputError, match="another version"):
        read_sorting_benchmark(path)
    with pytest.raises(MissingFileError, match="no result"):
        read_sorting_benchmark(tmp_path / "gone.json")


def test_what_was_run_is_kept(root, result, archive):
    again = spe1.benchmark_sorting(root, "c14", raw_dir=archive.raw_dir)
    assert all(one.was_kept for one in again.cells[0].sorters)
    assert again.without_timings()["cells"][0] == result.without_timings()["cells"][0]
    anew = spe1.benchmark_sorting(root, "c14", again=True, sorters=["threshold"])
    assert not anew.cells[0].sorters[0].was_kept
    for path in (root / ".spe1/sortings").glob("*.npz"):
        path.write_bytes(path.read_bytes()[:-40])  # cut off: as if there were none
    mended = spe1.benchmark_sorting(root, "c14", sorters=["threshold"])
    assert not mended.cells[0].sorters[0].was_kept
    few = spe1.benchmark_sorting(root, "c14", sorters=["threshold"], channels=32)
    assert not few.cells[0].sorters[0].was_kept


def test_sortings_of_every_form(root, truth):
    forms = [
        ({"a": truth}, {}),
        ({"a": truth / 30_000}, {"unit": "s"}),
        ({7: (truth / 30).tolist()}, {"unit": "ms"}),
        (NumpySorting.from_unit_dict([{"a": truth}], 30_000.0), {}),
        # At another rate every spike moves by half a sample at most.
        (NumpySorting.from_unit_dict([{"a": np.rint(truth / 1.5).astype(int)}], 20_000.0), {}),
    ]
    for sorting, options in forms:
        one = given(root, sorting, **options)
        assert one.role == "given" and one.accuracy == 1.0, sorting
        assert one.beats_ceiling in (False, True) and one.missed == []
    # The neuron itself may be better than any detector; it is told, not hidden.
    empty = given(root, {})
    assert empty.accuracy == 0.0 and empty.problem is None and empty.n_units == 0
    silent = given(root, NumpySorting.from_unit_dict([{}], 30_000.0))
    assert silent.accuracy == 0.0


def test_another_clock_is_an_error_and_no_miss(root, truth, built):
    start = built.metadata.analysis_window.start_sample
    one = given(root, {"a": truth + start + 40_000})
    assert one.score is None and "outside" in one.problem
    one = given(root, {"a": truth[truth > 45_000 - start] + start})
    assert one.score is None and f"begins at its sample {start}" in one.problem


@pytest.mark.parametrize(
    ("sorting", "options", "words"),
    [
        (7, {}, "no sorting"),
        ({"a": [[1, 2]]}, {}, "no list of numbers"),
        ({"a": ["x"]}, {}, "no list of numbers"),
        ({"a": [float("nan")]}, {}, "no list of numbers"),
        ({"a": [1]}, {"unit": "hours"}, "no such unit of time"),
        ({"a": [1]}, {"unit": ["s"]}, "no such unit of time"),
        ({"a": [1e300]}, {}, "no list of numbers"),
        (NumpySorting.from_unit_dict([{"a": np.array([1])}] * 2, 30_000.0), {}, "several segments"),
    ],
)
def test_what_cannot_be_scored_is_told(root, sorting, options, words):
    assert words in given(root, sorting, **options).problem


def test_one_sorting_is_of_one_cell(root):
    with pytest.raises(OptionError, match="of one cell"):
        spe1.benchmark_sorting(root, ["c14", "c5"], sorting={})


@pytest.mark.parametrize(
    "options",
    [{"sorters": [7]}, {"channels": 33}, {"repeats": 0}, {"again": 1}, {"sorters": ["gone"]}],
)
def test_options_that_cannot_work(root, options):
    with pytest.raises(OptionError):
        spe1.benchmark_sorting(root, "c14", **options)


def test_no_cell_that_could_be_scored(root):
    with pytest.raises(OutputError, match="Not one cell"):
        spe1.benchmark_sorting(root, "c5")
