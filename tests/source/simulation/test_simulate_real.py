"""Real data in a simulated archive: told apart from what was simulated, and left alone."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from spe1_builder.errors import OptionError, RawDataError
from spe1_builder.layout import RawLayout
from spe1_builder.source.recording.summary import read_summary
from spe1_builder.source.simulation import archive as simulation
from spe1_builder.source.simulation import patch
from spe1_builder.source.simulation.archive import (
    SimulationOptions,
    is_simulated,
    read_truth,
    simulate,
    simulate_cell,
)

TINY = SimulationOptions(duration_s=0.1, n_background=0)


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("original") / "raw"
    simulate(folder, ["c14"], TINY)
    return folder


@pytest.fixture
def raw_dir(original: Path, tmp_path: Path) -> Path:
    """An archive with c14, to be damaged."""
    return Path(shutil.copytree(original, tmp_path / "raw"))


def _contents(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def _put_real(path: Path) -> None:
    """Other bytes under the same name, of the same size."""
    path.write_bytes(bytes(byte ^ 1 for byte in path.read_bytes()))


def _refuse(
    raw_dir: Path, cell_ids: list[str], match: str, error: type[Exception] = OptionError
) -> None:
    """Nothing changes, and the error says everything."""
    before = _contents(raw_dir)
    with pytest.raises(error, match=match) as caught:
        simulate(raw_dir, cell_ids, TINY, overwrite=True)
    assert _contents(raw_dir) == before
    for fact in ("where", "expected", "got", "do"):
        assert getattr(caught.value, fact)


@pytest.fixture
def no_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """No cell may be begun."""

    def fail(*args: object) -> None:
        raise AssertionError("a simulation was begun")

    monkeypatch.setattr(simulation, "make_neurons", fail)


# --- which cells are simulated ---------------------------------------------------


def test_a_simulated_cell_is_known_wherever_it_lies(raw_dir: Path, tmp_path: Path) -> None:
    assert is_simulated(raw_dir, "c14")
    assert not is_simulated(raw_dir, "c15")
    layout = RawLayout(raw_dir)
    files = {kind: layout.cell_file("c14", kind) for kind in ("npx_raw", "patch", "spikes")}
    moved = {kind: path.rename(tmp_path / path.name) for kind, path in files.items()}
    assert is_simulated(raw_dir, "c14", moved)
    assert not is_simulated(raw_dir, "c14")
    assert not is_simulated(raw_dir, "c14", {"npx_raw": moved["npx_raw"]})


@pytest.mark.parametrize("kind", ["npx_raw", "patch"])
def test_a_swapped_or_cut_recording_is_not_simulated(raw_dir: Path, kind: str) -> None:
    path = RawLayout(raw_dir).cell_file("c14", kind)
    content = path.read_bytes()
    path.write_bytes(content[:-8])
    assert not is_simulated(raw_dir, "c14")
    path.write_bytes(content)
    assert is_simulated(raw_dir, "c14")
    _put_real(path)
    assert not is_simulated(raw_dir, "c14")


@pytest.mark.parametrize(
    "text",
    ["", "{", "5", "[]", "{}", '{"files": 3}', '{"files": {"npx_raw": null}}', "\0", "[" * 9999],
    ids=lambda text: text[:12],
)
def test_a_truth_that_does_not_tell_is_no_truth(raw_dir: Path, text: str) -> None:
    (RawLayout(raw_dir).truth / "c14.json").write_text(text)
    assert not is_simulated(raw_dir, "c14")


def test_telling_is_light() -> None:
    code = "import sys, spe1_builder.source.simulation.truth; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"numba", "scipy", "openpyxl", "datasets"} & set(done.stdout.split())


# --- real cells ------------------------------------------------------------------


def test_a_real_cell_beside_a_stale_truth_is_left_alone(raw_dir: Path, no_work: None) -> None:
    _put_real(RawLayout(raw_dir).cell_file("c14", "npx_raw"))
    _refuse(raw_dir, ["c15", "c14"], "c14 is already there, and was not simulated")


def test_a_real_cell_beside_no_truth_is_left_alone(raw_dir: Path, no_work: None) -> None:
    RawLayout(raw_dir).cell_dir("c15").mkdir()
    _refuse(raw_dir, ["c15"], "c15 is already there, and was not simulated")


def test_a_real_cell_put_there_meanwhile_is_left_alone(
    raw_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_sync = patch.write_sync

    def swap(path: Path, *args: object) -> int:
        cell = RawLayout(raw_dir).cell_dir("c14")
        (cell / "c14_npx_raw.bin").write_bytes(b"real")
        return write_sync(path, *args)  # type: ignore[arg-type]

    monkeypatch.setattr(patch, "write_sync", swap)
    with pytest.raises(OptionError, match="was not simulated"):
        simulate_cell(raw_dir, "c14", TINY, overwrite=True)
    assert RawLayout(raw_dir).cell_file("c14", "npx_raw").read_bytes() == b"real"
    assert [path.name for path in RawLayout(raw_dir).recordings.iterdir()] == ["c14"]


def test_the_summary_keeps_the_release_row_of_a_real_cell(raw_dir: Path) -> None:
    _put_real(RawLayout(raw_dir).cell_file("c14", "npx_raw"))
    simulate(raw_dir, ["c15"], TINY)
    rows = {row["Cell"]: row for row in read_summary(RawLayout(raw_dir).summary).table}
    assert rows["c15"]["# Patch Spikes"] == len(read_truth(raw_dir, "c15").patch_samples)
    assert rows["c14"]["Recording Length (mins)"] > 1


# --- real shared files -------------------------------------------------------------


@pytest.mark.parametrize("name", ["chanMap.mat", "Data Summary.xlsx"])
def test_a_real_side_file_is_left_alone(raw_dir: Path, no_work: None, name: str) -> None:
    (raw_dir / name).write_bytes(b"the release's")
    _refuse(raw_dir, ["c26"], f"{name} is already there, and was not simulated")
    (raw_dir / "truth" / "archive.json").unlink()
    _refuse(raw_dir, ["c26"], f"{name} is already there, and was not simulated")
    (raw_dir / name).unlink()
    (raw_dir / name).mkdir()
    _refuse(raw_dir, ["c26"], f"{name} is already there, and was not simulated")


def test_a_real_summary_put_there_meanwhile_is_left_alone(
    raw_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chan_map = RawLayout(raw_dir).chan_map.read_bytes()
    make: Callable[..., object] = simulation.make_neurons

    def swap(*args: object) -> object:
        RawLayout(raw_dir).summary.write_bytes(b"the release's")
        return make(*args)

    monkeypatch.setattr(simulation, "make_neurons", swap)
    with pytest.raises(OptionError, match=r"Data Summary\.xlsx is already there"):
        simulate(raw_dir, ["c26"], TINY)
    assert RawLayout(raw_dir).summary.read_bytes() == b"the release's"
    assert RawLayout(raw_dir).chan_map.read_bytes() == chan_map


def test_a_folder_without_any_truth_is_left_alone(tmp_path: Path, no_work: None) -> None:
    (tmp_path / "Data Summary.xlsx").write_bytes(b"the release's")
    _refuse(tmp_path, ["c14"], "an archive that was not simulated")


@pytest.mark.parametrize("text", ["", "{", "5", '{"chanMap.mat": []}', "[" * 9999])
def test_a_damaged_record_is_refused(raw_dir: Path, no_work: None, text: str) -> None:
    (raw_dir / "truth" / "archive.json").write_text(text)
    _refuse(raw_dir, ["c14", "c26"], "record of the simulated shared files", RawDataError)


def test_the_side_files_of_a_run_killed_before_its_record_are_known(raw_dir: Path) -> None:
    record = raw_dir / "truth" / "archive.json"
    names = set(json.loads(record.read_text()))
    assert names == {"chanMap.mat", "Data Summary.xlsx"}
    record.unlink()
    simulate(raw_dir, ["c26"], TINY)
    assert set(json.loads(record.read_text())) == names
    simulate(raw_dir, ["c26"], TINY, overwrite=True)
