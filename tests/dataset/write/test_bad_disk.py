"""Full disks, missing permissions, roots that are not ours, and output that is there already."""

import errno
import os
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest

from spe1_builder import errors
from spe1_builder.dataset.write.build import build_cell
from spe1_builder.disk import space
from spe1_builder.disk.direct import HashingFile
from spe1_builder.reading.arrays import load
from spe1_builder.source.recording.raw import RawCell
from tests.support.damage import Bench
from tests.support.recordings import SMALL, Archive


def test_no_space_is_known_before_the_work(bench, monkeypatch):
    usage = shutil.disk_usage(bench.root.parent)
    monkeypatch.setattr(space.shutil, "disk_usage", lambda path: usage._replace(free=10_000_000))
    error = bench.fails(errors.SpaceError, "Too little room for c14")
    assert "0.27 GB" in error.expected and "0.01 GB" in error.got


def test_disk_that_fills_while_writing(bench, monkeypatch):
    """As a full disk answers: the write fails somewhere in the middle."""
    written = 0
    write = HashingFile.write

    def full(self, data):
        nonlocal written
        written += memoryview(data).nbytes
        if written > 40_000_000:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(self, data)

    monkeypatch.setattr(HashingFile, "write", full)
    bench.fails(errors.SpaceError, "disk is full")


def test_a_real_full_disk(bench, monkeypatch, tmp_path):
    """A small memory disk, where this machine lets us mount one."""
    import subprocess

    small = tmp_path / "disk"
    small.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=30m", "tmpfs", str(small)],
        capture_output=True,
        check=False,
    )
    if done.returncode:
        pytest.skip("cannot mount a file system here")
    try:
        usage = shutil.disk_usage(tmp_path)
        monkeypatch.setattr(space.shutil, "disk_usage", lambda path: usage)
        bench.root = small / "spe1"
        bench.fails(errors.SpaceError, "disk is full")
    finally:
        subprocess.run(["umount", str(small)], check=True)


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
