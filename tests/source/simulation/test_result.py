"""`spe1.simulate`: options by name or as one object, and what it returns."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import spe1
from spe1_builder.errors import OptionError

TINY = spe1.SimulationOptions(duration_s=0.2, n_background=3, firing_rate_hz=30.0)


@pytest.fixture
def simulated(tmp_path: Path) -> spe1.SimulatedArchive:
    return spe1.simulate(tmp_path, ["C14", "5"], TINY, as_released=True)


def test_options_by_name_change_those_given(simulated: spe1.SimulatedArchive) -> None:
    assert simulated.cells == ("c14", "c5") and simulated.up_to_date == ()
    for truth in simulated.truths:
        assert truth.options == replace(TINY, as_released=True)
    # The same cells by names alone are up to date: the options are the same.
    names = {"duration_s": 0.2, "n_background": 3, "firing_rate_hz": 30.0, "as_released": True}
    again = spe1.simulate(simulated.raw_dir, "c14,c5,c14", **names)
    assert again.cells == again.up_to_date == ("c14", "c5")
    for truth, before in zip(again.truths, simulated.truths, strict=True):
        np.testing.assert_array_equal(truth.npx_samples, before.npx_samples)
    again = spe1.simulate(simulated.raw_dir, "c14", overwrite=True, **names)
    assert again.up_to_date == ()


def test_it_prints_on_a_few_lines(simulated: spe1.SimulatedArchive) -> None:
    folder = simulated.raw_dir
    assert str(simulated) == f"2 simulated cells in {folder}; the truth in {folder / 'truth'}"
    first, c14, c5 = repr(simulated).splitlines()
    assert str(simulated) in first
    assert "c14, Juxta, VC: 0.2 s, " in c14 and "c5, WC, IC: 0.2 s, " in c5
    truth = simulated.truths[0]
    assert f"{len(truth.npx_samples)} spikes" in c14 and f"electrode {truth.electrode}" in c14


def test_one_cell_by_default(tmp_path: Path) -> None:
    archive = spe1.simulate(tmp_path, options=TINY)
    assert archive.cells == ("c14",)
    folder = spe1.build(
        "c14",
        archive.raw_dir,
        tmp_path / "spe1",
        skip_seconds=0.0,
        duration_s=0.2,
        segment_duration_s=0.1,
        bad_channel_chunks=1,
    )
    assert spe1.verify(folder.parent).ok


@pytest.mark.parametrize("name", ["as_released", "patch_type", "seed", "duration_s"])
@pytest.mark.parametrize("value", [[], {}, "x", -1])
def test_options_that_cannot_work(tmp_path: Path, name: str, value: object) -> None:
    with pytest.raises(OptionError) as caught:
        spe1.simulate(tmp_path / "raw", "c14", **{name: value})
    assert caught.value.where == name and not (tmp_path / "raw").exists()
