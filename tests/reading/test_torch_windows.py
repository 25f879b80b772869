"""`spe1.torch.SpikeWindows`: the right windows, and background without a spike."""

import numpy as np
import pyarrow as pa
import pytest
import scipy.io
import torch
from torch.utils.data import DataLoader

import spe1
from spe1_builder.errors import OptionError, WindowIndexError
from spe1_builder.reading.torch import SpikeWindow, SpikeWindows, cell

#: Of c14 in the small root: first samples of the splits, and the end.
TRAIN, TEST, END = 0, 4 * 9_300, 48_017


@pytest.fixture(scope="module")
def samples(two_cells) -> np.ndarray:
    """All ground-truth spikes of c14."""
    return spe1.spikes(two_cells, "c14")["sample"].to_numpy()


@pytest.mark.parametrize("split", ["train", "test", None])
def test_the_windows_are_those_of_the_cell(two_cells, samples, split):
    """Spikes, labels, places and traces, each found by hand."""
    windows = SpikeWindows("c14", two_cells, split=split, n_samples=90, spike_at=30, seed=3)
    spans = [(TRAIN, TEST), (TEST, END)]
    spans = {"train": spans[:1], "test": spans[1:], None: spans}[split]
    expected = [
        (i, sample - 30)
        for i, sample in enumerate(samples)
        if any(first <= sample - 30 and sample + 60 <= last for first, last in spans)
    ]
    n = len(expected)
    assert n > 5 and len(windows) == 2 * n
    items = list(windows)
    assert [(item.spike_index, item.start) for item in items[:n]] == expected
    assert [item.label for item in items] == [1] * n + [0] * n == windows.labels.tolist()
    assert [item.start for item in items] == windows.starts.tolist()
    assert {item.spike_index for item in items[n:]} == {-1}
    for item in items:
        exact_uV = spe1.read_uV(two_cells / "c14", item.start, item.start + 90)
        assert np.array_equal(item.window_uV.numpy(), exact_uV)  # to the bit
        assert any(first <= item.start <= last - 90 for first, last in spans)
        assert torch.isnan(item.time_samples) == (item.label == 0)
    (counts,) = windows.cells
    in_split = sum(any(first <= s < last for first, last in spans) for s in samples)
    assert (counts.n_spikes, counts.n_background) == (n, n)
    assert counts.n_left_out == in_split - n


def test_spikes_at_the_ends_of_a_split_are_left_out(two_cells, samples):
    spike = int(samples[samples < TEST][-1])
    just_fits = SpikeWindows("c14", two_cells, n_samples=TEST - spike + 5, spike_at=5)
    too_long = SpikeWindows("c14", two_cells, n_samples=TEST - spike + 6, spike_at=5)
    assert just_fits.cells[0].n_spikes == too_long.cells[0].n_spikes + 1
    assert too_long.cells[0].n_left_out == just_fits.cells[0].n_left_out + 1 >= 1
    jittered = SpikeWindows("c14", two_cells, n_samples=TEST - spike + 5, spike_at=(4, 5))
    assert jittered.cells[0].n_spikes <= too_long.cells[0].n_spikes


def test_what_is_known_of_a_window(two_cells, built):
    item = SpikeWindows("c14", two_cells, channels=[10, 159, 7])[0]
    assert isinstance(item, SpikeWindow) and item.cell == "c14"
    peak = built.metadata.peak_channel
    assert item.channel_id == peak and item.channel == [10, 159, 7].index(peak)
    x_um, y_um, _ = built.metadata.unit_locations_um["0"]
    assert item.location_um.tolist() == [x_um, y_um]
    chan_map = scipy.io.loadmat(two_cells / "chanMap.mat")
    positions_um = np.column_stack([chan_map["xcoords"].ravel(), chan_map["ycoords"].ravel()])
    np.testing.assert_array_equal(item.positions_um, positions_um[[10, 159, 7]])


def test_the_planted_spike_is_where_it_says(two_cells):
    """On the peak channel, within a fifth of a millisecond; background has none on average."""
    windows = SpikeWindows("c14", two_cells, split=None, background_ratio=3.0)
    peak_uV = np.array([item.window_uV[item.channel].numpy() for item in windows])
    spikes_uV = peak_uV[windows.labels == 1].mean(axis=0)
    background_uV = peak_uV[windows.labels == 0].mean(axis=0)
    assert abs(int(np.abs(spikes_uV).argmax()) - 30) <= 6
    assert np.abs(spikes_uV).max() > 5 * np.abs(background_uV).max()


@pytest.mark.parametrize("is_known", [True, False], ids=["known", "one is missing"])
def test_times_within_a_sample(two_cells, samples, monkeypatch, is_known):
    """Of the patch electrode's clock if the cell has them all, else whole samples."""
    times_s = [(sample + 0.1 + 0.02 * (i % 40)) / 30_000 for i, sample in enumerate(samples)]
    table = spe1.spikes(two_cells, "c14").select(["sample"])
    given_s = times_s if is_known else [None, *times_s[1:]]
    table = table.append_column("patch_time_s", pa.array(given_s, pa.float64()))
    monkeypatch.setattr(cell, "spikes", lambda root, cells: table)
    windows = SpikeWindows("c14", two_cells, spike_at=(20, 40), background_ratio=0)
    assert windows.cells[0].time_source == ("patch_time_s" if is_known else "sample")
    for item in windows:
        exact = times_s[item.spike_index] * 30_000 if is_known else samples[item.spike_index]
        assert abs(item.time_samples.item() - (exact - item.start)) < 1e-5


def test_times_are_those_that_were_planted(two_cells, archive, built):
    """Not rounded to 30 kHz: the patch electrode's sample, on the clock of the traces."""
    start = built.metadata.analysis_window.start_sample
    planted = archive.truth.npx_samples - start
    planted = planted[(planted >= TRAIN) & (planted < END)]
    windows = SpikeWindows("c14", two_cells, split=None, spike_at=(20, 40), background_ratio=0)
    assert windows.cells[0].time_source == "patch_time_s"
    exact = np.array([planted[item.spike_index] - item.start for item in windows])
    times = np.array([item.time_samples.item() for item in windows])
    assert len(times) > 40 and np.abs(times - exact).max() < 1e-4
    # Whole samples would be off by up to one, and half of one on average.
    fractions = exact % 1.0
    assert fractions.max() - fractions.min() > 0.8 and 0.3 < fractions.mean() < 0.7


def test_tensors(two_cells):
    """float32, one piece, one's own: torch does not warn (here it would raise)."""
    for channels in (None, slice(3, 9), [5, 2], np.arange(384) < 3):
        windows = SpikeWindows("c14", two_cells, channels=channels)
        item = windows[0]
        assert item.window_uV.dtype == torch.float32 and item.window_uV.is_contiguous()
        before = item.window_uV.clone()
        for tensor in (item.window_uV, item.location_um, item.positions_um, item.time_samples):
            assert tensor.dtype == torch.float32
            tensor += 1.0
        assert torch.equal(windows[0].window_uV, before)
        assert windows[0].location_um[0] == item.location_um[0] - 1.0
        assert windows[0].positions_um[0, 0] == item.positions_um[0, 0] - 1.0


def test_channels(two_cells):
    def ids(**kwargs) -> list[int]:
        windows = SpikeWindows("c14", two_cells, **kwargs)
        chosen = list(windows.cells[0].channel_ids)
        first = windows.starts[0]
        exact_uV = spe1.read_uV(two_cells / "c14", first, first + 90)[chosen]
        assert np.array_equal(windows[0].window_uV, exact_uV)
        return chosen

    is_good = np.ones(384, dtype=bool)
    is_good[[36, 75]] = False
    assert ids() == list(range(384))
    assert ids(channels=[9, 3, 200]) == [9, 3, 200]
    assert ids(channels=slice(300, 10, -7)) == list(range(300, 10, -7))
    assert ids(channels=is_good) == np.flatnonzero(is_good).tolist()
    # Two sites a row, 20 um apart; the others of the peak's row and of the two beside it.
    assert ids(n_nearest=1) == [159]
    positions_um = scipy.io.loadmat(two_cells / "chanMap.mat")
    xy_um = np.column_stack([positions_um["xcoords"].ravel(), positions_um["ycoords"].ravel()])
    for n_nearest in (2, 7, 40, 384):
        nearest = ids(n_nearest=n_nearest)
        away_um = np.hypot(*(xy_um - xy_um[159]).T)
        others = np.delete(away_um, nearest)
        assert len(set(nearest)) == n_nearest and nearest == sorted(nearest)
        assert away_um[nearest].max() <= others.min(initial=np.inf)
    assert SpikeWindows("c14", two_cells, channels=[1, 2])[0].channel == -1


def test_the_spike_lies_where_it_is_drawn(two_cells, samples):
    windows = SpikeWindows("c14", two_cells, spike_at=(20, 50), seed=5)
    n = windows.cells[0].n_spikes
    kept = [windows[i].spike_index for i in range(n)]
    places = samples[kept] - windows.starts[:n]
    assert places.min() >= 20 and places.max() <= 50 and len(set(places.tolist())) > 8
    again = SpikeWindows("c14", two_cells, spike_at=(20, 50), seed=5)
    other = SpikeWindows("c14", two_cells, spike_at=(20, 50), seed=6)
    assert np.array_equal(windows.starts, again.starts)
    assert not np.array_equal(windows.starts[:n], other.starts[:n])
    assert not np.array_equal(windows.starts[n:], other.starts[n:])


def test_epochs(two_cells):
    """Others in each, the same again when one returns; spikes at a fixed place stay."""
    windows = SpikeWindows("c14", two_cells, spike_at=30)
    n = windows.cells[0].n_spikes
    first = windows.starts
    windows.set_epoch(1)
    second = windows.starts
    assert windows.epoch == 1
    assert np.array_equal(first[:n], second[:n]) and not np.array_equal(first[n:], second[n:])
    assert [windows[i].start for i in range(len(windows))] == second.tolist()
    windows.set_epoch(0)
    assert np.array_equal(windows.starts, first)
    for epoch in (-1, 1.5, None, True, 2**63):
        with pytest.raises(OptionError, match="epoch"):
            windows.set_epoch(epoch)


def test_several_cells(two_cells):
    """Each as it is alone, one after the other."""
    both = SpikeWindows(["c14", "c5"], two_cells, background_ratio=2.0)
    alone = [SpikeWindows(c, two_cells, background_ratio=2.0) for c in ("c14", "c5")]
    assert both.starts.tolist() == [*alone[0].starts, *alone[1].starts]
    assert [item.cell for item in both] == ["c14"] * len(alone[0]) + ["c5"] * len(alone[1])
    assert both.cells == alone[0].cells + alone[1].cells
    assert torch.equal(both[-1].window_uV, alone[1][-1].window_uV)
    # And not the same draws in all of them.
    drawn = [SpikeWindows(c, two_cells, spike_at=(0, 89)) for c in ("c14", "c5")]
    c14, c5 = ([item.time_samples.item() for item in w if item.label][:10] for w in drawn)
    assert [int(time) for time in c14] != [int(time) for time in c5]
    assert {c.cell_id for c in SpikeWindows(root=two_cells).cells} == {"c14", "c5"}
    assert "c14 (" in repr(both) and f"{len(both)} windows of 384 channels" in repr(both)


def test_a_transform(two_cells):
    windows = SpikeWindows(
        "c14", two_cells, transform=lambda item: (item.window_uV[:2] / 10.0, item.label)
    )
    traces, labels = next(iter(DataLoader(windows, batch_size=3)))
    assert traces.shape == (3, 2, 90) and labels.tolist() == [1, 1, 1]


def test_an_index(two_cells):
    windows = SpikeWindows("c14", two_cells)
    n = len(windows)
    assert windows[-1].start == windows[n - 1].start == windows[np.int64(n - 1)].start
    assert sum(1 for _ in windows) == n
    for index in (n, -n - 1, 1.0, None, "0", True, slice(0, 2)):
        with pytest.raises(WindowIndexError, match="no such window"):
            windows[index]
    assert issubclass(WindowIndexError, IndexError)
