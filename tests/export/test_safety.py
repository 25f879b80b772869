"""An export is there whole or not at all, and replaces only what it may."""

import errno
import json
import os
import shutil
import signal
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import spe1
from spe1_builder.disk import space
from spe1_builder.disk.direct import HashingFile
from spe1_builder.disk.locks import held_lock
from spe1_builder.errors import (
    BusyError,
    MissingFileError,
    OptionError,
    OutputError,
    SpaceError,
    Spe1Error,
    StaleOutputError,
)
from spe1_builder.export.formats import FORMATS
from spe1_builder.export.signal import Signal
from spe1_builder.progress import Silent
from tests.support.project import PROJECT

#: Stands still in the middle of the traces, and says so.
SLOW = """
import sys, time
from spe1_builder.export import signal
import spe1
piece, n = signal.Signal._piece, 0
def slow(self, start, stop):
    global n
    n += 1
    if n == 3:
        print("in the middle", flush=True)
        time.sleep(60)
    return piece(self, start, stop)
signal.Signal._piece = slow
spe1.export(sys.argv[1], sys.argv[2], sys.argv[3])
"""


@pytest.mark.parametrize("to", ["phy", "nwb"])
def test_killed_in_the_middle(built, tmp_path, to):
    place = tmp_path / "out.nwb"
    process = subprocess.Popen(
        [sys.executable, "-c", SLOW, str(built.folder), to, str(place)],
        stdout=subprocess.PIPE,
        cwd=PROJECT,
        env=os.environ | {"PYTHONPATH": f"{PROJECT}{os.pathsep}{PROJECT / 'builder'}"},
        text=True,
    )
    assert process.stdout.readline().strip() == "in the middle"
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    process.stdout.close()
    assert not place.exists()
    left = {p.name for p in tmp_path.iterdir()}
    assert left == {"out.nwb.incomplete", ".out.nwb.lock"}
    if to == "phy":  # what makes a folder of Phy's one comes after the traces
        assert {p.name for p in (tmp_path / "out.nwb.incomplete").iterdir()} == {"recording.dat"}
    spe1.export(built.folder, to, place)
    assert [p.name for p in tmp_path.iterdir()] == ["out.nwb"]


@pytest.mark.parametrize("to", FORMATS)
def test_too_little_room(built, tmp_path, monkeypatch, to):
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(space.shutil, "disk_usage", lambda path: usage._replace(free=1_000))
    with pytest.raises(SpaceError, match="Too little room for the export of c14"):
        spe1.export(built.folder, to, tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_fills(built, tmp_path, monkeypatch):
    def full(self, data):
        raise OSError(errno.ENOSPC, "No space left on device")

    spe1.export(built.folder, "binary", tmp_path / "out", channels=[5])
    before = (tmp_path / "out/recording.dat").read_bytes()
    monkeypatch.setattr(HashingFile, "write", full)
    with pytest.raises(SpaceError, match="disk is full"):
        spe1.export(built.folder, "binary", tmp_path / "out", overwrite=True)
    assert (tmp_path / "out/recording.dat").read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["out"]


@pytest.mark.parametrize("to", ["binary", "phy", "nwb", "zarr"])
def test_a_real_full_disk(built, tmp_path, monkeypatch, to):
    """A small memory disk, where this machine lets us mount one."""
    small = tmp_path / "disk"
    small.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(small)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("cannot mount a file system here")
    try:
        usage = shutil.disk_usage(tmp_path)
        monkeypatch.setattr(space.shutil, "disk_usage", lambda path: usage)
        with pytest.raises(SpaceError, match="disk is full"):
            spe1.export(built.folder, to, small / "out")
        assert list(small.iterdir()) == []
    finally:
        subprocess.run(["umount", str(small)], check=True)


def test_a_disk_that_loses_bytes(built, tmp_path, monkeypatch):
    """What is read back is compared, not what was meant."""
    from spe1_builder.export import binary

    monkeypatch.setattr(binary, "hash_file", lambda path: "0" * 32)
    with pytest.raises(OutputError, match="read back differently"):
        spe1.export(built.folder, "binary", tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_traces_that_are_no_numbers(built, tmp_path, monkeypatch):
    from spe1_builder.reading.spikeinterface.cell_recording import CellRows

    read_uV = CellRows.read_uV

    def broken(self, start, stop, channels):
        traces_uV = read_uV(self, start, stop, channels).copy()
        traces_uV[7, 0] = np.nan
        return traces_uV

    monkeypatch.setattr(CellRows, "read_uV", broken)
    with pytest.raises(OutputError, match="NaN or infinity"):
        spe1.export(built.folder, "binary", tmp_path / "out")


def test_large_values_get_a_coarser_scale(built, tmp_path, monkeypatch):
    from spe1_builder.reading.spikeinterface.cell_recording import CellRows

    read_uV = CellRows.read_uV
    monkeypatch.setattr(CellRows, "read_uV", lambda *a: read_uV(*a) * np.float32(100))
    done = spe1.export(built.folder, "binary", tmp_path / "out", channels=[5, 160])
    expected_uV = spe1.open_recording(built.folder).get_traces(channel_ids=[5, 160])
    stored = np.fromfile(tmp_path / "out/recording.dat", "<i2").reshape(-1, 2)
    assert done.uV_per_bit > 1 / 32
    assert np.abs(stored * done.uV_per_bit - expected_uV).max() <= done.uV_per_bit / 2


def test_what_is_there_stays(built, tmp_path):
    done = spe1.export(built.folder, "binary", tmp_path / "out", channels=[5])
    with pytest.raises(StaleOutputError, match="something already"):
        spe1.export(built.folder, "binary", done.path)
    spe1.export(built.folder, "binary", done.path, channels=[6], overwrite=True)
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos/dog.png").touch()
    with pytest.raises(StaleOutputError, match="no export of this kind"):
        spe1.export(built.folder, "binary", tmp_path / "photos", overwrite=True)
    with pytest.raises(StaleOutputError, match="no export of this kind"):
        spe1.export(built.folder, "nwb", done.path, overwrite=True)
    with pytest.raises(MissingFileError, match="folder for the export"):
        spe1.export(built.folder, "nwb", tmp_path / "no/cell.nwb")
    for place in (built.folder / "out", built.folder, built.folder.parent):
        with pytest.raises(OptionError, match="into the cell"):
            spe1.export(built.folder, "binary", place, overwrite=True)


def test_two_at_once(built, tmp_path):
    with held_lock(tmp_path / ".out.lock", "out"), pytest.raises(BusyError):
        spe1.export(built.folder, "spikelab", tmp_path / "out")


def test_a_link_or_a_split_is_no_cell(built, tmp_path):
    with pytest.raises(OptionError, match="One split is no cell"):
        spe1.export(built.folder / "train", "binary", tmp_path / "out")


JUNK = st.one_of(
    st.none(), st.booleans(), st.integers(-3, 400), st.floats(), st.text(max_size=6),
    st.lists(st.integers(-2, 400), max_size=3), st.just([3, 3]), st.just(slice(0, 0)),
)  # fmt: skip


@settings(deadline=None, max_examples=60, suppress_health_check=list(HealthCheck))
@given(name=st.sampled_from(["cell", "to", "output", "dtype"]), value=JUNK)
def test_anything_is_answered(built, tmp_path, name, value):
    given_ = {"cell": "c14", "to": "spikelab", "output": tmp_path / "no/out"} | {name: value}
    if name == "output" and isinstance(value, str):
        return
    with pytest.raises(Spe1Error):
        spe1.export(**given_, root=built.folder.parent)


@settings(deadline=None, max_examples=40, suppress_health_check=list(HealthCheck))
@given(channels=JUNK)
def test_any_channels_are_answered(built, tmp_path, channels):
    try:
        spe1.export(built.folder, "spikelab", tmp_path / "out", channels=channels, overwrite=True)
    except Spe1Error as error:
        assert error.where == "channels"


def test_a_piece_at_a_time(built):
    signal_ = Signal(spe1.open_recording(built.folder), "int16", 1 / 32)
    lengths = [len(piece) for piece in signal_.pieces(Silent(), "read")]
    assert lengths == [15_000, 15_000, 15_000, 3_017]


def test_progress_is_told(built, tmp_path):
    stages = {}

    class Told(Silent):
        def start(self, stage, total, unit, done=0):
            self.stage, stages[stage] = stage, [total, 0]

        def advance(self, amount):
            stages[self.stage][1] += amount

    spe1.export(built.folder, "nwb", tmp_path / "a.nwb", channels=[3, 4], progress=Told())
    assert list(stages) == ["largest value", "write", "check"]
    assert all(total == done for total, done in stages.values())


def test_the_command(built, tmp_path):
    run = subprocess.run(
        [
            *(sys.executable, "-m", "spe1", "export", "c14", "--root", built.folder.parent),
            *("--to", "binary", "--channels", "3,8-9", "-o", tmp_path / "all", "--json"),
        ],
        capture_output=True,
        text=True,
        check=False,
        cwd=PROJECT,
    )
    document = json.loads(run.stdout)
    (done,) = document["results"]
    assert document["status"] == "ok" and done["channel_ids"] == [3, 8, 9] and done["simulated"]
    assert (tmp_path / "all/c14_binary/recording.dat").stat().st_size == 48_017 * 3 * 2
