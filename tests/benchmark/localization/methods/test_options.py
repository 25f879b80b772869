"""Parameters that cannot work, and input that contradicts itself, are told apart and named."""

import numpy as np
import pytest
from pydantic import TypeAdapter

from spe1_builder.benchmark.localization.methods import (
    METHODS,
    SPIKE_PARAMS,
    TEMPLATE_PARAMS,
    CenterOfMassParams,
    GridConvolutionParams,
    MonopolarParams,
    Params,
    localize,
)
from spe1_builder.errors import OptionError
from tests.support.waveforms import NBEFORE, plant


def test_the_paper_s_parameters():
    assert set(TEMPLATE_PARAMS) == set(SPIKE_PARAMS) == set(METHODS)
    assert [TEMPLATE_PARAMS[method].radius_um for method in METHODS] == [75.0, 75.0, 40.0]
    mt, spike_mt = (each["monopolar_triangulation"] for each in (TEMPLATE_PARAMS, SPIKE_PARAMS))
    assert (mt.max_distance_um, spike_mt.max_distance_um) == (1000.0, 150.0)
    assert mt.optimizer == spike_mt.optimizer == "least_squares"
    assert not mt.enforce_decrease and not spike_mt.enforce_decrease
    assert TEMPLATE_PARAMS["grid_convolution"].percentile == 5.0
    assert all(params.window_ms is None for params in TEMPLATE_PARAMS.values())
    assert all(params.window_ms == (0.5, 0.5) for params in SPIKE_PARAMS.values())


@pytest.mark.parametrize("params", [*TEMPLATE_PARAMS.values(), *SPIKE_PARAMS.values()])
def test_parameters_survive_json(params):
    text = params.model_dump_json()
    assert TypeAdapter(Params).validate_json(text) == params


@pytest.mark.parametrize(
    ("model", "values", "name"),
    [
        (CenterOfMassParams, {"radius_um": 0}, "radius_um"),
        (CenterOfMassParams, {"radius_um": float("nan")}, "radius_um"),
        (CenterOfMassParams, {"feature": "mean"}, "feature"),
        (MonopolarParams, {"max_distance_um": -1}, "max_distance_um"),
        (MonopolarParams, {"optimizer": "adam"}, "optimizer"),
        (MonopolarParams, {"percentile": 5}, "percentile"),
        (GridConvolutionParams, {"percentile": 101}, "percentile"),
        (GridConvolutionParams, {"depths_um": ()}, "depths_um"),
        (GridConvolutionParams, {"window_ms": (0.5, 0)}, "window_ms"),
    ],
)
def test_unusable_parameters(model, values, name):
    with pytest.raises(OptionError, match=name):
        model(**values)


def test_parameters_do_not_change():
    with pytest.raises(ValueError, match="frozen"):
        TEMPLATE_PARAMS["center_of_mass"].radius_um = 1.0


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"method": "k_means"}, "center_of_mass or"),
        ({"engine": "gpu"}, "fast or spikeinterface"),
        ({"method": "grid_convolution"}, "grid_convolution"),
        ({"n_threads": 0}, "1 or more"),
        ({"peak_channel": -1}, "0 to"),
        ({"peak_channel": 384}, "0 to"),
        ({"nbefore": 90}, "0 to 89"),
        ({"nbefore": 10}, "15 samples before"),
        ({"nbefore": 80}, "15 from the spike on"),
        ({"waveforms_uV": np.zeros((90, 63))}, "n_waveforms, n_samples, n_channels"),
        ({"positions_um": np.zeros((5, 2))}, r"\(63, 2\)"),
        ({"positions_um": np.full((63, 2), np.nan)}, r"\(63, 2\)"),
        ({"params": MonopolarParams(optimizer="log_penalty")}, "least_squares"),
    ],
)
def test_input_that_contradicts_itself(change, expected):
    planted = plant()
    arguments = {
        "method": "monopolar_triangulation",
        "waveforms_uV": planted.waveforms_uV,
        "positions_um": planted.positions_um,
        "peak_channel": planted.peak_channel,
        "params": SPIKE_PARAMS["monopolar_triangulation"],
        "nbefore": NBEFORE,
    }
    with pytest.raises(OptionError, match=expected):
        localize(**arguments | change)


def test_the_log_penalty_is_left_to_spikeinterface():
    planted = plant()
    params = MonopolarParams(optimizer="log_penalty")
    found = localize(
        params.method, *planted.place, params=params, nbefore=NBEFORE, engine="spikeinterface"
    )
    np.testing.assert_allclose(found.xy_um[0], planted.source_um[:2], rtol=0, atol=2.0)
