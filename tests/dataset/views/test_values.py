"""The rows of the views against the recording itself, filtered by scipy in float64."""

import numpy as np
import pytest
from datasets import load_dataset
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy.spatial import cKDTree

import spe1
from spe1_builder.dataset.spikes.cell import CellSpikes, read_cell_spikes
from spe1_builder.dataset.views.channels import nearest_channels
from spe1_builder.dataset.views.mini import MINI, to_counts
from spe1_builder.dataset.views.spikes import SPIKES
from tests.support.recordings import SMALL

START = round(SMALL.skip_seconds * 30_000)


@pytest.fixture(scope="module")
def cell(built) -> CellSpikes:
    return read_cell_spikes(built.folder)


@pytest.fixture(scope="module")
def window_uV(archive, built) -> np.ndarray:
    """The analysis window in float64: (384, n_samples)."""
    n_samples = built.metadata.analysis_window.n_samples
    return archive.reference_uV()[:, START : START + n_samples]


@pytest.fixture(scope="module")
def patch(archive, built) -> tuple[np.ndarray, int]:
    """The raw patch trace, and its sample that the analysis window begins with."""
    trace = np.fromfile(archive.raw_dir / "Recordings/c14/c14_patch_ch1.bin", "<f8")
    first = np.ceil(START * len(trace) / len(archive.counts()))
    return trace, int(first)


@pytest.fixture(scope="module")
def spikes(built):
    """Rows of the view, train then test, without going by way of our reader."""
    splits = load_dataset(str(built.folder.parent), name="spikes")
    return [row for split in ("train", "test") for row in splits[split].with_format("numpy")]


def test_times_and_amplitudes_are_those_of_the_table(built, spikes):
    table = spe1.spikes(built.folder.parent).to_pylist()
    assert len(table) == len(spikes)
    names = [column.name for column in SPIKES.columns[:8]]
    assert names[0] == "cell_id" and names[-1] == "burst_index"
    for split in ("train", "test"):
        read = load_dataset(str(built.folder.parent), name="spikes", split=split)
        expected = [{name: row[name] for name in names} for row in table if row["split"] == split]
        assert read.select_columns(names).to_list() == expected


def test_waveforms_are_those_of_the_recording(built, spikes, window_uV):
    n_samples = window_uV.shape[1]
    padded_uV = np.pad(window_uV, ((0, 0), (30, 60)))
    n_whole = 0
    for row in spikes:
        sample = int(row["sample"])
        expected_uV = padded_uV[row["channel_ids"], sample : sample + 90]
        assert row["waveform"].shape == (40, 90)
        np.testing.assert_allclose(row["waveform"], expected_uV, rtol=0, atol=0.25 + 1e-3)
        assert bool(row["is_whole"]) == (30 <= sample <= n_samples - 60)
        n_whole += bool(row["is_whole"])
    assert n_whole > 30
    templates = np.load(built.folder / "templates.npz")["templates"][0]
    mean_uV = np.mean([row["waveform"] for row in spikes if row["is_whole"]], axis=0)
    # Each is rounded to 0.5 uV, which the mean of n takes to 0.14 / sqrt(n).
    channels = spikes[0]["channel_ids"]
    assert np.abs(mean_uV.T - templates[:, channels]).max() < 0.15


def test_patch_waveforms_are_those_of_the_raw_trace(spikes, patch, archive):
    trace, _ = patch
    raw = np.load(archive.raw_dir / "Recordings/c14/c14_wc_spike_samples.npy")
    npx = raw * len(archive.counts()) // len(trace)
    for row in spikes:
        (index,) = raw[npx == int(row["sample"]) + START]
        assert row["patch_units"] == "pA" and abs(row["patch_rate_hz"] - 50_024) < 1
        if row["is_whole"]:
            expected = trace[index - 50 : index + 100]
            np.testing.assert_allclose(row["patch_waveform"], expected, rtol=0, atol=1 / 16 + 1e-4)


def test_spikes_at_the_ends_are_filled_up(cell, window_uV):
    """Zeros where there is no recording, and the row says so."""
    n_samples = window_uV.shape[1]
    samples = np.array([0, 29, 30, n_samples - 60, n_samples - 59, n_samples - 1])
    patch_times_s = cell.patch_array("t_patch_s")
    indices = np.searchsorted(patch_times_s, samples / 30_000).clip(max=len(patch_times_s) - 1)
    at_ends = CellSpikes(cell.folder, cell.metadata, samples / 30_000, indices)
    rows = [
        row
        for split in ("train", "test")
        for batch in SPIKES.arrays(at_ends, split)
        for row in zip(batch["waveform"], batch["is_whole"], batch["patch_waveform"], strict=True)
    ]
    channels = nearest_channels(cell, 40)
    padded_uV = np.pad(window_uV, ((0, 0), (30, 60)))[channels]
    trace = cell.patch_array("patch_v")
    for sample, index, (waveform, is_whole, patch) in zip(samples, indices, rows, strict=True):
        expected_uV = padded_uV[:, sample : sample + 90]
        np.testing.assert_allclose(waveform.as_py(), expected_uV, rtol=0, atol=0.25 + 1e-3)
        expected = np.pad(trace, (50, 100))[index : index + 150]
        np.testing.assert_allclose(patch.as_py(), expected, rtol=0, atol=1 / 16)
        fits = 30 <= sample <= n_samples - 60 and 50 <= index <= len(trace) - 100
        assert is_whole.as_py() == fits


def test_channels_are_the_nearest_good_ones(cell):
    positions_um = cell.template.positions_um
    bad = set(cell.metadata.bad_channel_ids)
    peak_um = positions_um[cell.metadata.peak_channel]
    for n_channels in (1, 40, 64):
        channels = nearest_channels(cell, n_channels)
        assert len(channels) == n_channels and not bad & set(channels.tolist())
        assert (np.diff(channels) > 0).all() or n_channels == 1
        assert cell.metadata.peak_channel in channels
        good = np.array([channel for channel in range(384) if channel not in bad])
        distances_um, _ = cKDTree(positions_um[good]).query(peak_um, k=[n_channels])
        ours_um = np.linalg.norm(positions_um[channels] - peak_um, axis=1)
        assert np.isclose(ours_um.max(), distances_um[-1])
    assert len(nearest_channels(cell, 1_000)) == 384 - len(bad)


def test_mini_is_the_first_whole_second(built, cell, window_uV):
    (row,) = load_dataset(str(built.folder.parent), name="mini", split="train")
    counts = np.array(row["traces"], np.int16)
    assert counts.shape == (64, 30_000) and row["scale_uV"] == 1 / 32 and row["start_s"] == 0
    expected_uV = window_uV[row["channel_ids"], :30_000]
    np.testing.assert_allclose(counts * row["scale_uV"], expected_uV, rtol=0, atol=1 / 64 + 1e-3)
    positions_um = np.array(row["channel_positions_um"], np.float32)
    np.testing.assert_array_equal(positions_um, cell.template.positions_um[row["channel_ids"]])
    times_s = np.load(built.folder / "patch.npz")["spike_times_s"]
    assert row["spike_times_s"] == pytest.approx(times_s[times_s < 1.0], abs=1e-9)


@pytest.mark.parametrize(
    ("n_samples", "lengths"),
    [(29_999, [29_999]), (30_000, [30_000]), (89_999, [30_000] * 2), (10**7, [30_000] * 10)],
)
def test_windows_of_mini_are_whole_seconds(cell, n_samples, lengths):
    """Less than a second of train, as in a short simulated cell, is one window all the same."""
    train = cell.metadata.splits["train"].model_copy(update={"samples": n_samples})
    splits = {**cell.metadata.splits, "train": train}
    metadata = cell.metadata.model_copy(update={"splits": splits})
    assert MINI.n_rows(metadata, "train") == len(lengths)
    if n_samples < 30_000:
        short = CellSpikes(cell.folder, metadata, cell.times_s, cell.patch_indices)
        (batch,) = MINI.arrays(short, "train")
        assert [len(channel) for channel in batch["traces"][0]] == lengths * 64


@given(
    arrays.arrays(
        np.float32, (2, 5), elements=st.floats(-(2**20), 2**20, width=32, allow_nan=False)
    )
)
@settings(max_examples=100, deadline=None)
def test_counts_never_wrap(traces_uV):
    counts, scale_uV = to_counts(traces_uV)
    largest = np.abs(traces_uV).max()
    assert counts.dtype == np.int16 and scale_uV >= 1 / 32
    np.testing.assert_allclose(counts * scale_uV, traces_uV, rtol=0, atol=scale_uV / 2)
    assert scale_uV == 1 / 32 or largest / (scale_uV / 2) > 32_767  # no coarser than it must be


def test_counts_of_what_is_not_finite():
    for value in (np.nan, np.inf):
        with pytest.raises(ValueError, match="not finite"):
            to_counts(np.array([[0.0, value]], np.float32))
