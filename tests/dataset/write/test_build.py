"""A built cell against the truth: scipy in float64, brute force, and what was planted."""

import hashlib
import json
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from spe1_builder.constants import REFERENCE_CHANNELS
from spe1_builder.dataset.rows.shards import read_batches
from spe1_builder.dataset.write.build import build_cell
from spe1_builder.reading.arrays import load, segment_uV
from tests.support.recordings import SMALL

START, N_SAMPLES, SEGMENT = 6_000, 48_017, 9_300


@pytest.fixture(scope="module")
def splits(built):
    return load("c14", built.folder.parent)


@pytest.fixture(scope="module")
def window_uV(splits):
    """train followed by test: float32 (384, n_samples)."""
    parts = [segment_uV(split, i) for split in splits.values() for i in range(len(split))]
    return np.concatenate(parts, axis=1)


def spike_samples(splits):
    """(channel, unit, sample of the window) of every spike in the rows."""
    found = []
    for split in splits.values():
        for row in split.select_columns(["sample_id", "cit", "ctt"]):
            for channel, (units, times_ms) in enumerate(zip(row["cit"], row["ctt"], strict=True)):
                found += [
                    (channel, unit, int(row["sample_id"]) + time_ms * 30.0)
                    for unit, time_ms in zip(units, times_ms, strict=True)
                ]
    return found


def test_segments_are_the_window_cut_in_order(splits):
    assert [len(splits["train"]), len(splits["test"])] == [4, 2]
    ids = [row for split in splits.values() for row in split["sample_id"]]
    assert ids == [f"{i * SEGMENT:010d}" for i in range(6)]
    lengths = [segment_uV(split, i).shape for split in splits.values() for i in range(len(split))]
    assert lengths == [(384, SEGMENT)] * 5 + [(384, N_SAMPLES - 5 * SEGMENT)]


def test_traces_equal_float64_over_the_whole_recording(archive, window_uV):
    """Segment edges included; the short last segment too."""
    expected = archive.reference_uV()[:, START : START + N_SAMPLES]
    error = np.abs(window_uV - expected)
    assert error.max() < 1e-4
    edges = [i * SEGMENT + d for i in range(1, 6) for d in (-1, 0)]
    assert error[:, edges].max() < 1e-4


def test_window_that_ends_with_the_recording(archive, tmp_path):
    options = replace(SMALL, skip_seconds=0.0, duration_s=300.0, segment_duration_s=1.0001)
    build_cell("c14", archive.sources, tmp_path / "spe1", options)
    splits = load("c14", tmp_path / "spe1")
    got = np.concatenate(
        [segment_uV(split, i) for split in splits.values() for i in range(len(split))], axis=1
    )
    np.testing.assert_allclose(got, archive.reference_uV(), rtol=0, atol=1e-4)


def test_known_counts_are_known_microvolts(copied_archive, tmp_path):
    """A 1 kHz tone of 100 counts on one channel comes out with 234.375 uV of amplitude."""
    path = copied_archive.raw_dir / "Recordings/c14/c14_npx_raw.bin"
    n = len(copied_archive.counts())
    counts = np.zeros((n, 384), dtype=np.int16)
    tone = 100 * np.sin(2 * np.pi * 1000 * np.arange(n) / 30000)
    counts[:, 200] = tone.round()
    # Noise on all channels, so that bad-channel detection has something to compare.
    counts += np.random.default_rng(0).integers(-2, 3, (n, 1)).astype(np.int16)
    path.unlink()
    counts.tofile(path)
    copied_archive.forget_truth()
    build_cell("c14", copied_archive.sources, tmp_path / "spe1", SMALL)
    splits = load("c14", tmp_path / "spe1")
    traces = segment_uV(splits["train"], 1)
    # The band-pass passes 1 kHz unchanged; the median takes the common noise away.
    amplitude = np.sqrt(2) * traces[200].std()
    assert amplitude == pytest.approx(234.375, rel=2e-3)
    assert np.abs(np.delete(traces, 200, axis=0)).max() < 1e-3
    # Its quartiles lie beyond the histogram's range; they are there all the same.
    stats = json.loads((tmp_path / "spe1/c14/dataset_stats.json").read_text())
    train = np.concatenate([segment_uV(splits["train"], i)[200] for i in range(4)])
    assert stats["iqr"][200] == pytest.approx(np.subtract(*np.quantile(train, [0.75, 0.25])))
    assert "exact for channels [200]" in stats["method"]


def test_every_spike_once_at_its_sample(archive, built, splits):
    truth = np.load(archive.raw_dir / "Recordings/c14/c14_wc_spike_samples.npy")
    n_npx, n_patch = len(archive.counts()), archive.truth.n_patch
    expected = [int(p) * n_npx // n_patch - START for p in truth]
    expected = [s for s in expected if 0 <= s < N_SAMPLES]
    found = spike_samples(splits)
    assert len(expected) > 20
    assert [sample for _, _, sample in found] == pytest.approx(expected, abs=1e-6)
    assert [round(sample) for _, _, sample in found] == expected
    assert {channel for channel, _, _ in found} == {built.metadata.peak_channel}
    assert {unit for _, unit, _ in found} == {0}
    patch = np.load(built.folder / "patch.npz", allow_pickle=False)
    np.testing.assert_array_equal(np.rint(patch["spike_times_s"] * 30000), expected)
    counts = built.metadata.splits
    assert counts["train"].spikes == sum(s < 4 * SEGMENT for s in expected)
    assert counts["train"].spikes + counts["test"].spikes == len(expected)


def test_template_is_the_brute_force_mean(built, splits, window_uV):
    spikes = [round(sample) for _, _, sample in spike_samples(splits)]
    windows = [
        window_uV[:, s - 30 : s + 60].T.astype(np.float64)
        for s in spikes
        if s >= 30 and s + 60 <= N_SAMPLES
    ]
    stored = np.load(built.folder / "templates.npz", allow_pickle=False)
    assert stored["templates"].dtype == np.float32 and stored["templates"].shape == (1, 90, 384)
    np.testing.assert_allclose(stored["templates"][0], np.mean(windows, axis=0), atol=1e-4)
    template = built.metadata.template_metadata
    assert template.n_spikes_used == len(windows)
    assert template.n_spikes_total == len(spikes)
    assert (stored["nbefore"], stored["nafter"], stored["sampling_frequency"]) == (30, 60, 30000.0)


def test_planted_neuron_is_recovered(archive, built):
    """Peak channel, and the place by a monopole fit that is none of ours to tune."""
    import scipy.optimize

    assert built.metadata.peak_channel == archive.truth.peak_channel
    stored = np.load(built.folder / "templates.npz", allow_pickle=False)
    template, positions = stored["templates"][0], stored["probe_positions"]
    near = np.linalg.norm(positions - positions[built.metadata.peak_channel], axis=1) < 75
    near[built.metadata.bad_channel_ids] = False
    amplitude = np.ptp(template[:, near], axis=0)

    def residual(p):
        x, y, z, scale, floor = p
        distance = np.sqrt(((positions[near] - [x, y]) ** 2).sum(axis=1) + z**2)
        # The common reference takes a share of the spike away from every channel.
        return scale / distance - floor - amplitude

    x0 = [*positions[built.metadata.peak_channel], 20.0, 2000.0, 0.0]
    fit = scipy.optimize.least_squares(residual, x0).x
    true_x, true_y, true_z = archive.truth.location_um
    assert abs(fit[0] - true_x) < 6 and abs(fit[1] - true_y) < 6
    assert abs(abs(fit[2]) - true_z) < 12


def test_bad_channels_are_the_union(built):
    bad = set(built.metadata.bad_channel_ids)
    detected = {int(channel) for channel in built.metadata.detected_bad_channels}
    assert bad == detected | set(REFERENCE_CHANNELS)
    assert len(detected - set(REFERENCE_CHANNELS)) <= 3


def test_patch_file(archive, built):
    patch = np.load(built.folder / "patch.npz", allow_pickle=False)
    raw = np.fromfile(archive.raw_dir / "Recordings/c14/c14_patch_ch1.bin", dtype="<f8")
    times_s = patch["t_patch_s"]
    assert patch["patch_v"].dtype == np.float32 and times_s.dtype == np.float64
    assert 0 <= times_s[0] < 1 / 50_000 and times_s[-1] < N_SAMPLES / 30000
    n_npx = len(archive.counts())
    first = round((times_s[0] + START / 30000) * 30000 * len(raw) / n_npx)
    np.testing.assert_array_equal(
        patch["patch_v"], raw[first : first + len(times_s)].astype(np.float32)
    )
    # The trace's negative peak lies at the spike time.
    for spike_s in patch["spike_times_s"][1:-1]:
        near = np.flatnonzero(np.abs(times_s - spike_s) < 5e-4)
        assert abs(times_s[near[patch["patch_v"][near].argmin()]] - spike_s) < 1e-4
    assert (str(patch["patch_type"]), str(patch["clamp"]), str(patch["patch_units"])) == (
        "juxta",
        "vc",
        "pA",
    )
    assert str(patch["cell_id"]) == "c14" and patch["window_start_s"] == 0.2


def test_patch_samples_of_the_spikes(archive, built):
    """Each is the planted sample itself, and its time comes to the spike's sample."""
    patch = np.load(built.folder / "patch.npz", allow_pickle=False)
    raw = np.fromfile(archive.raw_dir / "Recordings/c14/c14_patch_ch1.bin", dtype="<f8")
    planted = np.load(archive.raw_dir / "Recordings/c14/c14_wc_spike_samples.npy")
    indices, n_npx = patch["spike_patch_indices"], len(archive.counts())
    first = -(-START * len(raw) // n_npx)
    stop = START + N_SAMPLES
    expected = [p - first for p in planted.tolist() if START <= p * n_npx // len(raw) < stop]
    assert indices.dtype == np.int64 and indices.tolist() == expected
    np.testing.assert_array_equal(
        patch["patch_v"][indices], raw[np.array(expected) + first].astype(np.float32)
    )
    samples = np.floor(patch["t_patch_s"][indices] * 30000 + 1e-6)
    np.testing.assert_array_equal(samples, np.rint(patch["spike_times_s"] * 30000))


def test_statistics(built, splits):
    stats = json.loads((built.folder / "dataset_stats.json").read_text())
    train = np.concatenate([segment_uV(splits["train"], i) for i in range(4)], axis=1)
    low, median, high = np.quantile(train.astype(np.float64), [0.25, 0.5, 0.75], axis=1)
    abs_low, abs_high = np.quantile(np.abs(train.astype(np.float64)), [0.25, 0.75], axis=1)
    np.testing.assert_allclose(stats["median"], median, atol=0.02)
    np.testing.assert_allclose(stats["iqr"], high - low, atol=0.03)
    np.testing.assert_allclose(stats["abs_iqr"], abs_high - abs_low, atol=0.03)
    assert stats["computed_on"] == "train" and stats["n_samples"] == 4 * SEGMENT


def test_arrow_form(built):
    """Stream files, two rows a batch, no Hugging Face metadata: what every version loads."""
    for split, n_rows in (("train", 4), ("test", 2)):
        batches = [
            batch
            for path in sorted((built.folder / split).glob("data-*.arrow"))
            for batch in read_batches(path)
        ]
        assert [batch.num_rows for batch in batches] == [2] * (n_rows // 2)
        for batch in batches:
            assert batch.schema.metadata is None
            assert batch.schema.field("cp").type == pa.list_(pa.list_(pa.float32()))
            assert batch.schema.field("cit").type == pa.list_(pa.list_(pa.int32()))
            assert batch.schema.field("ctt").type == pa.list_(pa.list_(pa.float64()))
        info = (built.folder / split / "dataset_info.json").read_text()
        assert '"Sequence"' in info and '"List"' not in info


def hashes(folder):
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.mark.usefixtures("drawn_anew")
@pytest.mark.parametrize("n_threads", [1, 3])
def test_same_bytes_whatever_the_threads(archive, built, tmp_path, n_threads):
    """Every file, sidecars and picture included."""
    again = build_cell("c14", archive.sources, tmp_path / "x", SMALL, n_threads=n_threads)
    assert hashes(again.folder) == hashes(built.folder)


def test_engines_agree(archive, built, tmp_path, window_uV):
    options = replace(SMALL, engine="spikeinterface")
    build_cell("c14", archive.sources, tmp_path / "spe1", options)
    splits = load("c14", tmp_path / "spe1")
    got = np.concatenate(
        [segment_uV(split, i) for split in splits.values() for i in range(len(split))], axis=1
    )
    np.testing.assert_allclose(got, window_uV, rtol=0, atol=1e-4)


def test_whole_cell_recording(archive, tmp_path):
    """Current clamp: mV, positive spikes, detected as well as listed."""
    result = build_cell("c5", archive.sources, tmp_path / "spe1", SMALL)
    patch = result.metadata.patch
    assert (patch.type, patch.clamp, patch.units, patch.polarity) == ("wc-ic", "ic", "mV", 1)
    agreement = result.metadata.ground_truth_agreement
    assert agreement.recall > 0.9 and agreement.precision > 0.9
    assert abs(agreement.median_offset_ms) < 0.05
    assert result.metadata.patch.rate_hz == pytest.approx(50023.9074, rel=1e-4)


@pytest.mark.parametrize("guess", [0, 158, 383])
def test_wrong_guess_of_the_peak_is_set_right(archive, built, tmp_path, monkeypatch, guess):
    """Rows are written before the peak is certain; the bytes do not show it."""
    from spe1_builder.dataset.rows import stream

    monkeypatch.setattr(stream, "guess_peak_channel", lambda *args: guess)
    again = build_cell("c14", archive.sources, tmp_path / "x", SMALL)
    assert again.metadata.peak_channel == built.metadata.peak_channel != guess
    assert hashes(again.folder) == hashes(built.folder)


def test_guess_is_a_guess_of_the_template(archive, built):
    """On a clear neuron the few spikes give what all of them give."""
    from spe1_builder.signal.template import SpikeSums, guess_peak_channel
    from spe1_builder.source.recording.raw import open_raw_cell

    raw = open_raw_cell(archive.raw_dir, "c14")
    spikes = np.rint(np.load(built.folder / "patch.npz")["spike_times_s"] * 30000).astype(np.int64)
    sums = SpikeSums(spikes, N_SAMPLES, 30, 60)

    def read_counts(start, stop):
        assert 0 <= start < stop <= N_SAMPLES
        return raw.read_counts(START + start, START + stop)

    assert guess_peak_channel(read_counts, sums) == built.metadata.peak_channel
