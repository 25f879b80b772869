"""SpikeInterface's own tools on a built cell: analyzer, metrics, widgets, hybrids."""

import shutil

import matplotlib
import numpy as np
import pytest
from spikeinterface.core import create_sorting_analyzer, generate_sorting, load_sorting_analyzer
from spikeinterface.core.generate import InjectTemplatesRecording

import spe1

pytestmark = [
    # scikit-learn is no part of the core; the metrics that need it say so.
    pytest.mark.filterwarnings("ignore:The following metrics will not be computed.*"),
    pytest.mark.filterwarnings("ignore:The (recording registered|registered recording).*"),
    pytest.mark.filterwarnings("ignore:.*in_place.*"),
]
WINDOW = {"ms_before": 1.0, "ms_after": 2.0}


@pytest.fixture(scope="module")
def truth(built):
    return spe1.open_ground_truth(built.folder)


@pytest.fixture(scope="module")
def recording(built):
    return spe1.open_recording(built.folder)


@pytest.fixture(scope="module")
def stored(built):
    with np.load(built.folder / "templates.npz") as archive:
        return archive["templates"][0]


def analyze(truth, recording, **where):
    analyzer = create_sorting_analyzer(
        truth, recording, sparse=False, seed=0, peak_sign="neg", **where
    )
    analyzer.compute("random_spikes", method="all")
    analyzer.compute("templates", **WINDOW)
    return analyzer


def template_uV(analyzer):
    return analyzer.get_extension("templates").get_data()[0]


def test_templates_are_ours(truth, recording, stored):
    found_uV = template_uV(analyze(truth, recording))
    assert found_uV.shape == stored.shape == (90, 384)
    assert np.abs(found_uV - stored).max() < 1e-3


@pytest.mark.parametrize("form", ["binary_folder", "zarr"])
def test_a_saved_analyzer_finds_the_cell_again(truth, recording, stored, tmp_path, form):
    place = tmp_path / ("saved.zarr" if form == "zarr" else "saved")
    analyze(truth, recording, format=form, folder=place)
    again = load_sorting_analyzer(place)
    assert type(again.recording).__name__ == "Spe1Recording"
    assert np.abs(template_uV(again) - stored).max() < 1e-3
    assert (
        again.sorting.get_property("gt_location").tolist()
        == truth.get_property("gt_location").tolist()
    )
    shutil.rmtree(tmp_path)


def test_metrics_and_location(truth, recording, built):
    analyzer = analyze(truth, recording)
    analyzer.compute(["noise_levels", "spike_amplitudes", "unit_locations"])
    metric_names = ["num_spikes", "firing_rate", "snr", "isi_violation", "amplitude_median"]
    analyzer.compute("quality_metrics", metric_names=metric_names)
    metrics = analyzer.get_extension("quality_metrics").get_data().iloc[0]
    assert metrics["num_spikes"] == built.metadata.n_spikes_total
    assert metrics["snr"] > 5
    found_um = analyzer.get_extension("unit_locations").get_data()[0, :2]
    # The planted neuron is 25 um from its electrode.
    assert np.hypot(*(found_um - truth.get_property("gt_location")[0, :2])) < 50


def test_widgets_draw(truth, recording, tmp_path):
    """Each picture has something in it; how they look is seen in the examples."""
    import spikeinterface.widgets as sw

    matplotlib.use("Agg")
    analyzer = analyze(truth, recording)
    analyzer.compute("unit_locations")
    near = recording.select_channels(recording.channel_ids[150:170])
    drawn = [
        sw.plot_traces(near, time_range=(0.3, 0.4), backend="matplotlib"),
        sw.plot_probe_map(recording, backend="matplotlib"),
        sw.plot_unit_locations(analyzer, backend="matplotlib"),
        sw.plot_unit_templates(
            analyzer, plot_waveforms=False, templates_percentile_shading=None, backend="matplotlib"
        ),
    ]
    for i, widget in enumerate(drawn):
        path = tmp_path / f"{i}.png"
        widget.figure.savefig(path)
        assert path.stat().st_size > 3_000
        matplotlib.pyplot.close(widget.figure)


def test_other_units_are_injected_around_the_patched_one(truth, recording, stored):
    """A hybrid: the patched neuron again, 40 channels higher, at times of its own."""
    moved = np.roll(stored, 40, axis=1)
    moved[:, :40] = 0
    n_samples = recording.get_num_samples()
    other = generate_sorting(
        num_units=1, sampling_frequency=30_000.0, durations=[n_samples / 30_000], seed=0
    )
    hybrid = InjectTemplatesRecording(
        other, moved[np.newaxis], nbefore=30, parent_recording=recording, num_samples=[n_samples]
    )
    at = int(other.get_unit_spike_train(other.unit_ids[0])[3])
    window = {"start_frame": at - 30, "end_frame": at + 60}
    added_uV = hybrid.get_traces(**window) - recording.get_traces(**window)
    assert np.abs(added_uV - moved).max() < 1e-3
    found_uV = template_uV(analyze(truth, hybrid))
    channels = [truth.get_property("peak_channel")[0]]
    assert np.abs(found_uV - stored)[:, channels].max() < 10
