"""Unusable raw recordings: each kind its own error, and nothing half-written."""

import shutil
from dataclasses import replace

import numpy as np
import pytest

from spe1_builder import errors
from spe1_builder.dataset.write.build import build_cell
from tests.support.recordings import SMALL


def test_truncated_recording(bench):
    data = bench.read("c14_npx_raw.bin")
    bench.replace("c14_npx_raw.bin", data[:-100])
    bench.fails(errors.RawDataError, "cut short")


def test_recording_truncated_at_a_whole_sample(bench):
    data = bench.read("c14_npx_raw.bin")
    bench.replace("c14_npx_raw.bin", data[: -768 * 3])
    bench.fails(errors.RawDataError, "not as long as the recording's own description")
    # Without its description, the other stream's length tells.
    (bench.cell / "c14_expt_meta.csv").unlink()
    error = bench.fails(errors.RawDataError, "do not cover the same time")
    assert "expt_meta.csv" in error.got

    def drop_rate(sheet, header):
        for row in range(2, sheet.max_row + 1):
            sheet.cell(row, header.index("Patch Samp. Freq. (Hz)") + 1).value = None

    bench.edit_summary(drop_rate)  # the catalogue knows the rate, too
    bench.fails(errors.RawDataError, "do not cover the same time")


@pytest.mark.parametrize("rate_hz", ["50023", 0, -1.0])
def test_patch_rate_that_is_none(bench, rate_hz):
    def edit(sheet, header):
        for row in range(2, sheet.max_row + 1):
            sheet.cell(row, header.index("Patch Samp. Freq. (Hz)") + 1).value = rate_hz

    bench.edit_summary(edit)
    bench.fails(errors.SummaryError, "patch sampling rate")


def test_another_cells_files(bench):
    """c5's recording in c14's folder would get c14's electrode."""
    for path in list(bench.cell.iterdir()):
        path.rename(bench.cell / path.name.replace("c14", "c5"))
    bench.fails(errors.RawDataError, "another cell's")


def test_files_without_the_cells_name_are_taken(bench):
    for path in list(bench.cell.iterdir()):
        path.rename(bench.cell / path.name.replace("c14_", ""))
    assert build_cell("c14", bench.archive.sources, bench.root, SMALL).status == "built"


def test_patch_trace_that_is_mostly_constant(bench):
    """No noise, no threshold: not every bump is a spike."""
    patch = np.frombuffer(bench.read("c14_patch_ch1.bin"), "<f8").copy()
    patch[: int(0.8 * len(patch))] = 0.0
    bench.replace("c14_patch_ch1.bin", patch.tobytes())
    (bench.cell / "c14_wc_spike_samples.npy").rename(bench.root.parent / "spikes.npy")
    bench.fails(errors.PatchTraceError, "Most of the patch trace")
    # With the release's spikes it builds; there is nothing to compare them with.
    (bench.root.parent / "spikes.npy").rename(bench.cell / "c14_wc_spike_samples.npy")
    result = build_cell("c14", bench.archive.sources, bench.root, SMALL)
    assert result.metadata.ground_truth_agreement is None


def test_two_spikes_on_one_sample(bench):
    spikes = bench.spikes()
    twice = spikes[5]
    # The next patch sample that falls on the same NPX sample, which is about two in five.
    n_npx, n_patch = len(bench.archive.counts()), bench.archive.truth.n_patch
    twice = next(
        p for p in range(twice, twice + 9) if (p + 1) * n_npx // n_patch == p * n_npx // n_patch
    )
    bench.save(np.unique([*spikes[:5], twice, twice + 1, *spikes[6:]]))
    bench.fails(errors.SpikeIndexError, "fall on one NPX sample")


def test_wrong_channel_count(bench):
    counts = bench.archive.counts()
    bench.replace("c14_npx_raw.bin", counts[:-1, :383].tobytes())
    bench.fails(errors.RawDataError, "number of channels")
    # 385 channels, as probes with a sync channel have: only the description tells.
    shape = f"[(385L, {len(counts)}L), 'int16']"
    meta = f'npx,patch\n"{shape}","[{bench.archive.truth.n_patch}, \'float64\']"\n'
    bench.replace("c14_npx_raw.bin", counts.tobytes())
    bench.replace("c14_expt_meta.csv", meta.encode())
    bench.fails(errors.RawDataError, "own description")


@pytest.mark.parametrize(
    "data", [b"", b"npx,patch\n", b"npx,patch\n[,]\n", b"\xff\xfe", b"a,b\n1,2\n"]
)
def test_unreadable_description(bench, data):
    bench.replace("c14_expt_meta.csv", data)
    bench.fails(errors.RawDataError, "description of the recording cannot be read")


def test_recording_one_sample_short(bench):
    """Told by the description, and without it by the patch trace and its rate."""
    data = bench.read("c14_npx_raw.bin")
    bench.replace("c14_npx_raw.bin", data[:-768])
    bench.fails(errors.RawDataError, "not as long as the recording's own description")
    (bench.cell / "c14_expt_meta.csv").unlink()
    error = bench.fails(errors.RawDataError, "do not cover the same time")
    n_npx = len(bench.archive.counts())
    assert error.got.startswith(f"{n_npx} NPX") and f"{n_npx + 1}.0 NPX" in error.expected
    bench.replace("c14_npx_raw.bin", data)
    bench.replace("c14_patch_ch1.bin", bench.read("c14_patch_ch1.bin")[:-8])
    bench.fails(errors.RawDataError, "do not cover the same time")


def test_channel_major_recording(bench):
    """Of the right length; the other contents that are none: test_content.py."""
    counts = bench.archive.counts()
    bench.replace("c14_npx_raw.bin", np.ascontiguousarray(counts.T).tobytes())
    bench.fails(errors.RawDataError, "channel-major")


def test_patch_trace_in_another_byte_order(bench):
    patch = np.frombuffer(bench.read("c14_patch_ch1.bin"), "<f8")
    patch = np.where(np.isfinite(patch.byteswap()), patch, 1.0)  # not told by a NaN alone
    bench.replace("c14_patch_ch1.bin", patch.byteswap().tobytes())
    bench.fails(errors.PatchTraceError, "no amplifier gives")


def test_patch_trace_in_amperes(bench):
    patch = np.frombuffer(bench.read("c14_patch_ch1.bin"), "<f8")
    bench.replace("c14_patch_ch1.bin", (patch * 1e-12).tobytes())
    error = bench.fails(errors.PatchTraceError, "no amplifier gives")
    assert "unit is A or V" in error.do


@pytest.mark.parametrize(
    ("name", "left"),
    [
        ("c14_npx_raw.bin", "c14_npx_raw-001.bin"),
        ("c14_patch_ch1.bin", "c14_patch_ch1 (1).bin"),
        ("c14_wc_spike_samples.npy", "c14_wc_spike_samples-001.npy"),
        ("c14_expt_meta.csv", "c14_expt_meta.csv.zip"),
    ],
)
def test_a_renamed_file_is_told_and_nothing_else_is_used(bench, name, left):
    (bench.cell / name).rename(bench.cell / left)
    error = bench.fails(errors.MissingFileError, "under another name")
    assert left in error.got and name in error.do


def test_empty_recording(bench):
    bench.replace("c14_npx_raw.bin", b"")
    bench.fails(errors.RawDataError, "whole number of samples")


@pytest.mark.parametrize("name", ["c14_npx_raw.bin", "c14_patch_ch1.bin"])
def test_missing_file(bench, name):
    (bench.cell / name).unlink()
    bench.fails(errors.MissingFileError, "missing")


def test_missing_folder(bench):
    bench.fails(errors.MissingFileError, "raw recording of c26", cell_id="c26")


def test_two_recordings_in_one_folder(bench):
    shutil.copy(bench.cell / "c14_npx_sync.bin", bench.cell / "old_npx_raw.bin")
    bench.fails(errors.RawDataError, "several files")


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_patch_that_is_no_number(bench, value):
    patch = np.frombuffer(bench.read("c14_patch_ch1.bin"), "<f8").copy()
    patch[len(patch) // 2] = value
    bench.replace("c14_patch_ch1.bin", patch.tobytes())
    error = bench.fails(errors.PatchTraceError, "no numbers")
    assert str(len(patch) // 2) in error.got


def test_constant_patch(bench):
    patch = np.frombuffer(bench.read("c14_patch_ch1.bin"), "<f8")
    bench.replace("c14_patch_ch1.bin", np.full_like(patch, -3.0).tobytes())
    bench.fails(errors.PatchTraceError, "constant")


SPIKE_DAMAGE = {
    "negative": (lambda s: np.concatenate([[-4], s]), "negative"),
    "beyond": (lambda s: np.concatenate([s, [10**9]]), "beyond the end"),
    "unsorted": (lambda s: s[::-1], "not sorted"),
    "duplicated": (lambda s: np.sort(np.concatenate([s, s[:1]])), "twice"),
    "float": (lambda s: s.astype(float), "not whole numbers"),
    "nan": (lambda s: s * np.nan, "not whole numbers"),
    "empty": (lambda s: s[:0], "empty"),
    "matrix": (lambda s: np.stack([s, s]), "not one list"),
    "objects": (lambda s: np.array([{"a": 1}], dtype=object), "cannot be read"),
    "text": (lambda s: s.astype(str), "not whole numbers"),
}


@pytest.mark.parametrize("damage", SPIKE_DAMAGE)
def test_spike_indices(bench, damage):
    change, match = SPIKE_DAMAGE[damage]
    bench.save(change(bench.spikes()))
    error = bench.fails(errors.SpikeIndexError, match)
    assert "spike_source='detect'" in error.do
    if damage == "duplicated":  # and the advice helps
        options = replace(SMALL, spike_source="detect")
        result = build_cell("c14", bench.archive.sources, bench.root, options)
        assert result.metadata.ground_truth_agreement is None


def test_spike_file_that_is_no_array(bench):
    bench.replace("c14_wc_spike_samples.npy", b"<html>please log in</html>")
    bench.fails(errors.SpikeIndexError, "cannot be read")


def test_spike_indices_as_a_column_are_taken(bench):
    """Some tools save (n, 1); that says the same."""
    expected = len(bench.spikes())
    bench.save(bench.spikes()[:, None].astype(np.uint32))
    result = build_cell("c14", bench.archive.sources, bench.root, SMALL)
    assert result.metadata.ground_truth_agreement.n_reference == expected


def test_without_spike_file_falls_back_and_says_so(bench):
    from spe1_builder.progress import Silent

    class Notes(Silent):
        def __init__(self):
            self.texts = []

        def note(self, text):
            self.texts.append(text)

    (bench.cell / "c14_wc_spike_samples.npy").unlink()
    bench.fails(errors.MissingFileError, "no wc_spike", replace(SMALL, spike_source="file"))
    notes = Notes()
    result = build_cell("c14", bench.archive.sources, bench.root, SMALL, progress=notes)
    assert any("detected on the patch trace" in text for text in notes.texts)
    assert result.metadata.source_metadata.spike_source == "detect_spikes_from_patch (fallback)"
    assert result.metadata.ground_truth_agreement is None
    truth = bench.archive.truth
    in_window = [s for s in truth.npx_samples if 6000 <= s < 54_017]
    assert abs(result.metadata.n_spikes_total - len(in_window)) <= 1
