"""Methods come from the registry alone: another one is scored, shown and written like the rest."""

import ast
import subprocess
import sys
from typing import Literal

import numpy as np
import pytest
from matplotlib.text import Text

from spe1_builder.benchmark.localization.contestants import contestant, contestants
from spe1_builder.benchmark.localization.figures.all import draw_figures
from spe1_builder.benchmark.localization.methods import METHODS, find_method, localize
from spe1_builder.benchmark.localization.methods.method import Method
from spe1_builder.benchmark.localization.methods.parameter_grid import Axis, ParameterGrid
from spe1_builder.benchmark.localization.methods.params import MethodParams
from spe1_builder.benchmark.localization.options import BenchmarkOptions
from spe1_builder.benchmark.localization.report import write_report
from spe1_builder.benchmark.localization.run import run_benchmark
from spe1_builder.benchmark.localization.schema import read_benchmark, write_benchmark
from spe1_builder.benchmark.localization.tables import markdown
from spe1_builder.benchmark.localization.words import LEVELS
from spe1_builder.benchmark.localization.zhao2026.published import published
from spe1_builder.errors import OptionError
from tests.support.project import PROJECT
from tests.support.waveforms import NBEFORE, plant


class BesideParams(MethodParams):
    method: Literal["beside"] = "beside"
    shift_um: float = 40.0


def beside(task, n_threads):
    xy_um = np.tile(task.positions_um[task.peak_index], (len(task.waveforms_uV), 1))
    xy_um[:, 0] += task.params.shift_um
    return xy_um, np.full(len(xy_um), np.nan), np.ones(len(xy_um), dtype=bool)


BESIDE = Method(
    *("beside", "BE", "beside the peak", "#56B4E9", "D", "-."),
    defaults={level: BesideParams(level=level) for level in LEVELS},
    load_estimate=lambda: beside,
    grid=ParameterGrid(
        down=Axis("radius_um", "radius (µm)", dict.fromkeys(LEVELS, (75.0, 150.0))),
        across=Axis("shift_um", "shift (µm)", dict.fromkeys(LEVELS, (20.0, 40.0, 60.0))),
    ),
)


@pytest.fixture
def _registered(monkeypatch):
    monkeypatch.setitem(METHODS, "beside", BESIDE)


@pytest.fixture(scope="module")
def result(built, archive):
    """c14 with every figure, by one of the paper's methods and the new one."""
    options = {"with_spikes": True, "degradation": True, "grid_search": True, "days": (0, 1)}
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(METHODS, "beside", BESIDE)
        chosen = BenchmarkOptions(
            **options, methods=("be", "com"), grid_days=(1,), seeds=(1,), raw_dir=archive.raw_dir
        )
        found = run_benchmark(built.folder.parent, ["c14"], chosen)
    assert "beside" not in METHODS
    return found


def test_another_method_is_scored(result):
    assert result.parameters.methods == ["center_of_mass", "beside"]
    scores = [part for part in result.cells[0].scores if part.method == "beside"]
    assert [part.level for part in scores] == list(LEVELS)
    controls = {p.level: p for p in result.cells[0].scores if p.method == "peak_channel"}
    for part in scores:
        x_um, y_um = controls[part.level].estimate_um
        assert part.estimate_um == pytest.approx((x_um + 40.0, y_um)) and part.seconds >= 0.0
    points = [point for point in result.grid_search.points if point.method == "beside"]
    assert len(points) == len(LEVELS) * 2 * 3
    assert sum(point.method == "beside" for point in result.degradation.points) == 2 * len(LEVELS)


@pytest.mark.usefixtures("_registered")
def test_another_method_is_shown(result, tmp_path):
    text = markdown(result)
    assert text.count("| beside the peak |") == 2 + 1 + 1  # all cells, every cell alike, halves
    assert published().accuracy("templates", "beside") is None  # the paper has no number of it
    words = {"scores": "BE", "probe_map": BESIDE.label, "degradation": BESIDE.label}
    figures = draw_figures(result)
    for name, word in (words | {"grid_search": "BE, day 1"}).items():
        assert word in {text.get_text() for text in figures[name].findobj(Text)}, name
    labels = {text.get_text() for text in figures["grid_search"].findobj(Text)}
    assert {"shift (µm)", "60", "150"} <= labels
    page = write_report(tmp_path, result)[-1].read_text(encoding="utf-8")
    assert "<td>beside the peak</td>" in page and '<th class="n">BE</th>' in page
    assert "shift_um" in page


@pytest.mark.usefixtures("_registered")
def test_another_method_is_written(result, tmp_path):
    write_benchmark(tmp_path / "b.json", result)
    again = read_benchmark(tmp_path / "b.json")
    assert again == result
    assert again.parameters.spike_params["beside"]["shift_um"] == 40.0


def test_a_result_with_a_method_that_is_not_there_says_so(result):
    with pytest.raises(OptionError, match="no such localization method") as caught:
        markdown(result)
    assert "beside" in str(caught.value) and "COM (center_of_mass)" in str(caught.value)


@pytest.mark.usefixtures("_registered")
def test_a_method_that_spikeinterface_does_not_have():
    planted = plant()
    arguments = {"params": BesideParams(), "n_before": NBEFORE}
    assert localize("BE", *planted.place, **arguments).converged.all()
    with pytest.raises(OptionError, match="SpikeInterface has no beside the peak"):
        localize("beside", *planted.place, engine="spikeinterface", **arguments)


def test_names_are_those_of_one_contestant():
    for name, one in contestants().items():
        assert one.name == name and contestant(name) is one
    words = [word.lower() for one in contestants().values() for word in (one.name, one.short)]
    assert len(set(words)) == len(words)
    for method in METHODS.values():
        assert find_method(method.short.lower()) is find_method(method.name.upper()) is method


@pytest.mark.parametrize("method", METHODS.values(), ids=lambda method: method.name)
def test_a_grid_changes_parameters_that_the_method_has(method):
    for level in LEVELS:
        params = method.defaults[level]
        for changed in method.grid.sets(level) if method.grid else ():
            assert set(changed) <= set(type(params).model_fields)
            type(params)(**(params.model_dump() | changed))  # checks the values


def test_the_registry_is_light():
    """Neither compiler nor reference is loaded before it is used."""
    code = (
        "import sys\nimport spe1_builder.benchmark.localization.methods\n"
        "print(sorted({m.split('.')[0] for m in sys.modules}))"
    )
    modules = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        cwd=PROJECT / "builder",
    ).stdout
    heavy = {"numba", "spikeinterface", "scipy", "sklearn", "matplotlib", "datasets", "pyarrow"}
    assert not heavy & set(ast.literal_eval(modules))
