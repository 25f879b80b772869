"""Sorters of others beside the bounds: one that is not there is a row, and the others go on."""

import sys

import pytest

import spe1
from spe1_builder.benchmark.sorting.external import ExternalSorter
from spe1_builder.benchmark.sorting.options import SortingOptions
from spe1_builder.benchmark.sorting.sorter import SorterOptions
from spe1_builder.benchmark.sorting.sorters.known import KNOWN_SORTERS
from spe1_builder.benchmark.sorting.sorters.run import ProcessRun
from spe1_builder.errors import OptionError, OutputError
from spe1_builder.reading.sortings.units import SortedUnits


def result_of(root, *sorters, **options):
    return spe1.benchmark_sorting(root, "c14", sorters=("threshold", *sorters), **options)


def test_a_sorter_that_is_not_installed_is_a_row_with_its_line(built):
    result = result_of(built.folder.parent, "mountainsort5")

    floor, missing = result.cells[0].sorters
    assert floor.score is not None
    assert "pip install mountainsort5" in missing.problem
    assert any("mountainsort5" in line for line in result.undone)


def test_an_interpreter_that_does_not_run_is_a_row(built, tmp_path):
    result = result_of(built.folder.parent, "spikesift", python=tmp_path / "no-python")
    assert "interpreter" in result.cells[0].sorters[1].problem


def test_an_unknown_sorter_is_refused_before_the_work(built):
    with pytest.raises(OptionError, match="kilosort9"):
        result_of(built.folder.parent, "kilosort9")


@pytest.fixture
def sorter(monkeypatch):
    """SpikeSift as this environment has it, but for what it would find."""
    module = "spe1_builder.benchmark.sorting.external"
    monkeypatch.setattr(f"{module}.installed_version", lambda known, python: "0.1.1")
    asked = {}

    def make(run):
        def fake(name, folder, **options):
            asked.update(options, name=name)
            return run

        monkeypatch.setattr(f"{module}.run_sorter", fake)
        options = SortingOptions(memory_gb=2.0, timeout_s=60.0, python=sys.executable)
        return ExternalSorter(KNOWN_SORTERS["spikesift"], 0, options), asked

    return make


def test_channels_limits_and_costs_are_handed_on(built, sorter):
    units = SortedUnits((), (), "spikesift 0.1.1")
    run = ProcessRun(units, "0.1.1", {}, "as built", 3.0, 4.0, 5, None)
    external, asked = sorter(run)

    found = external(built.folder, SorterOptions(n_channels=32, repeat=2))

    assert found.units is units
    assert (found.processor_s, found.wall_s, found.peak_memory_bytes) == (3.0, 4.0, 5)
    assert len(asked["channels"]) == 32 and asked["channels"] == sorted(asked["channels"])
    assert (asked["memory_bytes"], asked["timeout_s"], asked["seed"]) == (2_000_000_000, 60.0, 2)


def test_a_crash_carries_its_last_words(built, sorter):
    run = ProcessRun(None, "0.1.1", {}, "as built", 3.0, 4.0, 5, "ended by signal 11: last words")
    external, _ = sorter(run)
    with pytest.raises(OutputError, match="last words"):
        external(built.folder, SorterOptions())
