"""Bad input: each kind its own error, which says what to do, and nothing half-written."""

import errno
import os
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import openpyxl
import pytest
import scipy.io

from builder import errors
from builder.dataset import root as root_module
from builder.dataset.build import build_cell
from builder.dataset.options import BuildOptions
from builder.dataset.rows import HashingFile
from builder.reading.arrays import load
from builder.source.raw import RawCell
from tests.recordings import SMALL, Archive


class Bench:
    """An archive to damage, and a root that must stay empty."""

    def __init__(self, archive, root):
        self.archive, self.root = archive, root
        self.cell = archive.raw_dir / "Recordings/c14"

    def replace(self, name: str, data: bytes) -> None:
        """Put other bytes in a file's place (the files are links to shared ones)."""
        path = self.cell / name
        path.unlink(missing_ok=True)
        path.write_bytes(data)

    def save(self, values) -> None:
        path = self.cell / "c14_wc_spike_samples.npy"
        path.unlink()
        np.save(path, values)

    def read(self, name: str) -> bytes:
        return (self.cell / name).read_bytes()

    def spikes(self) -> np.ndarray:
        return np.load(self.cell / "c14_wc_spike_samples.npy")

    def edit_summary(self, edit) -> None:
        path = self.archive.raw_dir / "Data Summary.xlsx"
        book = openpyxl.load_workbook(path)
        sheet = book.worksheets[0]
        header = [cell.value for cell in sheet[1]]
        edit(sheet, header)
        path.unlink()
        book.save(path)

    def save_map(self, **fields) -> None:
        path = self.archive.raw_dir / "chanMap.mat"
        path.unlink()
        scipy.io.savemat(path, fields)

    def fails(self, kind, match, options=SMALL, cell_id="c14"):
        """The build raises ``kind``, with everything that an error owes, and leaves nothing."""
        with pytest.raises(kind, match=match) as caught:
            build_cell(cell_id, self.archive.sources, self.root, options)
        error = caught.value
        assert type(error) is kind
        assert error.do, "the error does not say what to do"
        assert error.got is not None or error.where is not None
        left = [p.name for p in self.root.iterdir()] if self.root.exists() else []
        assert set(left) <= {".spe1"}, f"left {left}"
        return error


@pytest.fixture
def bench(copied_archive, tmp_path):
    return Bench(copied_archive, tmp_path / "spe1")


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
    from builder.progress import Silent

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


def test_map_without_xcoords(bench):
    bench.save_map(ycoords=np.zeros((384, 1)))
    bench.fails(errors.ProbeError, "no 'xcoords'")


def test_map_with_383_rows(bench):
    bench.save_map(xcoords=np.zeros((383, 1)), ycoords=np.zeros((383, 1)))
    bench.fails(errors.ProbeError, "one number per channel")


@pytest.mark.parametrize(("value", "match"), [(np.nan, "NaN"), (0.0, "two channels at one place")])
def test_map_with_impossible_places(bench, value, match):
    y = np.arange(384.0)
    x = np.full((384, 1), value)
    bench.save_map(xcoords=x, ycoords=np.zeros_like(x) if value == 0 else y[:, None])
    bench.fails(errors.ProbeError, match)


def test_map_that_is_no_matlab_file(bench):
    path = bench.archive.raw_dir / "chanMap.mat"
    path.unlink()
    bench.fails(errors.MissingFileError, "channel map is missing")
    path.write_bytes(b"<html></html>" * 100)
    bench.fails(errors.ProbeError, "cannot be read")


def test_summary_without_the_cell(bench):
    def edit(sheet, header):
        for row in range(sheet.max_row, 1, -1):
            if sheet.cell(row, 1).value == "c14":
                sheet.delete_rows(row)

    bench.edit_summary(edit)
    bench.fails(errors.SummaryError, "0 rows for cell c14")


def test_summary_without_the_column(bench):
    def edit(sheet, header):
        sheet.delete_cols(header.index("chan_predicted") + 1)

    bench.edit_summary(edit)
    bench.fails(errors.SummaryError, "no column 'chan_predicted'")


@pytest.mark.parametrize("value", [384, -1, 3.5, None, "159", True])
def test_electrode_that_is_no_channel(bench, value):
    def edit(sheet, header):
        column = header.index("chan_predicted") + 1
        for row in range(2, sheet.max_row + 1):
            if sheet.cell(row, 1).value == "c14":
                sheet.cell(row, column).value = value

    bench.edit_summary(edit)
    bench.fails(errors.SummaryError, "not a channel of the probe")


def test_unknown_patch_type(bench):
    def edit(sheet, header):
        for row in range(2, sheet.max_row + 1):
            sheet.cell(row, header.index("Patch Type") + 1).value = "Loose"

    bench.edit_summary(edit)
    bench.fails(errors.SummaryError, "Patch Type")


def test_summary_that_is_no_workbook(bench):
    path = bench.archive.raw_dir / "Data Summary.xlsx"
    path.unlink()
    bench.fails(errors.MissingFileError, "summary of the paired recordings is missing")
    path.write_bytes(b"<html>please log in</html>")
    bench.fails(errors.SummaryError, "cannot be read")


def test_recording_shorter_than_the_skip(bench):
    bench.fails(errors.RawDataError, "settling period", replace(SMALL, skip_seconds=10.0))


def test_fewer_than_two_segments(bench):
    bench.fails(errors.OptionError, "fewer than two", replace(SMALL, segment_duration_s=3.0))


def test_fraction_that_empties_a_split(bench):
    bench.fails(errors.OptionError, "without a segment", replace(SMALL, train_fraction=0.1))


def test_too_few_spikes(bench):
    bench.save(bench.spikes()[:1])
    bench.fails(errors.RawDataError, "Too few ground-truth spikes")


NAN = float("nan")
BAD_OPTIONS = [
    *[{"train_fraction": value} for value in (0, 1, 0.0, 1.0, -0.1, NAN)],
    *[{"skip_seconds": value} for value in (-1.0, NAN, float("inf"))],
    *[{"duration_s": value} for value in (0.0, -3.0, NAN, float("inf"))],
    *[{"segment_duration_s": value} for value in (0.0, NAN, 1000.0)],
    *[{"ms_before": value} for value in (0.0, -1.0, NAN)],
    {"ms_after": 0.0},
    {"spike_source": "guess"},
    {"engine": "gpu"},
    {"bad_channel_chunks": 0},
    {"bad_channel_chunks": 5.5},
    {"bad_channel_seed": None},
    {"duration_s": "300"},
    {"duration_s": None},
    {"train_fraction": True},
    {"engine": 3},
]


@pytest.mark.parametrize("given", BAD_OPTIONS, ids=str)
def test_options_that_cannot_work(given):
    with pytest.raises(errors.OptionError) as caught:
        BuildOptions(**given)
    assert next(iter(given)) in str(caught.value) and caught.value.do


def test_the_same_number_is_the_same_option():
    """Whatever type it came in: the fingerprint must not differ."""
    options = BuildOptions(duration_s=np.float32(2), skip_seconds=1, bad_channel_seed=np.int64(3))
    assert options == BuildOptions(duration_s=2.0, skip_seconds=1.0, bad_channel_seed=3)
    assert [type(value) for value in options.as_dict().values()] == [
        *[float] * 6,
        *[str] * 2,
        *[int] * 2,
    ]


@pytest.mark.parametrize("n_threads", [0, -1])
def test_no_threads(bench, n_threads):
    with pytest.raises(errors.OptionError, match="without a thread"):
        build_cell("c14", bench.archive.sources, bench.root, SMALL, n_threads=n_threads)


@pytest.mark.parametrize("name", ["../x", "c9", "c14/../c15", "", "/etc"])
def test_cell_names_do_not_reach_the_disk(bench, name):
    with pytest.raises(errors.UnknownCellError, match="spe1 cells"):
        build_cell(name, bench.archive.sources, bench.root, SMALL)
    assert not bench.root.exists()


def test_no_space_is_known_before_the_work(bench, monkeypatch):
    usage = shutil.disk_usage(bench.root.parent)
    monkeypatch.setattr(
        root_module.shutil, "disk_usage", lambda path: usage._replace(free=10_000_000)
    )
    error = bench.fails(errors.SpaceError, "Too little room for c14")
    assert "0.27 GB" in error.expected and "0.01 GB" in error.got


def test_disk_that_fills_while_writing(bench, monkeypatch):
    """As a full disk answers: the write fails somewhere in the middle."""
    written = 0
    write = HashingFile.write

    def full(self, data):
        nonlocal written
        written += len(memoryview(data))
        if written > 40_000_000:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(self, data)

    monkeypatch.setattr(HashingFile, "write", full)
    bench.fails(errors.SpaceError, "disk is full")


def test_a_real_full_disk(bench, monkeypatch, tmp_path):
    """A small memory disk, where this machine lets us mount one."""
    import subprocess

    disk = tmp_path / "disk"
    disk.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=30m", "tmpfs", str(disk)],
        capture_output=True,
        check=False,
    )
    if done.returncode:
        pytest.skip("cannot mount a file system here")
    try:
        usage = shutil.disk_usage(tmp_path)
        monkeypatch.setattr(root_module.shutil, "disk_usage", lambda path: usage)
        bench.root = disk / "spe1"
        bench.fails(errors.SpaceError, "disk is full")
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_no_permission(archive, built):
    # A folder that another user can reach; pytest's own are private.
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        shutil.copytree(archive.raw_dir, place / "raw", copy_function=os.link)
        (place / "raw").chmod(0o755)
        place.chmod(0o555)
        bench = Bench(Archive(place / "raw", archive.truth), place / "spe1")
        privileged = os.geteuid() == 0
        if privileged:  # root may write anywhere: be somebody else
            os.seteuid(65534)
        try:
            bench.fails(errors.AccessError, "cannot be written")
        finally:
            if privileged:
                os.seteuid(0)
            place.chmod(0o755)


def test_raw_file_that_may_not_be_read(bench, monkeypatch):
    def refuse(self, start, stop):
        raise PermissionError(errno.EACCES, "Permission denied", str(self.patch_path))

    monkeypatch.setattr(RawCell, "read_patch", refuse)
    bench.fails(errors.AccessError, "A file cannot be read")


def test_root_that_is_a_file_or_a_checkout(bench):
    bench.root.write_text("")
    with pytest.raises(errors.OptionError, match="not a folder"):
        build_cell("c14", bench.archive.sources, bench.root, SMALL)
    bench.root.unlink()
    bench.root.mkdir()
    for name in ("spe1.py", "pyproject.toml", ".git"):
        (bench.root / name).write_text("")
        with pytest.raises(errors.OptionError, match="project's folder"):
            build_cell("c14", bench.archive.sources, bench.root, SMALL)
        (bench.root / name).unlink()
    other = bench.root.parent / "a [b]" / "spe1"
    with pytest.raises(errors.OptionError, match="for a pattern"):
        build_cell("c14", bench.archive.sources, other, SMALL)
    assert not other.parent.exists()


@pytest.mark.parametrize("name", ["README.md", "chanMap.mat", "Data Summary.csv"])
def test_somebody_elses_files_stay(bench, name):
    """Also in the folder that one happens to stand in."""
    bench.root.mkdir()
    (bench.root / name).write_text("mine")
    with pytest.raises(errors.OptionError, match="did not write"):
        build_cell("c14", bench.archive.sources, bench.root, SMALL, force=True)
    assert (bench.root / name).read_text() == "mine"
    assert {p.name for p in bench.root.iterdir()} <= {name, ".spe1"}


def test_raw_recordings_are_never_replaced(bench):
    """A root that is the raw folder: force means a built cell, not anything."""
    before = {p.name: p.stat().st_size for p in bench.cell.iterdir()}
    for force in (False, True):
        with pytest.raises(errors.StaleOutputError, match="never replaced") as caught:
            build_cell("c14", bench.archive.sources, bench.cell.parent, SMALL, force=force)
        assert "force" not in caught.value.do
    assert {p.name: p.stat().st_size for p in bench.cell.iterdir()} == before


def test_a_linked_cell_is_refused(bench, built, tmp_path):
    bench.root.mkdir()
    (bench.root / "c14").symlink_to(built.folder)
    with pytest.raises(errors.OptionError, match="symbolic link"):
        build_cell("c14", bench.archive.sources, bench.root, SMALL, force=True)
    assert (built.folder / "conversion_metadata.json").is_file()


def test_read_only_root_that_is_there(archive, built):
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "spe1"
        root.mkdir(mode=0o555)
        Path(folder).chmod(0o755)
        privileged = os.geteuid() == 0
        if privileged:
            os.seteuid(65534)
        try:
            shown = Archive(archive.raw_dir, archive.truth)
            with pytest.raises(errors.AccessError):
                build_cell("c14", shown.sources, root, SMALL)
        finally:
            if privileged:
                os.seteuid(0)
            root.chmod(0o755)


def test_stale_output_is_neither_kept_silently_nor_overwritten(bench):
    first = build_cell("c14", bench.archive.sources, bench.root, SMALL)
    assert build_cell("c14", bench.archive.sources, bench.root, SMALL).status == "up to date"
    with pytest.raises(errors.StaleOutputError, match=r"ms_after 2\.0 there, 3\.0 asked") as caught:
        build_cell("c14", bench.archive.sources, bench.root, replace(SMALL, ms_after=3.0))
    assert "--force" in caught.value.do
    # The same options, other data: one count of the recording differs.
    data = bytearray(bench.read("c14_npx_raw.bin"))
    data[1_000_000] ^= 1
    bench.replace("c14_npx_raw.bin", bytes(data))
    with pytest.raises(errors.StaleOutputError, match=r"c14_npx_raw.bin has another content"):
        build_cell("c14", bench.archive.sources, bench.root, SMALL)
    kept = load("c14", bench.root)
    assert len(kept["train"]) == first.metadata.splits["train"].rows
    again = build_cell("c14", bench.archive.sources, bench.root, SMALL, force=True)
    assert again.status == "built"
    assert again.metadata.provenance.fingerprint != first.metadata.provenance.fingerprint


def test_damaged_output_is_not_up_to_date(bench):
    result = build_cell("c14", bench.archive.sources, bench.root, SMALL)
    (result.folder / ".DS_Store").write_bytes(b"litter")
    assert build_cell("c14", bench.archive.sources, bench.root, SMALL).status == "up to date"
    shard = next(result.folder.glob("test/data-*.arrow"))
    shard.unlink()
    with pytest.raises(errors.StaleOutputError, match="damaged"):
        build_cell("c14", bench.archive.sources, bench.root, SMALL)
    (result.folder / "conversion_metadata.json").write_text("{}")
    with pytest.raises(errors.StaleOutputError, match="not a cell of this version"):
        build_cell("c14", bench.archive.sources, bench.root, SMALL)
    build_cell("c14", bench.archive.sources, bench.root, SMALL, force=True)
    assert len(load("c14", bench.root)["test"]) == 2


def test_errors_survive_pickling():
    """Worker processes of `datasets` send them."""
    import pickle

    error = errors.MissingFileError("Gone.", where=Path("/x"), expected=1, got=2, do="look")
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is errors.MissingFileError and str(again) == str(error)
    assert isinstance(again, FileNotFoundError)
