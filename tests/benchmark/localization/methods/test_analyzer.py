"""The paper's own way: a recording and a sorting, a sorting analyzer, and its two extensions."""

import numpy as np
import pytest
import scipy.signal

from spe1_builder.benchmark.localization.methods import METHODS, localize
from spe1_builder.probe import make_probe
from tests.support.waveforms import NAFTER, NBEFORE, plant

#: The paper's parameters; the decrease has no effect in this version of SpikeInterface.
SPIKE_ARGUMENTS = {
    "center_of_mass": {"radius_um": 75.0, "feature": "ptp"},
    "monopolar_triangulation": {
        "radius_um": 75.0,
        "max_distance_um": 150.0,
        "optimizer": "least_square",
        "enforce_decrease": True,
        "feature": "ptp",
    },
    "grid_convolution": {"radius_um": 40.0, "percentile": 5.0},
}
TEMPLATE_ARGUMENTS = SPIKE_ARGUMENTS | {
    "monopolar_triangulation": {
        "radius_um": 75.0,
        "max_distance_um": 1000.0,
        "optimizer": "least_square",
        "feature": "ptp",
    },
}


@pytest.fixture(scope="module")
def recorded():
    """One neuron's 85 spikes in 2 s of noise: traces (n_samples, n_channels), samples, place."""
    planted = plant(seed=21, peak_to_peak_uV=90.0)
    rng = np.random.default_rng(0)
    sos = scipy.signal.butter(5, (300, 3000), btype="bandpass", fs=30000, output="sos")
    white = rng.standard_normal((60_000, len(planted.positions_um)), dtype=np.float32)
    traces_uV = scipy.signal.sosfiltfilt(sos, white, axis=0)
    traces_uV = (traces_uV * (8.0 / traces_uV.std())).astype(np.float32)
    samples = np.arange(500, 59_500, 700)
    samples += rng.integers(0, 300, len(samples))
    for sample in samples:
        traces_uV[sample - NBEFORE : sample + NAFTER] += planted.waveforms_uV[0]
    return traces_uV, samples, planted


@pytest.fixture(scope="module")
def analyzer(recorded):
    import spikeinterface as si

    traces_uV, samples, planted = recorded
    recording = si.NumpyRecording([traces_uV], 30_000.0)
    recording.set_probe(make_probe(planted.positions_um))
    recording.set_channel_gains(1.0)
    recording.set_channel_offsets(0.0)
    recording.annotate(is_filtered=True)
    units = np.zeros(len(samples), dtype=int)
    sorting = si.NumpySorting.from_samples_and_labels([samples], [units], 30_000.0)
    made = si.create_sorting_analyzer(
        sorting, recording, format="memory", sparse=False, peak_sign="neg", seed=0
    )
    templates = {"ms_before": 1.0, "ms_after": 2.0, "operators": ["average"]}
    made.compute({"random_spikes": {"method": "all"}, "templates": templates}, progress_bar=False)
    return made


@pytest.mark.parametrize("method", SPIKE_ARGUMENTS)
def test_spike_locations_and_unit_locations(analyzer, recorded, method):
    traces_uV, samples, planted = recorded
    spikes_uV = np.stack([traces_uV[s - NBEFORE : s + NAFTER] for s in samples])
    place = (planted.positions_um, planted.peak_index)
    assert analyzer.get_main_channels(outputs="index").tolist() == [planted.peak_index]

    analyzer.compute(
        "spike_locations",
        method=method,
        method_kwargs=SPIKE_ARGUMENTS[method],
        ms_before=0.5,
        ms_after=0.5,
        progress_bar=False,
    )
    expected = analyzer.get_extension("spike_locations").get_data()
    # This SpikeInterface takes the decrease and leaves it out.
    params = METHODS[method].defaults["spikes"]
    if method == "monopolar_triangulation":
        params = params.model_copy(update={"enforce_decrease": False})
    found = localize(method, spikes_uV, *place, params=params, n_before=NBEFORE)
    for axis, name in enumerate(("x", "y")):
        np.testing.assert_allclose(found.xy_um[:, axis], expected[name], rtol=0, atol=0.001)

    analyzer.compute("unit_locations", method=method, **TEMPLATE_ARGUMENTS[method])
    expected_um = analyzer.get_extension("unit_locations").get_data()[:, :2]
    mean_uV = spikes_uV.mean(axis=0, keepdims=True)
    params = METHODS[method].defaults["templates"]
    found = localize(method, mean_uV, *place, params=params, n_before=NBEFORE)
    np.testing.assert_allclose(found.xy_um, expected_um, rtol=0, atol=0.001)
