"""The point source against numpy and scipy, and what it is there for: noise and odd channels."""

import numpy as np
import pytest

from spe1_builder.benchmark.localization.methods import METHODS, localize
from spe1_builder.benchmark.localization.methods.point_source.amplitudes import (
    own_amplitudes,
    project,
)
from spe1_builder.benchmark.localization.methods.point_source.params import PointSourceParams
from spe1_builder.benchmark.localization.words import LEVELS
from tests.support.waveforms import NBEFORE, plant

TEMPLATES, SPIKES = (METHODS["point_source"].defaults[level] for level in LEVELS)


def both(params, place):
    return [
        localize("point_source", *place, params=params, n_before=NBEFORE, engine=engine)
        for engine in ("fast", "spikeinterface")
    ]


@pytest.mark.parametrize("params", [TEMPLATES, SPIKES], ids=LEVELS)
@pytest.mark.parametrize("decay", [0.8, 1.0, 1.9])
def test_it_is_scipy_s_to_a_nanometre(params, decay):
    planted = plant(40, seed=31, peak_to_peak_uV=150.0, noise_uV=4.0, decay=decay)
    ours, theirs = both(params, planted.place)
    np.testing.assert_allclose(ours.xy_um, theirs.xy_um, rtol=0, atol=1e-3)
    np.testing.assert_allclose(ours.z_um, theirs.z_um, rtol=0, atol=1e-3)
    np.testing.assert_array_equal(ours.converged, theirs.converged)
    assert ours.converged.all()


def test_amplitudes_are_those_of_the_singular_value_decomposition():
    planted = plant(20, seed=32, noise_uV=8.0)
    near = np.arange(8, 25)
    values = np.empty((20, near.size))
    own_amplitudes(np.ascontiguousarray(planted.waveforms_uV[:, :, near]), values)
    for waveform_uV, found in zip(planted.waveforms_uV[:, :, near], values, strict=True):
        _, singular, right = np.linalg.svd(waveform_uV.astype(float), full_matrices=False)
        expected = singular[0] * right[0]
        expected *= np.sign(expected[np.abs(expected).argmax()])
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-6 * singular[0])


def test_noise_leaves_the_mean_amplitude_alone():
    """Projected it is right on average; peak to peak it grows with the noise."""
    noisy, clean = (plant(400, seed=33, peak_to_peak_uV=30.0, noise_uV=n) for n in (8.0, 0.0))
    course = clean.waveforms_uV[0, :, clean.peak_index].astype(float)
    course /= np.linalg.norm(course)
    values = np.empty((2, 400, len(noisy.positions_um)))
    for planted, out in zip((noisy, clean), values, strict=True):
        project(planted.waveforms_uV, course, out)
    error_uV = values[0].std(axis=0).max() / 20.0
    np.testing.assert_allclose(values[0].mean(axis=0), values[1, 0], rtol=0, atol=5 * error_uV)
    ptp_uV = [np.ptp(p.waveforms_uV, axis=1).mean(axis=0) for p in (noisy, clean)]
    assert (ptp_uV[0] > ptp_uV[1] + 5.0).all()


def test_a_channel_that_is_off_moves_it_less_than_the_plain_square():
    planted = plant(seed=34, peak_to_peak_uV=150.0)
    moved_um = {}
    beside = int(
        np.argsort(np.linalg.norm(planted.positions_um - planted.source_um[:2], axis=1))[3]
    )
    odd_uV = planted.waveforms_uV.copy()
    odd_uV[:, :, beside] *= 0.2
    for loss in ("linear", "soft_l1", "cauchy"):
        params = PointSourceParams(loss=loss, loss_scale=0.05)
        found = localize(
            "point_source",
            odd_uV,
            planted.positions_um,
            planted.peak_index,
            params=params,
            n_before=NBEFORE,
        )
        moved_um[loss] = np.linalg.norm(found.xy_um[0] - planted.source_um[:2])
    assert moved_um["cauchy"] < moved_um["soft_l1"] < moved_um["linear"]
    assert moved_um["soft_l1"] < 0.6 * moved_um["linear"]


def test_dead_channels_are_borne():
    """A quarter of the channels is noise, as in the degradation; the loss decides."""
    error_um = {loss: [] for loss in ("linear", "soft_l1", "cauchy")}
    for seed in range(12):
        planted, rng = plant(seed=seed, peak_to_peak_uV=100.0), np.random.default_rng(seed)
        template_uV = planted.waveforms_uV.copy()
        dead = rng.random(template_uV.shape[2]) < 0.25
        # 117 uV, averaged over 100 spikes.
        template_uV[:, :, dead] = rng.normal(0, 11.7, (1, template_uV.shape[1], dead.sum()))
        peak = int(np.abs(template_uV[0]).max(axis=0).argmax())
        for loss, errors_um in error_um.items():
            params = TEMPLATES.model_copy(update={"loss": loss})
            found = localize(
                "point_source",
                template_uV,
                planted.positions_um,
                peak,
                params=params,
                n_before=NBEFORE,
            )
            errors_um.append(np.linalg.norm(found.xy_um[0] - planted.source_um[:2]))
    linear, soft, cauchy = (np.median(errors_um) for errors_um in error_um.values())
    assert cauchy < 0.6 * soft < 0.6 * linear


def test_the_unit_s_decay_makes_single_spikes_more_exact():
    """Noise in an exponent of its own is paid with noise in the place."""
    planted = plant(300, seed=35, peak_to_peak_uV=120.0, noise_uV=8.0, decay=1.4)
    spread_um = {}
    for decay in ("unit", "own"):
        params = SPIKES.model_copy(update={"decay": decay})
        found = localize("point_source", *planted.place, params=params, n_before=NBEFORE)
        spread_um[decay] = found.z_um.std()
        assert np.linalg.norm(np.median(found.xy_um, axis=0) - planted.source_um[:2]) < 3.0
    assert spread_um["unit"] < spread_um["own"]


@pytest.mark.parametrize("engine", ["fast", "spikeinterface"])
@pytest.mark.parametrize("params", [TEMPLATES, SPIKES], ids=LEVELS)
@pytest.mark.parametrize("n_channels", [1, 2, 4])
def test_few_channels_still_have_a_place(params, engine, n_channels):
    """What the amplitudes leave open stays near where the search begins, within the radius."""
    planted = plant(3, seed=36)
    nearest = np.linalg.norm(planted.positions_um - planted.source_um[:2], axis=1).argsort()
    few = np.sort(nearest[:n_channels])
    peak = int(np.flatnonzero(few == nearest[0])[0])
    found = localize(
        "point_source",
        planted.waveforms_uV[:, :, few],
        planted.positions_um[few],
        peak,
        params=params,
        n_before=NBEFORE,
        engine=engine,
    )
    away_um = np.linalg.norm(found.xy_um - planted.positions_um[few][peak], axis=1)
    assert (away_um <= params.radius_um).all() and (found.z_um >= params.min_z_um).all()
    if n_channels == 1:
        np.testing.assert_allclose(away_um, 0.0, atol=1e-6)


@pytest.mark.parametrize("engine", ["fast", "spikeinterface"])
@pytest.mark.parametrize("params", [TEMPLATES, SPIKES], ids=LEVELS)
@pytest.mark.parametrize("value", [0.0, np.nan])
def test_nothing_to_fit_is_nan(params, engine, value):
    planted = plant(3, seed=36)
    found = localize(
        "point_source",
        np.full_like(planted.waveforms_uV, value),
        planted.positions_um,
        planted.peak_index,
        params=params,
        n_before=NBEFORE,
        engine=engine,
    )
    assert np.isnan(found.xy_um).all() and np.isnan(found.z_um).all()
    assert not found.converged.any()
