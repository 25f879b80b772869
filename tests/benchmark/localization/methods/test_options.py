"""Parameters that cannot work, and input that contradicts itself, are told apart and named."""

import numpy as np
import pytest

from spe1_builder.benchmark.localization.methods import METHODS, localize
from spe1_builder.benchmark.localization.methods.center_of_mass.params import CenterOfMassParams
from spe1_builder.benchmark.localization.methods.grid_convolution.params import (
    GridConvolutionParams,
)
from spe1_builder.benchmark.localization.methods.monopolar_triangulation.params import (
    MonopolarParams,
)
from spe1_builder.benchmark.localization.methods.point_source.params import PointSourceParams
from spe1_builder.benchmark.localization.words import LEVELS
from spe1_builder.errors import OptionError
from tests.support.waveforms import NBEFORE, plant

#: The paper's own methods.
PAPERS = ("center_of_mass", "monopolar_triangulation", "grid_convolution")


def test_the_paper_s_parameters():
    assert tuple(METHODS)[:3] == PAPERS
    templates, spikes = (
        {name: METHODS[name].defaults[level] for name in PAPERS} for level in LEVELS
    )
    assert [params.radius_um for params in templates.values()] == [75.0, 75.0, 40.0]
    mt, spike_mt = (each["monopolar_triangulation"] for each in (templates, spikes))
    assert (mt.max_distance_um, spike_mt.max_distance_um) == (1000.0, 150.0)
    assert mt.optimizer == spike_mt.optimizer == "least_squares"
    assert spike_mt.enforce_decrease and not mt.enforce_decrease
    assert templates["grid_convolution"].percentile == 5.0
    assert all(params.window_ms is None for params in templates.values())
    assert all(params.window_ms == (0.5, 0.5) for params in spikes.values())


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("name", METHODS)
def test_parameters_survive_json(name, level):
    params = METHODS[name].defaults[level]
    assert (params.method, params.level) == (name, level)
    assert type(params).model_validate_json(params.model_dump_json()) == params


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
        (PointSourceParams, {"loss": "huber"}, "loss"),
        (PointSourceParams, {"decay": 2}, "decay"),
        (PointSourceParams, {"min_z_um": 0}, "min_z_um"),
        (PointSourceParams, {"min_z_um": 30}, "initial_z_um is not between"),
        (PointSourceParams, {"decay_bounds": (3, 0.5)}, "initial_decay is not between"),
        (PointSourceParams, {"initial_decay": float("nan")}, "initial_decay"),
    ],
)
def test_unusable_parameters(model, values, name):
    with pytest.raises(OptionError, match=name):
        model(**values)


def test_parameters_do_not_change():
    with pytest.raises(ValueError, match="frozen"):
        METHODS["center_of_mass"].defaults["templates"].radius_um = 1.0


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"method": "k_means"}, "no such localization method"),
        ({"engine": "gpu"}, "fast or spikeinterface"),
        ({"method": "grid_convolution"}, "grid_convolution"),
        ({"n_threads": 0}, "1 or more"),
        ({"peak_index": -1}, "0 to"),
        ({"peak_index": 384}, "0 to"),
        ({"n_before": 90}, "0 to 89"),
        ({"n_before": 10}, "15 samples before"),
        ({"n_before": 80}, "15 from the spike on"),
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
        "peak_index": planted.peak_index,
        "params": METHODS["monopolar_triangulation"].defaults["spikes"],
        "n_before": NBEFORE,
    }
    with pytest.raises(OptionError, match=expected):
        localize(**arguments | change)


def test_the_log_penalty_is_left_to_spikeinterface():
    planted = plant()
    params = MonopolarParams(optimizer="log_penalty")
    found = localize(
        params.method, *planted.place, params=params, n_before=NBEFORE, engine="spikeinterface"
    )
    np.testing.assert_allclose(found.xy_um[0], planted.source_um[:2], rtol=0, atol=2.0)
