"""The simulated archive: the release's layout, reproducible, and refused options."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import scipy.io

from spe1_builder.cells import get_cell
from spe1_builder.constants import N_CHANNELS, REFERENCE_CHANNELS
from spe1_builder.errors import MissingFileError, OptionError, UnknownCellError
from spe1_builder.layout import RAW_SUFFIXES, RawLayout
from spe1_builder.lengths import StreamLengths
from spe1_builder.probe import nominal_positions_um, read_positions_um
from spe1_builder.progress import Silent
from spe1_builder.source.recording.npy import read_npy
from spe1_builder.source.recording.raw import open_raw_cell
from spe1_builder.source.recording.summary import (
    SUMMARY_COLUMNS,
    read_summary,
)
from spe1_builder.source.simulation import archive, patch
from spe1_builder.source.simulation.archive import (
    CellTruth,
    SimulationOptions,
    is_up_to_date,
    read_truth,
    simulate,
    simulate_cell,
)

#: One cell of each Patch Type.
CELLS = {"c14": "Juxta, VC", "c7": "Juxta, IC", "c5": "WC, IC"}
LIVE = np.setdiff1d(np.arange(N_CHANNELS), REFERENCE_CHANNELS)
SHORT = SimulationOptions(duration_s=0.3, n_background=5, firing_rate_hz=20.0)


@pytest.fixture(scope="module")
def raw_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive of two kinds of cells, made by two calls."""
    folder = tmp_path_factory.mktemp("archive") / "raw"
    simulate(folder, ["c14"], SHORT)
    simulate(folder, ["c7", "c5"], SimulationOptions(duration_s=0.4, firing_rate_hz=15.0))
    return folder


def _counts(raw_dir: Path, cell_id: str) -> np.ndarray:
    path = RawLayout(raw_dir).cell_file(cell_id, "npx_raw")
    return np.fromfile(path, dtype="<i2").reshape(-1, N_CHANNELS)


def _digest(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


# --- layout ----------------------------------------------------------------------


@pytest.mark.parametrize("cell_id", CELLS)
def test_files_have_the_release_names_types_and_sizes(raw_dir: Path, cell_id: str) -> None:
    layout, truth = RawLayout(raw_dir), read_truth(raw_dir, cell_id)
    files = {path.name for path in layout.cell_dir(cell_id).iterdir()}
    assert files == {f"{cell_id}_{suffix}" for suffix in RAW_SUFFIXES.values()}
    assert truth.n_npx == round(truth.options.duration_s * 30_000)
    assert truth.n_patch == round(truth.n_npx * get_cell(cell_id).patch_rate_hz / 30_000)
    for kind, n_bytes in {
        "npx_raw": truth.n_npx * N_CHANNELS * 2,
        "npx_sync": truth.n_npx * 2,
        "patch": truth.n_patch * 8,
        "patch_sync": truth.n_patch * 8,
    }.items():
        assert layout.cell_file(cell_id, kind).stat().st_size == n_bytes
    for kind in ("spikes", "extracellular_spikes"):
        samples = np.load(layout.cell_file(cell_id, kind))
        assert samples.dtype == np.int64
        assert samples.shape == truth.patch_samples.shape
        assert (np.diff(samples) > 0).all()
    open_raw_cell(raw_dir, cell_id, patch_rate_hz=truth.patch_rate_hz)


def test_description_reads_as_the_release_wrote_it(raw_dir: Path) -> None:
    truth = read_truth(raw_dir, "c14")
    text = RawLayout(raw_dir).cell_file("c14", "meta").read_bytes().decode()
    row = f"\"[(384L, 9000L), 'int16']\",\"[{truth.n_patch}, 'float64']\""
    assert text == f"npx,patch\n{row}\n"


def test_optional_spike_files_can_be_left_out(tmp_path: Path) -> None:
    options = SimulationOptions(0.1, write_spike_file=False, write_extracellular_spikes=False)
    simulate_cell(tmp_path, "c14", options)
    layout = RawLayout(tmp_path)
    assert not layout.cell_file("c14", "spikes").exists()
    assert not layout.cell_file("c14", "extracellular_spikes").exists()


def test_channel_map_is_kilosorts_and_reads_back(raw_dir: Path) -> None:
    path = RawLayout(raw_dir).chan_map
    np.testing.assert_array_equal(read_positions_um(path), nominal_positions_um())
    fields = scipy.io.loadmat(path)
    np.testing.assert_array_equal(fields["chanMap"].ravel(), np.arange(1, 385))
    np.testing.assert_array_equal(fields["chanMap0ind"].ravel(), np.arange(384))
    np.testing.assert_array_equal(np.flatnonzero(fields["connected"]), LIVE)
    for name in ("xcoords", "ycoords"):
        assert fields[name].shape == (N_CHANNELS, 1)
        assert fields[name].dtype == np.float64


def test_summary_holds_the_release_and_what_was_simulated(raw_dir: Path) -> None:
    path = RawLayout(raw_dir).summary
    table = read_summary(path).table
    assert len(table) == 43
    assert list(table[0]) == list(SUMMARY_COLUMNS)
    by_id = {row["Cell"]: row for row in table}
    for cell_id, patch_type in CELLS.items():
        truth, row = read_truth(raw_dir, cell_id), read_summary(path).row(cell_id)
        assert row.chan_predicted == truth.electrode == get_cell(cell_id).chan_predicted
        assert row.patch_type == patch_type
        assert row.patch_rate_hz == pytest.approx(truth.patch_rate_hz, rel=1e-12)
        assert by_id[cell_id]["# Patch Spikes"] == len(truth.patch_samples)
        assert row.lengths == StreamLengths(truth.n_npx, truth.n_patch)
        minutes = by_id[cell_id]["Recording Length (mins)"]
        assert minutes * 60 == pytest.approx(truth.options.duration_s, rel=1e-4)
    assert by_id["c46"]["Spike T"] == "-76.9 pA"
    assert by_id["c46"]["# Patch Spikes"] == 6803
    assert by_id["c1"]["Ratio to Paxinos"] is None


# --- determinism -----------------------------------------------------------------


def test_bytes_depend_on_the_options_alone(tmp_path: Path) -> None:
    for name, seed, n_threads in (("a", 0, 1), ("b", 0, 2), ("c", 1, 2)):
        options = SimulationOptions(duration_s=0.45, n_background=5, firing_rate_hz=20.0, seed=seed)
        simulate(tmp_path / name, ["c14"], options, n_threads=n_threads)
    first, again, other = (_digest(tmp_path / name) for name in "abc")
    assert first == again
    for suffix in ("npx_raw.bin", "patch_ch1.bin", "patch_sync.bin", "wc_spike_samples.npy"):
        name = f"Recordings/c14/c14_{suffix}"
        assert first[name] != other[name]


def test_cells_of_one_seed_differ(tmp_path: Path) -> None:
    truths = simulate(tmp_path, ["c14", "c15"], SHORT).truths
    assert not np.array_equal(_counts(tmp_path, "c14"), _counts(tmp_path, "c15"))
    assert truths[0].npx_samples.tolist() != truths[1].npx_samples.tolist()


def test_truth_reads_back(tmp_path: Path) -> None:
    truth = simulate_cell(tmp_path, "c14", SHORT)
    again = read_truth(tmp_path, "c14")
    for name in CellTruth.__dataclass_fields__:
        written, read = getattr(truth, name), getattr(again, name)
        if isinstance(written, np.ndarray):
            assert written.dtype == read.dtype
            np.testing.assert_array_equal(written, read)
        else:
            assert written == read
    assert len(again.background_locations_um) == 5
    assert sum(len(again.background_train(unit)) for unit in range(5)) == len(
        again.background_samples
    )


# --- options, refusals, failures -------------------------------------------------


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("duration_s", 0.0),
        ("duration_s", -1.0),
        ("duration_s", float("nan")),
        ("duration_s", 1e-6),
        ("seed", -1),
        ("seed", 1.5),
        ("n_background", -3),
        ("n_background", True),
        ("peak_to_peak_uV", 0.0),
        ("distance_um", -5.0),
        ("firing_rate_hz", -1.0),
        ("firing_rate_hz", 500.0),
        ("patch_type", "Juxta"),
        ("patch_rate_hz", 0.0),
        ("independent_noise_uV", -1.0),
        ("common_noise_uV", float("inf")),
        ("duration_s", "60"),
    ],
)
def test_bad_options_say_what_to_do(name: str, value: object) -> None:
    with pytest.raises(OptionError) as caught:
        SimulationOptions(**{name: value})  # type: ignore[arg-type]
    assert caught.value.where == name
    assert caught.value.got == repr(value)
    assert caught.value.expected
    assert caught.value.do


def test_unknown_cell_and_no_thread_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UnknownCellError):
        simulate(tmp_path, ["c9"], SHORT)
    with pytest.raises(OptionError):
        simulate_cell(tmp_path, "c14", SHORT, n_threads=0)
    assert list(tmp_path.iterdir()) == []


def test_a_cell_of_the_same_options_is_up_to_date(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    [first] = simulate(tmp_path, ["c14"], SHORT).truths
    before, stamps = _digest(tmp_path), _stamps(tmp_path)
    with monkeypatch.context() as context:
        context.setattr(archive, "make_neurons", None)  # nothing is simulated
        [again] = simulate(tmp_path, ["c14"], SHORT).truths
        assert simulate_cell(tmp_path, "c14", SHORT).options == SHORT
    assert again.npx_samples.tolist() == first.npx_samples.tolist()
    assert (_digest(tmp_path), _stamps(tmp_path)) == (before, stamps)
    # Beside another one, which is simulated; the shared files then tell of both.
    simulate(tmp_path, ["c15", "c14"], SHORT)
    layout = RawLayout(tmp_path)
    assert layout.cell_dir("c15").is_dir()
    path = str(layout.cell_file("c14", "npx_raw"))
    assert _stamps(tmp_path)[path] == stamps[path]
    simulate(tmp_path, ["c14"], SHORT, overwrite=True)  # as it says
    assert _stamps(tmp_path)[path] != stamps[path]


def test_a_cell_of_other_options_is_replaced_only_on_request(tmp_path: Path) -> None:
    simulate(tmp_path, ["c14"], SHORT)
    before = _digest(tmp_path)
    longer = SimulationOptions(duration_s=0.4, n_background=0)
    with pytest.raises(OptionError, match="already there") as caught:
        simulate(tmp_path, ["c15", "c14"], longer)
    assert "duration_s 0.3 there, 0.4 asked; n_background 5 there, 0 asked" in caught.value.got
    assert "--overwrite" in caught.value.do
    assert _digest(tmp_path) == before
    simulate(tmp_path, ["c14"], longer, overwrite=True)
    assert len(_counts(tmp_path, "c14")) == 12_000
    assert read_truth(tmp_path, "c14").options == longer


@pytest.mark.parametrize("kind", ["spikes", "meta", "npx_sync"])
def test_a_cell_that_lacks_a_file_is_not_up_to_date(tmp_path: Path, kind: str) -> None:
    simulate(tmp_path, ["c14"], SHORT)
    assert is_up_to_date(tmp_path, "c14", SHORT)
    path = RawLayout(tmp_path).cell_file("c14", kind)
    path.unlink()
    assert not is_up_to_date(tmp_path, "c14", SHORT)
    with pytest.raises(OptionError, match="already there") as caught:
        simulate(tmp_path, ["c14"], SHORT)
    assert caught.value.got == f"{path.name} changed or gone"
    simulate(tmp_path, ["c14"], SHORT, overwrite=True)
    assert path.exists()


def _stamps(folder: Path) -> dict[str, int]:
    return {str(p): p.stat().st_mtime_ns for p in folder.rglob("*") if p.is_file()}


# --- as the release is ------------------------------------------------------------


def test_lists_as_odd_as_the_releases(tmp_path: Path) -> None:
    options = replace(SHORT, duration_s=2.0)
    plain = simulate_cell(tmp_path / "plain", "c14", options)
    simulate(tmp_path / "odd", ["c14"], replace(options, as_released=True))
    odd = read_truth(tmp_path / "odd", "c14")
    names = ("npx_raw", "patch", "meta", "npx_sync", "patch_sync")
    for kind in names:  # the recordings are the same
        plain_file, odd_file = (
            RawLayout(tmp_path / folder).cell_file("c14", kind) for folder in ("plain", "odd")
        )
        assert plain_file.read_bytes() == odd_file.read_bytes()
    assert odd.patch_samples.tolist() == plain.patch_samples.tolist()
    n_spikes = len(odd.patch_samples)
    for kind, rate_hz, planted in (
        ("spikes", odd.patch_rate_hz, odd.patch_samples),
        ("extracellular_spikes", 30_000.0, np.rint(odd.npx_samples)),
    ):
        path = RawLayout(tmp_path / "odd").cell_file("c14", kind)
        assert f"'shape': ({n_spikes + 3}L,)" in path.read_bytes()[:80].decode("latin-1")
        listed = read_npy(path, 10_000, "The list")
        assert listed.dtype == np.dtype("<i4")
        close = np.diff(listed) < 0.001 * rate_hz
        assert close.sum() == 3
        assert listed[~np.append(False, close)].tolist() == planted.tolist()
    rows = {row["Cell"]: row for row in read_summary(RawLayout(tmp_path / "odd").summary).table}
    assert rows["c14"]["# Patch Spikes"] == n_spikes + 3


def test_a_failure_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: object) -> int:
        raise OSError("disk")

    with monkeypatch.context() as context:
        context.setattr(patch, "write_patch_trace", fail)
        with pytest.raises(OSError, match="disk"):
            simulate_cell(tmp_path, "c14", SHORT)
    assert list(RawLayout(tmp_path).recordings.iterdir()) == []
    left = RawLayout(tmp_path).recordings / "c14.incomplete"
    left.mkdir()
    (left / "c14_old.bin").write_bytes(b"of a killed run")
    simulate_cell(tmp_path, "c14", SHORT)
    assert not left.exists()
    assert not RawLayout(tmp_path).cell_file("c14", "npx_raw").with_name("c14_old.bin").exists()


def test_a_silent_neuron_is_possible(tmp_path: Path) -> None:
    options = SimulationOptions(duration_s=0.1, n_background=0, firing_rate_hz=0.0)
    truth = simulate_cell(tmp_path, "c14", options)
    assert len(truth.patch_samples) == 0
    assert np.load(RawLayout(tmp_path).cell_file("c14", "spikes")).shape == (0,)


def test_progress_tells_every_byte(tmp_path: Path) -> None:
    class Recorder(Silent):
        total, done, finished = 0, 0, False

        def start(self, stage: str, total: int, unit: str, done: int = 0) -> None:
            assert (stage, unit) == ("simulate", "B")
            self.total = total

        def advance(self, amount: int) -> None:
            self.done += amount

        def finish(self) -> None:
            self.finished = True

    recorder = Recorder()
    simulate_cell(tmp_path, "c14", SHORT, recorder)
    assert recorder.finished
    streams = RawLayout(tmp_path).cell_dir("c14").glob("*.bin")
    assert recorder.done == recorder.total == sum(path.stat().st_size for path in streams)


def test_no_truth_is_a_missing_file(raw_dir: Path) -> None:
    with pytest.raises(MissingFileError, match="c15"):
        read_truth(raw_dir, "c15")
    json.loads((RawLayout(raw_dir).truth / "c14.json").read_text())
