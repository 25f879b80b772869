"""Cells into the raw folder: once, whole, side by side with other runs, from any origin."""

import os
import shutil
import subprocess

import numpy as np
import pytest

from spe1_builder import errors
from spe1_builder.disk import space
from spe1_builder.disk.locks import held_lock
from spe1_builder.probe import nominal_positions_um, read_positions_um
from spe1_builder.source.archive.transfer.space import plan_space
from spe1_builder.source.recording.raw import open_raw_cell
from spe1_builder.source.recording.summary import read_summary
from tests.support.crcns_faults import Fault
from tests.support.release import (
    make_listing,
    pack,
    side,
    summary,
    tiny_cell,
    tiny_release,
    with_lists,
)

RELEASE = tiny_release("c14", "c5")
TRUTH = tiny_cell("c14")


pytestmark = pytest.mark.usefixtures("account")


def test_a_clean_run_is_what_the_raw_room_reads(server, bench):
    cells = bench.run("c14", "c5")
    assert [(cell.cell_id, cell.status) for cell in cells] == [
        ("c14", "downloaded"),
        ("c5", "downloaded"),
    ]
    assert cells[0].n_bytes == sum(map(len, TRUTH.values()))
    assert bench.left() == {"c14", "c5"}
    raw = open_raw_cell(bench.raw_dir, "c14")
    assert raw.n_npx == 60
    positions_um = read_positions_um(bench.raw_dir / "chanMap.mat")
    assert np.array_equal(positions_um, nominal_positions_um())
    assert read_summary(bench.raw_dir / "Data Summary.xlsx").row("c5").patch_type == "WC, IC"


def test_files_that_call_themselves_pages(server, bench):
    """As a script sends them that sets no type; resumed too, and a real page is still one."""
    server.content_type = "text/html; charset=UTF-8"
    server.faults += [Fault("none"), Fault("none"), Fault("cut", 9000), Fault("expire")]
    bench.run("c14")
    assert bench.cell_files("c14") == TRUTH
    server.faults.append(Fault("listing"))
    bench.fails(errors.DirectoryPageError, "listing of a folder", "c5")


def test_a_second_run_asks_for_nothing(server, bench, monkeypatch):
    """Not even for a login: it works offline and without an account."""
    bench.run("c14")
    server.seen.clear()
    server.posted.clear()
    monkeypatch.delenv("CRCNS_USERNAME")
    monkeypatch.delenv("CRCNS_PASSWORD")
    before = {path: path.stat().st_mtime_ns for path in bench.raw_dir.rglob("*.bin")}
    (cell,) = bench.run("c14")
    assert cell.status == "already here" and server.seen == [] and server.posted == []
    assert {path: path.stat().st_mtime_ns for path in bench.raw_dir.rglob("*.bin")} == before


def test_what_a_kill_after_the_rename_left_is_cleared(bench):
    bench.run("c14")
    for name in ("c14.tar.gz.part", "c14.tar.gz.part.json"):
        (bench.raw_dir / name).write_bytes(b"{}")
    (bench.raw_dir / "Recordings/.c14.extracting").mkdir()
    bench.run("c14")
    assert bench.left() == {"c14"}


def test_a_damaged_cell_that_is_here_is_told_and_kept(bench):
    bench.run("c14")
    path = bench.raw_dir / "Recordings/c14/c14_npx_raw.bin"
    path.write_bytes(path.read_bytes()[:-100])
    error = bench.fails(errors.RawDataError, "cut short", "c14")
    assert error.where == str(path) and path.exists()


def test_keep_archive(server, bench):
    bench.keep_archive = True
    bench.run("c14")
    assert bench.left() == {"c14", "c14.tar.gz"}
    assert (bench.raw_dir / "c14.tar.gz").read_bytes() == RELEASE["data/c14.tar.gz"]
    # It serves a cell that is gone without a byte from the server; damaged, it is replaced.
    for damage in (False, True):
        server.seen.clear()
        shutil.rmtree(bench.raw_dir / "Recordings/c14")
        if damage:
            (bench.raw_dir / "c14.tar.gz").write_bytes(RELEASE["data/c14.tar.gz"][:-9])
        bench.run("c14")
        assert bench.cell_files("c14") == TRUTH and len(server.seen) == damage
    assert (bench.raw_dir / "c14.tar.gz").read_bytes() == RELEASE["data/c14.tar.gz"]


def test_two_runs_do_not_collide(server, bench):
    bench.run()
    with held_lock(bench.raw_dir / ".spe1/c14.download.lock", "c14"):
        bench.fails(errors.BusyError, "Another process is working on c14", "c14")
        bench.run("c5")
    bench.run("c14")
    assert bench.left() == {"c14", "c5"}


def test_a_bad_cell_never_appears(server, bench):
    """Packed whole and published so, but its recording is another's, or cut."""
    cut = dict(TRUTH) | {"c14_npx_raw.bin": TRUTH["c14_npx_raw.bin"][:-200]}
    for files, kind in (
        (cut, errors.RawDataError),
        (tiny_cell("c15"), errors.RawDataError),
        ({"notes.txt": b"x"}, errors.MissingFileError),
    ):
        packed = {"data/c14.tar.gz": pack(files, "c14/")}
        server.files = with_lists({**side(["c14"], "data/"), **packed})
        with pytest.raises(kind) as caught:
            bench.run("c14")
        assert caught.value.do and bench.cell_files("c14") is None
        # The packed file is as published: the next run need not fetch it to say the same.
        server.seen.clear()
        with pytest.raises(kind):
            bench.run("c14")
        assert [seen.path for seen in server.seen] == []


def test_a_login_page_saved_as_a_side_file(server, bench):
    """Published so, with the right sum; or put there by hand."""
    page = {"data/Data Summary.xlsx": b"<html>please log in</html>"}
    files = {name: data for name, data in RELEASE.items() if name not in page}
    server.files = with_lists({**files, **page})
    with pytest.raises((errors.SummaryError, errors.ArchiveError)):
        bench.run()
    assert not (bench.raw_dir / "Data Summary.xlsx").exists()


def test_no_folder_for_it(bench, archive, tmp_path):
    bench.raw_dir = archive.raw_dir
    bench.fails(errors.OptionError, "holds a simulated archive")
    bench.raw_dir = tmp_path / "file"
    bench.raw_dir.write_text("")
    bench.fails(errors.OptionError, "not a folder")


# --- room ------------------------------------------------------------------------
def test_room_is_known_before_anything_large_is_fetched(server, bench, monkeypatch):
    usage = shutil.disk_usage("/")
    monkeypatch.setattr(space.shutil, "disk_usage", lambda path: usage._replace(free=200_040_000))
    error = bench.fails(errors.SpaceError, "packed and unpacked", "c14")
    assert error.expected == "0.20 GB free" and error.got == "0.20 GB"
    assert not [seen for seen in server.seen if "tar.gz" in seen.path]


def test_how_much_room(tmp_path):
    """c14 of 10 minutes and c5 of 10: in bytes, by hand."""
    (tmp_path / "s.xlsx").write_bytes(summary(["c14", "c5"], minutes=10))
    listing = make_listing("c14.tar.gz 7000\nc5.tar.gz 9000")
    cells = [listing.cell("c14"), listing.cell("c5")]
    kinds = {"is_local": False, "keep_archive": False, "window_s": 300.0}
    table = read_summary(tmp_path / "s.xlsx")
    room = plan_space(cells, table, fetched={"c5": 1000}, **kinds)
    assert room.packed == 8000
    assert room.raw == pytest.approx(2 * 600 * (30_000 * 770 + 50_023.9 * 16), rel=1e-5)
    assert room.built == pytest.approx(2 * 300 * (30_000 * 1536 + 50_023.9 * 12), rel=1e-5)
    kept = plan_space(cells, table, fetched={}, **kinds | {"keep_archive": True})
    assert kept.packed == 16000
    local = plan_space(cells, table, fetched={}, **kinds | {"is_local": True})
    assert local.packed == 0 and local.raw == room.raw


@pytest.fixture
def small_disk(tmp_path):
    """A memory disk of 2 MB, where this machine lets us mount one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("cannot mount a file system here")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_cell_is_held_to_the_length_in_the_summary(server, bench):
    """Both streams end 0.1 ms early, which neither of them tells."""
    short = pack(tiny_cell("c14", n_npx=57), "c14/")
    server.files = with_lists({**side(["c14"], "data/", n_npx=60), "data/c14.tar.gz": short})
    error = bench.fails(errors.RawDataError, "not as long as the real recording", "c14")
    assert error.got.startswith(f"{57 * 768} bytes") and f"{60 * 768} bytes" in error.expected
    assert not (bench.raw_dir / "Recordings/c14").exists()


@pytest.mark.parametrize("room", [200_000, 900_000])
def test_a_real_full_disk(server, bench, small_disk, monkeypatch, room):
    """While the file arrives, and while it is unpacked; with room again, it goes on."""
    big = tiny_cell("c14", n_npx=1000)
    packed = {"data/c14.tar.gz": pack(big, "c14/")}
    server.files = with_lists({**side(["c14"], "data/", n_npx=1000), **packed})
    size = len(packed["data/c14.tar.gz"])
    bench.raw_dir = small_disk / "raw"
    bench.run()
    usage = shutil.disk_usage("/")
    monkeypatch.setattr(space.shutil, "disk_usage", lambda path: usage)
    ballast = small_disk / "ballast"
    free = os.statvfs(small_disk).f_bavail * 4096
    ballast.write_bytes(bytes(free - room))
    error = bench.fails(errors.SpaceError, r"disk (became|is) full", "c14")
    assert "run the same command again" in error.do
    part = bench.raw_dir / "c14.tar.gz.part"
    assert 0 < part.stat().st_size <= size and bench.left() >= {part.name}
    assert bench.cell_files("c14") is None
    assert not (bench.raw_dir / "Recordings/.c14.extracting").exists()
    arrived, _ = part.stat().st_size, ballast.unlink()
    server.seen.clear()
    bench.run("c14")
    assert bench.cell_files("c14") == big
    assert server.ranges("c14.tar.gz") == ([f"bytes={arrived}-"] if arrived < size else [])
