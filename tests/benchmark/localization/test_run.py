"""A run on a built cell: what it must show, whatever the number of threads."""

import os
import shutil

import numpy as np
import pytest

from spe1_builder.benchmark.common.inputs import read_cell
from spe1_builder.benchmark.common.spikes import open_traces, read_window_spikes, read_windows
from spe1_builder.benchmark.localization.contestants import contestants
from spe1_builder.benchmark.localization.options import BenchmarkOptions
from spe1_builder.benchmark.localization.run import run_benchmark
from spe1_builder.benchmark.localization.tables import markdown
from spe1_builder.benchmark.localization.unit import Unit
from spe1_builder.benchmark.localization.zhao2026 import as_published
from spe1_builder.layout import PATCH_NAME

EVERYTHING = {
    "masking": "as-published",
    "with_spikes": True,
    "degradation": True,
    "grid_search": True,
    "days": (0, 1, 6),
    "grid_days": (6,),
    "seeds": (1,),
}


@pytest.fixture(scope="module")
def full(built, archive):
    """Everything at once on c14, and a cell that is not there."""
    options = BenchmarkOptions(raw_dir=archive.raw_dir, n_jobs=1, **EVERYTHING)
    return run_benchmark(built.folder.parent, ["c14", "c15"], options)


def _points(points, **wanted):
    return [p for p in points if all(getattr(p, name) == value for name, value in wanted.items())]


def test_two_workers_give_the_same(built, archive, full):
    options = BenchmarkOptions(raw_dir=archive.raw_dir, n_jobs=2, **EVERYTHING)
    again = run_benchmark(built.folder.parent, ["c14", "c15"], options)
    assert again.without_timings() == full.without_timings()
    assert again.provenance.simulated and "simulated" in again.provenance.label


QUICK = ("center_of_mass", "monopolar_triangulation", "point_source")


@pytest.mark.parametrize("methods", [QUICK, pytest.param((), marks=pytest.mark.faults, id="all")])
def test_the_reference_engine_gives_the_same_places(built, methods):
    """SpikeInterface's grid convolution takes seconds a call: `methods/test_parity.py` has it."""
    engines = [
        run_benchmark(
            built.folder.parent,
            ["c14"],
            BenchmarkOptions(engine=name, with_spikes=True, methods=methods),
        )
        for name in ("fast", "spikeinterface")
    ]
    assert engines[1].parameters.engine == "spikeinterface"
    for ours, theirs in zip(*(found.cells[0].scores for found in engines), strict=True):
        assert ours.method == theirs.method
        assert ours.estimate_um == pytest.approx(theirs.estimate_um, abs=0.1), ours.method


def test_the_planted_neuron_is_found(full):
    (cell,) = [cell for cell in full.cells if cell.problem is None]
    errors_um = {
        (part.mode, part.level, part.method): part.score.median_error_um for part in cell.scores
    }
    assert len(errors_um) == 2 * 2 * len(contestants())
    # c14 lies in an inner column, within 3 um of its electrode in x and in y.
    for level in ("templates", "spikes"):
        assert errors_um["corrected", level, "monopolar_triangulation"] < 6.0
        assert errors_um["corrected", level, "grid_convolution"] < 8.0
        assert errors_um["corrected", level, "point_source"] < 6.0
        assert errors_um["corrected", level, "center_of_mass"] < 15.0
        assert errors_um["corrected", level, "peak_channel"] == 0.0


def test_day_zero_is_the_clean_recording(full):
    """Windows out of the raw archive and out of the rows give the same estimates."""
    clean = {(part.mode, part.level, part.method): part.score for part in full.cells[0].scores}
    for point in _points(full.degradation.points, day=0):
        expected = clean[point.mode, point.level, point.method]
        # Near the window's ends a spike may be whole for one level only.
        if point.level == "templates":
            assert point.score.median_error_um == pytest.approx(expected.median_error_um, abs=0.05)
            assert point.median_drift_um == 0.0


def test_dead_electrodes_hurt_and_the_authors_are_a_day_late(full):
    points = full.degradation.points
    assert {p.n_dead for p in _points(points, mode="corrected")} == {0, 25, 150}
    late = {(p.day, p.n_dead) for p in _points(points, mode="as_published")}
    assert late == {(0, 0), (1, 0), (6, 125)}
    first, last = (
        np.mean([p.score.median_error_um for p in _points(points, mode="corrected", day=day)])
        for day in (0, 6)
    )
    assert last > first
    assert max(p.median_drift_um for p in _points(points, day=6, level="templates")) > 1.0


def test_the_grid_holds_the_papers_parameters(full):
    points = _points(full.grid_search.points, mode="corrected", level="spikes", day=6)
    assert len(points) == (9 + 1) + 9 + 1 + 1
    chosen = {"radius_um": 75.0, "max_distance_um": 150.0}
    (default,) = _points(points, method="monopolar_triangulation", parameters=chosen)
    (same,) = _points(
        full.degradation.points,
        mode="corrected",
        level="spikes",
        method="monopolar_triangulation",
        day=6,
    )
    assert default.score == same.score
    # Amplitudes may not grow with distance, unless told so, and that makes a difference.
    (free,) = _points(
        points, method="monopolar_triangulation", parameters={"enforce_decrease": 0.0}
    )
    assert free.score != default.score
    params = full.parameters.spike_params["monopolar_triangulation"]
    assert params["enforce_decrease"] is True and params["max_distance_um"] == 150.0


def test_rows_and_raw_archive_give_the_same_windows(built, archive, tmp_path):
    cell = read_cell(built.folder.parent, "c14")
    window_spikes = read_window_spikes(cell)[2:8]
    rows = read_windows(open_traces(cell), window_spikes, 30, 60)
    start = cell.metadata.analysis_window.start_sample
    reference_uV = archive.reference_uV()
    expected = np.stack([reference_uV[:, start + s - 30 : start + s + 60].T for s in window_spikes])
    np.testing.assert_allclose(rows, expected, rtol=0, atol=1e-3)
    elsewhere = cell.__class__(**{**vars(cell), "folder": tmp_path})
    raw = read_windows(open_traces(elsewhere, archive.raw_dir), window_spikes, 30, 60, n_threads=2)
    np.testing.assert_allclose(raw, rows, rtol=0, atol=2e-4)


def test_spikes_of_the_rows_are_those_of_the_patch(built, tmp_path):
    """The public conversion ships no patch.npz."""
    root = tmp_path / "spe1"
    shutil.copytree(built.folder, root / "c14", copy_function=os.link)
    (root / "c14" / PATCH_NAME).unlink()
    bare, whole = read_cell(root, "c14"), read_cell(built.folder.parent, "c14")
    np.testing.assert_array_equal(read_window_spikes(bare), read_window_spikes(whole))


def test_template_of_all_spikes_is_the_shipped_one(built, archive):
    """So that a degraded template differs by its dead electrodes alone."""
    cell = read_cell(built.folder.parent, "c14")
    unit = Unit(cell, "corrected", archive.raw_dir, 1)
    windows_uV = read_windows(unit.traces, unit.whole_spikes(30, 60), 30, 60)
    np.testing.assert_allclose(windows_uV.mean(axis=0), cell.template_uV, rtol=0, atol=1e-3)


def test_a_short_template_window_is_a_note(sidecars, archive):
    """Built with --ms-before 0.3: spikes need 0.5 ms; clean templates have their scores."""

    def shorten(arrays):
        arrays["templates"] = arrays["templates"][:, 21:]
        arrays["nbefore"] = np.array(9)

    options = BenchmarkOptions(
        with_spikes=True, degradation=True, days=(0,), seeds=(0,), raw_dir=archive.raw_dir
    )
    (cell,) = run_benchmark(sidecars(template=shorten), ["c14"], options).cells
    assert {part.level for part in cell.scores} == {"templates", "spikes"}
    assert len(cell.notes) == 1 and "shorter than that of a spike" in cell.notes[0]


def test_detection_again_finds_the_planted_spikes(built):
    cell = read_cell(built.folder.parent, "c14")
    planted = read_window_spikes(cell)
    found = as_published.detect_again(cell, cell.metadata.analysis_window.n_samples)
    distance = np.abs(found[:, None] - planted[None, :]).min(axis=1)
    assert len(found) >= len(planted) - 2 and (distance <= 2).all()


def test_the_template_of_a_busy_cell_is_a_seeded_choice():
    chosen = as_published.template_choice(5467)
    assert len(chosen) == 500 and (np.diff(chosen) > 0).all()
    np.testing.assert_array_equal(chosen, as_published.template_choice(5467))
    np.testing.assert_array_equal(as_published.template_choice(499), np.arange(499))


def test_as_published_without_rows_takes_the_shipped_template(sidecars):
    options = BenchmarkOptions(masking="as-published")
    (cell,) = run_benchmark(sidecars(), ["c14"], options).cells
    assert {part.mode for part in cell.scores} == {"as_published", "corrected"}
    assert any("shipped" in note for note in cell.notes)


def test_tables_say_what_they_are_of(full):
    text = markdown(full)
    assert "simulated" in text.splitlines()[0]
    assert "(1 more could not be scored)" in text
    assert "Beside the paper" not in text and "0.655" not in text  # these cells are simulated
    real = full.model_copy(
        update={
            "provenance": full.provenance.model_copy(update={"simulated": False}),
            "cells": [cell.model_copy(update={"simulated": False}) for cell in full.cells],
        }
    )
    text_of_real = markdown(real)
    assert "published accuracy" in text_of_real and "0.655" in text_of_real
    beside = text_of_real.partition("**Beside the paper**")[2].partition("**")[0]
    assert "grid convolution" in beside and "point source" not in beside
    assert "Not in the paper: point source." in text_of_real
    assert "simulated" not in text_of_real.partition("\n")[2]
    lines = [line for line in text.splitlines() if line.startswith("| c15")]
    assert lines and all("not been built" in line for line in lines)
    for line in text.splitlines():
        assert not line.startswith("|") or line.count("|") - line.count("\\|") > 3
