"""Semi-real cells: the real footprint and train are in the recording, at the real place."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import scipy.optimize

import spe1
from spe1_builder.cells import ZHAO_CELLS, get_cell
from spe1_builder.constants import GAIN_UV_PER_BIT, REFERENCE_CHANNELS
from spe1_builder.errors import OptionError
from spe1_builder.layout import RawLayout
from spe1_builder.probe import nominal_positions_um
from spe1_builder.source.recording.raw import open_raw_cell
from spe1_builder.source.recording.summary import read_summary
from spe1_builder.source.simulation.archive import read_truth, simulate
from spe1_builder.source.simulation.options import SEMI_REAL, SimulationOptions
from spe1_builder.source.simulation.semi_real import (
    fitted_place_um,
    semi_real_cells,
    train_samples,
    whole_template_uV,
)

#: Nothing but the neuron.
ALONE = SimulationOptions(
    duration_s=3.0,
    semi_real=True,
    n_background=0,
    amplitude_sd=0.0,
    common_noise_uV=0.0,
    local_noise_uV=0.0,
    independent_noise_uV=0.0,
    slow_potential_uV=0.0,
)
#: The reference sites have some noise of their own at any rate.
LIVE = np.setdiff1d(np.arange(384), REFERENCE_CHANNELS)


@pytest.fixture(scope="module")
def raw_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """c26, whose peak lies 117 um from the label, and c27, patched whole-cell."""
    folder = tmp_path_factory.mktemp("semi") / "raw"
    simulate(folder, ["c26", "c27"], ALONE)
    return folder


@pytest.mark.parametrize("cell_id", ["c26", "c27"])
def test_each_spike_adds_the_real_average(raw_dir: Path, cell_id: str) -> None:
    """On the digitised channels every spike is the digitised average, lag included."""
    truth, real = read_truth(raw_dir, cell_id), spe1.scraps()[cell_id]
    path = RawLayout(raw_dir).cell_file(cell_id, "npx_raw")
    counts = np.fromfile(path, "<i2").reshape(-1, 384)
    spikes = truth.npx_samples.astype(int)
    near = (spikes[:, None] + np.arange(-60, 61)).ravel()
    offset = np.delete(counts, near, axis=0)
    assert (
        np.ptp(offset[:, LIVE], axis=0).max() == 0
    )  # nothing else is there but each channel's offset
    apart = np.diff(spikes, prepend=-200, append=len(counts) + 200)
    alone = spikes[(apart[:-1] > 130) & (apart[1:] > 130)]
    assert len(alone) >= 3
    for spike in alone:
        found = (counts[spike - 60 : spike + 61, real.channels] - offset[0, real.channels]).T
        planted = real.template_uV / GAIN_UV_PER_BIT
        live = ~np.isin(real.channels, REFERENCE_CHANNELS)
        assert np.abs(found - planted)[live].max() < 0.51  # a rounded count
    assert abs(real.trough_ms) >= 0.2  # so the lag is seen


@pytest.mark.parametrize("cell_id", ["c26", "c27"])
def test_the_train_is_the_real_one(raw_dir: Path, cell_id: str) -> None:
    truth, real = read_truth(raw_dir, cell_id), spe1.scraps()[cell_id]
    train = real.train()
    first = truth.npx_samples[0]
    at = int(np.searchsorted(train, train[0]))
    assert first == min(train[0], 30_000)
    np.testing.assert_array_equal(
        truth.npx_samples - first, train[at : at + len(truth.npx_samples)] - train[at]
    )
    # The patch trace has them where the two clocks put them into these very samples.
    raw = open_raw_cell(raw_dir, cell_id, patch_rate_hz=truth.patch_rate_hz)
    np.testing.assert_array_equal(raw.npx_sample(truth.patch_samples), truth.npx_samples)


def test_the_neuron_lies_where_the_real_one_does(raw_dir: Path) -> None:
    truth = read_truth(raw_dir, "c26")
    assert truth.origin == "semi-real" and "semi-real" in repr(truth)
    assert truth.electrode == get_cell("c26").chan_predicted == 261
    assert truth.peak_channel == spe1.scraps()["c26"].peak_channel == 248
    offset_um = truth.location_um[1] - nominal_positions_um()[truth.electrode, 1]
    assert -125 < offset_um < -105
    row = read_summary(RawLayout(raw_dir).summary).row("c26")
    assert (row.chan_predicted, row.chan_highest) == (261, 248)
    rows = {row["Cell"]: row for row in read_summary(RawLayout(raw_dir).summary).table}
    # The release's, as its label is.
    assert rows["c26"]["Distance"] == pytest.approx(get_cell("c26").distance_um, rel=1e-12)
    assert rows["c26"]["# Patch Spikes"] == len(truth.patch_samples)


@pytest.mark.parametrize("cell_id", ZHAO_CELLS)
def test_the_place_fits_as_least_squares_would(cell_id: str) -> None:
    """Held to scipy's, which starts in several places."""
    real = spe1.scraps()[cell_id]
    used = ~np.isin(real.channels, REFERENCE_CHANNELS)
    sites_um = real.positions_um[used].astype(float)
    peak_to_peak_uV = np.ptp(real.template_uV[used], axis=1).astype(float)

    def misfit(place: np.ndarray) -> np.ndarray:
        away_um = np.sqrt(((sites_um - place[:2]) ** 2).sum(axis=1) + place[2] ** 2)
        inverse = 1.0 / away_um
        return inverse * (inverse @ peak_to_peak_uV) / (inverse @ inverse) - peak_to_peak_uV

    y_um = sites_um[peak_to_peak_uV.argmax(), 1]
    bounds = ([-60.0, y_um - 300, 10.0], [130.0, y_um + 300, 200.0])
    tries = [
        scipy.optimize.least_squares(misfit, (x, y_um + dy, z), bounds=bounds)
        for x in (0, 60)
        for dy in (0, 200)
        for z in (20, 100)
    ]
    best = min(tries, key=lambda one: one.cost)
    found = np.array(fitted_place_um(real))
    assert (misfit(found) ** 2).sum() / 2 <= best.cost * 1.01
    assert np.abs(found - best.x).max() <= 1.0


def test_the_other_channels_follow_a_point_source() -> None:
    real = spe1.scraps()["c26"]
    template, place = whole_template_uV(real), fitted_place_um(real)
    np.testing.assert_array_equal(template[:, real.channels], real.template_uV.T)
    positions_um = nominal_positions_um().astype(float)
    away_um = np.sqrt(((positions_um - place[:2]) ** 2).sum(axis=1) + place[2] ** 2)
    strength = np.ptp(template, axis=0) * away_um
    y_um = positions_um[:, 1]
    for channel in real.channels[~np.isin(real.channels, REFERENCE_CHANNELS)]:
        (beside,) = np.setdiff1d(np.flatnonzero(y_um == y_um[channel]), [channel])
        if beside not in REFERENCE_CHANNELS:
            assert strength[beside] == pytest.approx(strength[channel], rel=1e-4)
        else:
            assert strength[beside] == pytest.approx(0.5 * strength[channel], rel=1e-4)
    beyond = y_um > real.positions_um[:, 1].max()
    size = np.ptp(template, axis=0)
    assert size[y_um > real.positions_um[:, 1].max() + 400].max() == 0.0
    assert 0 < size[beyond].max() <= np.ptp(real.template_uV[[0, -1]], axis=1).max() * 1.2


def test_trains_are_cut_and_repeated() -> None:
    real = spe1.scraps()["c37"]
    train, length = real.train(), real.cell.lengths.n_npx
    whole = train_samples(real, length, 0)
    np.testing.assert_array_equal(whole, train)
    twice = train_samples(real, 2 * length, 0)
    np.testing.assert_array_equal(twice, np.concatenate([train, train + length]))
    c24 = spe1.scraps()["c24"]
    assert c24.train()[0] > 39 * 30_000
    short = train_samples(c24, 60_000, 96)
    assert short[0] == 30_000 and short.max() < 60_000 - 96
    np.testing.assert_array_equal(short - short[0], c24.train()[: len(short)] - c24.train()[0])
    almost = train_samples(c24, c24.cell.lengths.n_npx - 1, 0)  # its end is the recording's
    np.testing.assert_array_equal(almost, c24.train() - 1)


def test_cells_without_a_footprint_are_refused(tmp_path: Path) -> None:
    """c5 has no waveform, and c44's train does not fit."""
    assert len(semi_real_cells()) == 20 and set(ZHAO_CELLS) <= set(semi_real_cells())
    with pytest.raises(OptionError, match="semi-real") as caught:
        simulate(tmp_path / "raw", ["c14", "c5", "c44"], SEMI_REAL)
    assert caught.value.got == "c5, c44" and caught.value.where == "semi_real"
    assert caught.value.expected == ", ".join(semi_real_cells())
    assert not (tmp_path / "raw").exists()


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({"semi_real": True, "firing_rate_hz": 8.0}, "firing_rate_hz"),
        ({"semi_real": True, "distance_um": 10.0}, "distance_um"),
        ({"noise": "measured", "local_noise_uV": 2.0}, "local_noise_uV"),
        ({"noise": "loud"}, "noise"),
        ({"semi_real": 1}, "semi_real"),
    ],
)
def test_options_without_effect_are_refused(options: dict[str, object], name: str) -> None:
    with pytest.raises(OptionError) as caught:
        SimulationOptions(**options)  # type: ignore[arg-type]
    assert caught.value.where == name
    assert replace(SEMI_REAL, seed=3).origin == "semi-real"
