"""What the picture chooses to show."""

import numpy as np
import pytest

from spe1_builder.cells import get_cell
from spe1_builder.dataset.sidecars.quicklook import busiest_second_s
from spe1_builder.dataset.sidecars.quicklook_probe import draw_probe, round_amplitude_uV
from spe1_builder.probe import nominal_positions_um
from spe1_builder.signal.template import Template


def n_inside(spikes, start_s):
    return int(((spikes / 30_000 >= start_s) & (spikes / 30_000 <= start_s + 1)).sum())


@pytest.mark.parametrize("seed", range(20))
def test_busiest_second_holds_the_most(seed):
    rng = np.random.default_rng(seed)
    spikes = np.sort(rng.choice(600_000, size=60, replace=False))
    start_s = busiest_second_s(spikes, 20.0)
    assert 0 <= start_s <= 19
    most = max(n_inside(spikes, at_s) for at_s in np.arange(0, 19, 0.001))
    assert n_inside(spikes, start_s) >= most


def test_busiest_second_is_not_cut_short_at_its_end():
    """Ten spikes over 0.99 s: moving the view by 0.05 s used to lose the last."""
    spikes = np.array([0, *range(150_000, 180_000, 3_300)])
    assert n_inside(spikes, busiest_second_s(spikes, 10.0)) == 10


def test_busiest_second_of_a_short_window():
    assert busiest_second_s(np.array([10, 3000]), 0.4) == 0.0


@pytest.mark.parametrize(
    ("largest_uV", "bar_uV"),
    [(84.4, 50), (100, 100), (123, 100), (499, 200), (0.3, 0.2), (999.9999999999999, 1000)],
)
def test_amplitude_bar_is_a_round_number(largest_uV, bar_uV):
    assert round_amplitude_uV(largest_uV) == pytest.approx(bar_uV)


def test_probe_panel():
    """A bar with its amplitude, a true minus, and bad channels only where one is drawn."""
    from matplotlib.figure import Figure

    mean_uV = np.zeros((90, 384), dtype=np.float32)
    mean_uV[30, 159] = -150
    positions_um = np.stack([np.arange(384) % 4 * 16.0, np.arange(384) // 2 * 20.0], axis=1)
    template = Template(mean_uV, 30, 60, 2, 2)
    for bad_channels, is_listed in ((36,), False), ((36, 160), True):
        axes = Figure().subplots()
        draw_probe(axes, template, positions_um, 159, 159, bad_channels)
        assert [text.get_text() for text in axes.texts] == ["100 µV", "1 ms"]
        # 26 um are the 89 steps of the template; the bars have a corner, the time below.
        bars = axes.lines[-1 - 2 - is_listed].get_xydata()
        assert np.ptp(bars[:, 0]) == pytest.approx(26.0 / (89 / 30))
        assert np.ptp(bars[:, 1]) == pytest.approx(22.0 * 100 / 150)
        (truth,) = axes.patches
        waveforms = [line for line in axes.lines if len(line.get_xdata()) == 90]
        assert truth.get_zorder() < min(line.get_zorder() for line in waveforms)
        assert truth.get_bbox().width == 12.0
        assert axes.get_title().endswith("−1 to 2 ms")
        labels = [text.get_text() for text in axes.get_legend().get_texts()]
        assert ("bad channel" in labels) is is_listed


def test_probe_panel_has_the_soma_of_a_real_cell():
    """Its mark and its bar stand left of the sites, at the places that the label leaves open."""
    from matplotlib.figure import Figure

    mean_uV = np.zeros((90, 384), dtype=np.float32)
    mean_uV[30, 159] = -150
    label = get_cell("c14").label
    axes = Figure().subplots()
    template = Template(mean_uV, 30, 60, 2, 2)
    positions_um = nominal_positions_um()
    draw_probe(axes, template, positions_um, 159, 159, (), label)
    (bar,) = axes.containers
    mark, _, (line,) = bar.lines
    assert mark.get_xydata().tolist() == [[11.0 - 20.0, label.soma_foot_um]]
    (segment,) = line.get_segments()
    assert segment[:, 1] == pytest.approx(label.soma_foot_range_um)
    low_um, high_um = axes.get_ylim()
    assert low_um < segment[:, 1].min() and segment[:, 1].max() < high_um
    assert any("recorded soma" in text.get_text() for text in axes.get_legend().get_texts())
