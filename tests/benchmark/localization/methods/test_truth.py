"""What the methods find is what was planted, and never leaves its bounds."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spe1_builder.benchmark.localization.methods import METHODS, localize
from spe1_builder.benchmark.localization.methods.center_of_mass.params import CenterOfMassParams
from spe1_builder.benchmark.localization.methods.monopolar_triangulation.params import (
    MonopolarParams,
)
from spe1_builder.benchmark.localization.methods.point_source.params import PointSourceParams
from spe1_builder.benchmark.localization.words import LEVELS
from tests.support.waveforms import NAFTER, NBEFORE, Planted, plant

MT, PS = "monopolar_triangulation", "point_source"
PARAMS = [
    pytest.param(method.defaults[level], id=f"{method.name}-{level}")
    for level in LEVELS
    for method in METHODS.values()
]


def looks_at_all(params) -> bool:
    """Whether something is taken from all spikes together: a prototype, a course, a decay."""
    return getattr(params, "prototype", None) == "spikes" or getattr(params, "needs_unit", False)


sources_um = st.tuples(st.floats(0.0, 70.0), st.floats(150.0, 520.0), st.floats(8.0, 60.0))


def run(planted: Planted, params, **options):
    return localize(params.method, *planted.place, params=params, n_before=NBEFORE, **options)


@settings(max_examples=60, deadline=None)
@given(source_um=sources_um, level=st.sampled_from(LEVELS), method=st.sampled_from((MT, PS)))
def test_a_planted_monopole_is_found(source_um, level, method):
    planted = plant(source_um=source_um)
    found = run(planted, METHODS[method].defaults[level])
    assert found.converged.all()
    np.testing.assert_allclose(found.xy_um[0], planted.source_um[:2], rtol=0, atol=0.1)
    np.testing.assert_allclose(found.z_um[0], planted.source_um[2], rtol=0, atol=0.1)


@settings(max_examples=40, deadline=None)
@given(source_um=sources_um, level=st.sampled_from(LEVELS), decay=st.floats(0.6, 2.8))
def test_a_planted_source_of_any_decay_is_found(source_um, level, decay):
    """Where the monopole is wrong about the decay, it is wrong about z."""
    planted = plant(source_um=source_um, decay=decay)
    found = run(planted, METHODS[PS].defaults[level])
    np.testing.assert_allclose(found.xy_um[0], planted.source_um[:2], rtol=0, atol=0.2)
    np.testing.assert_allclose(found.z_um[0], planted.source_um[2], rtol=0, atol=1.0)
    if decay > 1.5:
        monopole = run(planted, METHODS[MT].defaults[level])
        assert abs(monopole.z_um[0] - planted.source_um[2]) > 1.0


@pytest.mark.parametrize("noise_uV", [2.0, 8.0])
def test_noise_spreads_the_estimates_as_the_fit_s_curvature_says(noise_uV):
    """The spread of x and y equals that of linear error propagation from the amplitudes' noise."""
    planted = plant(400, source_um=(30.0, 300.0, 25.0), peak_to_peak_uV=400.0, noise_uV=noise_uV)
    clean = plant(source_um=(30.0, 300.0, 25.0), peak_to_peak_uV=400.0)
    found = run(planted, METHODS[MT].defaults["templates"])
    near = np.flatnonzero(
        np.linalg.norm(planted.positions_um - planted.positions_um[planted.peak_index], axis=1)
        <= 75.0
    )
    offsets_um = planted.source_um[:2] - planted.positions_um[near]
    inverse = 1.0 / np.sqrt((offsets_um**2).sum(axis=1) + 25.0**2)
    alpha = np.ptp(clean.waveforms_uV[0], axis=0)[near][0] / inverse[0]
    slopes = (
        -alpha
        * inverse[:, np.newaxis] ** 3
        * np.column_stack([offsets_um, np.full(len(near), 25.0)])
    )
    jacobian = np.column_stack([slopes, inverse])
    amplitudes_uV = np.ptp(planted.waveforms_uV[:, :, near], axis=1)
    expected = np.linalg.pinv(jacobian) @ np.cov(amplitudes_uV.T) @ np.linalg.pinv(jacobian).T
    np.testing.assert_allclose(
        found.xy_um.std(axis=0), np.sqrt(np.diag(expected)[:2]), rtol=0.1 if noise_uV < 5 else 0.3
    )


@pytest.mark.parametrize("params", PARAMS)
def test_estimates_are_bounded(params):
    """Noise alone, at every amplitude: never farther away than the method can mean."""
    planted = plant(300, seed=3, peak_to_peak_uV=5.0, noise_uV=10.0)
    found = run(planted, params)
    assert found.converged.any()
    away_um = np.abs(found.xy_um - planted.positions_um[planted.peak_index])
    reach_um = params.radius_um
    z_um = found.z_um[np.isfinite(found.z_um)]
    if isinstance(params, MonopolarParams):
        reach_um += params.max_distance_um
        assert z_um.min() >= 1.0 and z_um.max() <= 10 * params.max_distance_um
    if isinstance(params, PointSourceParams):
        reach_um = params.max_distance_um
        assert z_um.min() >= params.min_z_um and z_um.max() <= params.max_distance_um
    assert np.nanmax(away_um) <= reach_um


@pytest.mark.parametrize("params", PARAMS)
def test_a_bound_that_binds_is_kept(params):
    """A pattern that grows outward pulls a monopole to infinity; the estimate stays inside."""
    planted = plant(seed=1)
    rising = planted.waveforms_uV * 0 + planted.waveforms_uV[:, :, [planted.peak_index]]
    rising = rising * (1 + planted.positions_um[:, 1] / 1000)
    found = localize(
        params.method,
        rising.astype(np.float32),
        planted.positions_um,
        planted.peak_index,
        params=params,
        n_before=NBEFORE,
    )
    reach_um = params.radius_um + getattr(params, "max_distance_um", 0.0)
    away_um = np.abs(found.xy_um - planted.positions_um[planted.peak_index])
    assert np.isfinite(found.xy_um).all() and (away_um <= reach_um).all()


@pytest.mark.parametrize("params", PARAMS)
@pytest.mark.parametrize("n_threads", [2, 5])
def test_threads_change_no_bit(params, n_threads):
    planted = plant(600, seed=4, peak_to_peak_uV=60.0, noise_uV=8.0)
    one, many = run(planted, params), run(planted, params, n_threads=n_threads)
    for name in ("xy_um", "z_um", "converged"):
        assert getattr(one, name).tobytes() == getattr(many, name).tobytes()


@pytest.mark.parametrize("params", [p for p in PARAMS if not looks_at_all(p.values[0])])
def test_a_waveform_s_result_does_not_depend_on_the_others(params):
    planted = plant(300, seed=5, peak_to_peak_uV=60.0, noise_uV=8.0)
    together = run(planted, params)
    for i in (0, 255, 299):
        alone = localize(
            params.method,
            planted.waveforms_uV[i : i + 1],
            *planted.place[1:],
            params=params,
            n_before=NBEFORE,
        )
        assert alone.xy_um.tobytes() == together.xy_um[i : i + 1].tobytes()


@pytest.mark.parametrize("engine", ["fast", "spikeinterface"])
@pytest.mark.parametrize("params", PARAMS)
def test_what_cannot_be_computed_is_nan_and_the_rest_is_not_touched(params, engine):
    planted = plant(6, seed=6, noise_uV=5.0)
    good = run(planted, params, engine=engine)
    waveforms_uV = planted.waveforms_uV.copy()
    waveforms_uV[1] = 0.0
    waveforms_uV[3, NBEFORE, planted.peak_index] = np.nan
    waveforms_uV[4, NBEFORE + 3, planted.peak_index] = np.inf
    # Far from the peak channel a sample is of no consequence.
    far = int(np.linalg.norm(planted.positions_um - planted.source_um[:2], axis=1).argmax())
    waveforms_uV[5, :, far] = np.nan
    found = localize(
        params.method,
        waveforms_uV,
        *planted.place[1:],
        params=params,
        n_before=NBEFORE,
        engine=engine,
    )
    assert np.isnan(found.xy_um[[1, 3, 4]]).all()
    assert not found.converged[[1, 3, 4]].any() and found.converged[[0, 2, 5]].all()
    if looks_at_all(params):
        # What is taken from all is of fewer spikes.
        np.testing.assert_allclose(found.xy_um[[0, 2, 5]], good.xy_um[[0, 2, 5]], atol=3.0)
    else:
        assert found.xy_um[[0, 2, 5]].tobytes() == good.xy_um[[0, 2, 5]].tobytes()


@pytest.mark.parametrize("params", PARAMS)
def test_no_waveforms_give_no_locations(params):
    planted = plant()
    found = localize(
        params.method,
        planted.waveforms_uV[:0],
        *planted.place[1:],
        params=params,
        n_before=NBEFORE,
    )
    assert found.xy_um.shape == (0, 2) and found.z_um.shape == found.converged.shape == (0,)


@settings(max_examples=30, deadline=None)
@given(shift_um=st.tuples(st.floats(-500, 500), st.floats(-500, 500)), seed=st.integers(0, 99))
def test_the_center_of_mass_moves_with_the_probe(shift_um, seed):
    planted = plant(3, seed=seed, noise_uV=10.0)
    params = CenterOfMassParams(radius_um=74.9)
    here = run(planted, params)
    there = localize(
        params.method,
        planted.waveforms_uV,
        planted.positions_um + shift_um,
        planted.peak_index,
        params=params,
        n_before=NBEFORE,
    )
    np.testing.assert_allclose(there.xy_um, here.xy_um + shift_um, rtol=0, atol=1e-6)


@pytest.mark.parametrize("params", PARAMS)
@settings(max_examples=15, deadline=None)
@given(factor=st.floats(0.05, 20.0), seed=st.integers(0, 99))
def test_the_amplitude_s_unit_does_not_matter(params, factor, seed):
    planted = plant(2, seed=seed, peak_to_peak_uV=300.0, noise_uV=3.0)
    scaled_uV = (planted.waveforms_uV * np.float32(factor)).astype(np.float32)
    here = run(planted, params)
    there = localize(params.method, scaled_uV, *planted.place[1:], params=params, n_before=NBEFORE)
    # The grid convolution keeps whole products, and rounding can decide on the last of them.
    atol = 0.5 if params.method == "grid_convolution" else 0.02
    np.testing.assert_allclose(there.xy_um, here.xy_um, rtol=0, atol=atol)


def test_the_window_is_what_counts():
    """A spike's estimate does not see samples outside of its window."""
    planted = plant(20, seed=7, noise_uV=8.0)
    altered_uV = planted.waveforms_uV.copy()
    altered_uV[:, : NBEFORE - 15] = 1000.0
    altered_uV[:, NBEFORE + 15 :] = -1000.0
    for method in METHODS:
        params = METHODS[method].defaults["spikes"]
        found = localize(method, altered_uV, *planted.place[1:], params=params, n_before=NBEFORE)
        assert found.xy_um.tobytes() == run(planted, params).xy_um.tobytes()
    assert planted.waveforms_uV.shape[1] == NBEFORE + NAFTER
