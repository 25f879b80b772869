"""Split-half precision and agreement against planted noise, and where a result shows them."""

import numpy as np
import pytest

from spe1_builder.benchmark.localization.label_tables import label_tables
from spe1_builder.benchmark.localization.methods import METHODS, localize
from spe1_builder.benchmark.localization.options import BenchmarkOptions
from spe1_builder.benchmark.localization.precision import (
    N_SPLITS,
    agreement,
    apart,
    half_templates_uV,
)
from spe1_builder.benchmark.localization.run import run_benchmark
from spe1_builder.benchmark.localization.schema import read_benchmark, write_benchmark
from spe1_builder.benchmark.localization.tables import markdown
from tests.support.waveforms import NBEFORE, plant


@pytest.fixture(scope="module")
def result(built):
    return run_benchmark(built.folder.parent, ["c14"], BenchmarkOptions(with_spikes=True))


def test_halves_are_halves():
    """Both together are all spikes, however they come; other seeds split otherwise."""
    windows_uV = np.random.default_rng(0).normal(size=(301, 4, 3)).astype(np.float32)
    halves = half_templates_uV(np.array_split(windows_uV, 5), 301, n_splits=7)
    assert halves.shape == (7, 2, 4, 3) and halves.dtype == np.float32
    joined = (150 * halves[:, 0].astype(float) + 151 * halves[:, 1]) / 301
    expected = np.broadcast_to(windows_uV.mean(axis=0, dtype=float), joined.shape)
    np.testing.assert_allclose(joined, expected, rtol=0, atol=1e-6)
    whole = half_templates_uV([windows_uV], 301, n_splits=7)
    np.testing.assert_allclose(whole, halves, rtol=0, atol=1e-6)
    assert len(np.unique(halves[:, 0, 0, 0])) == 7
    assert not np.allclose(half_templates_uV([windows_uV], 301, n_splits=7, seed=1), halves)


def test_halves_are_twice_as_far_apart_as_the_template_is_off():
    """Known from 150 units with one planted place, each with noise of its own."""
    planted, rng = plant(source_um=(30.0, 300.0, 20.0)), np.random.default_rng(0)
    mean_um, halves_um = [], []
    for _ in range(150):
        noise = rng.standard_normal((32, *planted.waveforms_uV.shape[1:]), dtype=np.float32)
        spikes_uV = planted.waveforms_uV + 8.0 * noise
        halves_uV = half_templates_uV([spikes_uV], 32, n_splits=4).reshape(-1, *spikes_uV.shape[1:])
        some_uV = np.concatenate([spikes_uV.mean(axis=0, keepdims=True), halves_uV])
        found = localize("MT", some_uV, *planted.place[1:], n_before=NBEFORE)
        mean_um.append(found.xy_um[0])
        halves_um.append(found.xy_um[1:].reshape(4, 2, 2))
    apart_um = np.concatenate(halves_um)
    ratio = (apart_um[:, 0] - apart_um[:, 1]).std(axis=0) / np.std(mean_um, axis=0)
    np.testing.assert_allclose(ratio, 2.0, rtol=0.2)


def test_apart_leaves_out_what_is_not_there():
    first_um = np.array([[0.0, 0.0], [1.0, 1.0], [np.nan, np.nan]])
    found = apart(first_um, np.array([[0.0, 2.0], [5.0, 1.0], [0.0, 0.0]]))
    assert (found.n, found.n_lacking) == (3, 1)
    assert (found.median_abs_dx_um, found.median_abs_dy_um) == (2.0, 1.0)
    assert found.median_distance_um == 3.0
    nothing = apart(first_um[2:], first_um[2:])
    assert nothing.n_lacking == 1 and nothing.median_distance_um is None


def test_a_run_has_both(result):
    (found,) = [result.precision]
    assert [one.method for one in found.cells] == [one.method for one in found.methods]
    assert [one.method for one in found.methods] == list(METHODS)
    for one in found.cells:
        assert one.apart.n == N_SPLITS == found.n_splits and one.apart.n_lacking == 0
        # 50 spikes of 150 uV: a fraction of a um to some um.
        assert 0.0 < one.apart.median_distance_um < 5.0
    pairs = [(one.level, one.methods) for one in found.agreement]
    assert len(pairs) == len(set(pairs)) == 2 * 6
    by_pair = {one.methods: one.apart for one in found.agreement if one.level == "templates"}
    near = by_pair["monopolar_triangulation", "point_source"]
    far = by_pair["center_of_mass", "point_source"]
    assert near.median_distance_um < far.median_distance_um
    estimates = {s.method: s.estimate_um for s in result.cells[0].scores if s.level == "templates"}
    expected = np.subtract(estimates["center_of_mass"], estimates["point_source"])
    assert far.median_abs_dx_um == pytest.approx(abs(expected[0]))
    assert far.median_abs_dy_um == pytest.approx(abs(expected[1]))


def test_a_cell_without_scores_has_no_part_in_it(result):
    cells = result.cells
    lost = cells[0].model_copy(update={"cell_id": "c15", "problem": "not there", "scores": []})
    pair = ("center_of_mass", "point_source")
    found = agreement([*cells, lost], "corrected", "templates", pair)
    assert [one.apart.n for one in found] == [1]


def test_it_is_shown_and_written(result, tmp_path):
    write_benchmark(tmp_path / "b.json", result)
    assert read_benchmark(tmp_path / "b.json") == result
    text = markdown(result)
    assert "**Halves of the spikes, templates, um (simulated)**" in text
    assert text.count("**Agreement between methods") == 2
    for table in label_tables(result, ""):
        assert all(len(row) == len(table.columns) for row in table.rows) and table.note
    bare = result.model_copy(update={"precision": None, "label_scores": None})
    assert not list(label_tables(bare, ""))


def test_templates_alone_agree_and_have_no_halves(built):
    found = run_benchmark(built.folder.parent, ["c14"], BenchmarkOptions()).precision
    assert found.cells == found.methods == [] and len(found.agreement) == 6
