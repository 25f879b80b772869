"""`spe1.benchmark`: the command's function, from Python."""

import inspect

import pytest

import spe1
from spe1_builder.benchmark.localization.options import BenchmarkOptions
from spe1_builder.benchmark.localization.run import run_benchmark
from spe1_builder.errors import MissingFileError, OptionError, OutputError


def test_it_is_the_run_of_the_room(built):
    root = built.folder.parent
    options = BenchmarkOptions(methods=("COM",), tolerance_um=40.0)
    result = spe1.benchmark("localization", root, "C14", methods="COM", tolerance_um=40)
    assert isinstance(result, spe1.LocalizationBenchmark) and result.undone == []
    assert result.without_timings() == run_benchmark(root, ["c14"], options).without_timings()
    assert spe1.benchmark(root=root, methods=["COM"]).cells[0].cell_id == "c14"  # the paper's here


def test_it_writes_nothing(built):
    before = sorted(built.folder.parent.rglob("*"))
    spe1.benchmark("localization", built.folder.parent, methods=("COM",))
    assert sorted(built.folder.parent.rglob("*")) == before


def test_what_could_not_be_done_is_told(built):
    result = spe1.benchmark("localization", built.folder.parent, ["c14", "c15"], methods="COM")
    (line,) = result.undone
    assert line.startswith("c15: ") and result.cells[1].problem is not None
    assert f"  not done: {line}" in str(result).splitlines()
    assert "templates, center of mass: " in repr(result)


def test_what_cannot_be_asked(built, tmp_path):
    root = built.folder.parent
    with pytest.raises(OptionError, match="no such 'task'") as caught:
        spe1.benchmark("sorting", root)
    assert caught.value.expected == "'localization'"
    with pytest.raises(MissingFileError, match="no such dataset root"):
        spe1.benchmark("localization", tmp_path / "gone")
    with pytest.raises(MissingFileError, match="None of the 11 cells"):
        spe1.benchmark("localization", tmp_path)
    with pytest.raises(OptionError, match="No cell was named"):
        spe1.benchmark("localization", root, [])
    with pytest.raises(OutputError, match="Not one cell could be scored"):
        spe1.benchmark("localization", root, "c99")
    with pytest.raises(TypeError, match=r"benchmark\(\) has no option 'tolerance'"):
        spe1.benchmark("localization", root, tolerance=40)


def test_the_command_has_an_option_for_each_but_two():
    """The days are the paper's on the command line, and ``--seeds`` is their number."""
    from spe1_builder.cli.benchmark import localization

    flags = set(inspect.signature(localization).parameters)
    assert set(BenchmarkOptions.__dataclass_fields__) - flags == {"days", "grid_days"}
