"""Whatever a public function is given, it answers with an error of ours."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import spe1
from spe1_builder.benchmark.localization.options import BenchmarkOptions
from spe1_builder.benchmark.sorting.options import SortingOptions
from spe1_builder.errors import Spe1Error

#: What people and programs pass by mistake; no path of it is one that could be written to.
JUNK = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 3),
    st.floats(),
    st.text(max_size=12),
    st.binary(max_size=6),
    st.lists(st.one_of(st.text(max_size=4), st.integers()), max_size=3),
    st.dictionaries(st.text(max_size=3), st.integers(), max_size=2),
    st.sampled_from(["c14", "c9", "default", "s3://bucket/spe1", "~nobody/x", "a\0b", "nowhere"]),
)
OPTIONS = (*spe1.BuildOptions.__dataclass_fields__, "n_threads", "chan_map", "summary")


def answers(call) -> None:
    """It works, or it raises an error that says what to do."""
    try:
        call()
    except Spe1Error as error:
        assert error.what and str(error)


@pytest.fixture(scope="module")
def places(tmp_path_factory) -> dict:
    """An empty root and raw folder, so that nothing that is valid goes anywhere else."""
    folder = tmp_path_factory.mktemp("public")
    (folder / "root").mkdir()
    (folder / "raw").mkdir()
    return {"root": folder / "root", "raw_dir": folder / "raw"}


@given(cell=JUNK)
def test_build_of_anything(places, cell):
    answers(lambda: spe1.build(cell, **places))


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(name=st.sampled_from(OPTIONS), value=JUNK)
def test_build_with_any_option(places, name, value):
    answers(lambda: spe1.build("c14", **places, **{name: value}))


@given(root=st.one_of(JUNK.filter(lambda value: not isinstance(value, str)), st.just("nowhere")))
def test_verify_of_anything(root):
    answers(lambda: spe1.verify(root))


@given(cells=JUNK)
def test_verify_of_any_cells(places, cells):
    answers(lambda: spe1.verify(places["root"], cells))


@given(cells=JUNK.filter(lambda value: value not in ("c14", "default")), options=JUNK)
def test_simulate_anything(places, cells, options):
    answers(lambda: spe1.simulate(places["raw_dir"], cells, options))


@given(name=st.sampled_from(list(spe1.SimulationOptions.__dataclass_fields__)), value=JUNK)
def test_simulate_with_any_option(places, name, value):
    # The cell stands between: nothing is written, whatever the option.
    answers(lambda: spe1.simulate(places["raw_dir"], "c9", **{name: value}))


# The first call imports the benchmark, which may take longer than hypothesis allows a call.
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(name=st.sampled_from(list(BenchmarkOptions.__dataclass_fields__)), value=JUNK)
def test_benchmark_with_any_option(places, name, value):
    answers(lambda: spe1.benchmark("localization", places["root"], **{name: value}))


@settings(deadline=None)
@given(task=JUNK, root=JUNK.filter(lambda value: not isinstance(value, str)), cells=JUNK)
def test_benchmark_of_anything(places, task, root, cells):
    answers(lambda: spe1.benchmark(task, places["root"], cells))
    answers(lambda: spe1.benchmark("localization", root, cells))


def test_simulate_has_no_other_option(places):
    with pytest.raises(TypeError, match=r"simulate\(\) has no option 'duration'"):
        spe1.simulate(places["raw_dir"], "c14", duration=1.0)
    assert list(places["raw_dir"].iterdir()) == []


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(name=st.sampled_from(list(SortingOptions.__dataclass_fields__)), value=JUNK)
def test_sorting_benchmark_with_any_option(places, name, value):
    answers(lambda: spe1.benchmark_sorting(places["root"], **{name: value}))


@settings(deadline=None)
@given(root=JUNK.filter(lambda value: not isinstance(value, str)), cells=JUNK, sorting=JUNK)
def test_sorting_benchmark_of_anything(places, root, cells, sorting):
    answers(lambda: spe1.benchmark_sorting(places["root"], cells, sorting=sorting))
    answers(lambda: spe1.benchmark_sorting(root, cells))


@given(method=JUNK, waveforms=JUNK, positions=JUNK, n_before=JUNK)
def test_localize_anything(method, waveforms, positions, n_before):
    answers(lambda: spe1.localize(method, waveforms, positions, n_before=n_before))
    answers(lambda: spe1.localize("COM", waveforms, positions, n_before=n_before))


@given(cell=JUNK.filter(lambda value: value != "c14"))
def test_download_of_anything(places, cell):
    answers(lambda: spe1.download_cell(cell, places["raw_dir"]))
