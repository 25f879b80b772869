"""Cells from a copy: a folder on this machine, packed or unpacked, or a mirror."""

import hashlib
import os
import subprocess

import pytest

from spe1_builder import errors
from tests.support.crcns_faults import Fault
from tests.support.release import side, tiny_cell, tiny_release, with_lists

RELEASE = tiny_release("c14", "c5")
TRUTH = tiny_cell("c14")
pytestmark = pytest.mark.usefixtures("account")


@pytest.fixture
def copy(tmp_path):
    """A copy as on Google Drive: shared files on top, cells unpacked under Recordings/."""
    files = side(["c14", "c5"])
    for cell_id in ("c14", "c5"):
        for name, data in tiny_cell(cell_id).items():
            files[f"Recordings/{cell_id}/{name}"] = data
    for name, data in files.items():
        path = tmp_path / "copy" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return tmp_path / "copy"


def test_from_an_unpacked_copy(copy, bench, monkeypatch):
    """Linked where the disk can: no second copy, no login, nothing asked of a server."""
    monkeypatch.delenv("CRCNS_USERNAME")
    bench.source = str(copy)
    bench.run("c14")
    assert bench.cell_files("c14") == TRUTH and bench.left() == {"c14"}
    name = "Recordings/c14/c14_npx_raw.bin"
    assert (bench.raw_dir / name).samefile(copy / name)
    assert (copy / name).stat().st_nlink == 2


def test_from_a_copy_on_another_disk(copy, bench, monkeypatch):
    def refuse(*args, **kwargs):
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr(os, "link", refuse)
    bench.source = str(copy)
    bench.run("c14", "c5")
    assert bench.cell_files("c14") == TRUTH
    assert not (bench.raw_dir / "Recordings/c14/c14_npx_raw.bin").samefile(
        copy / "Recordings/c14/c14_npx_raw.bin"
    )
    stages = zip(bench.progress.stages, bench.progress.done, strict=True)
    copied = {name: done for (name, *_), done in stages}
    assert copied["copy c14_npx_raw.bin"] == len(TRUTH["c14_npx_raw.bin"])


def test_from_a_packed_copy(tmp_path, bench):
    """Read where it lies; its list and its sums hold."""
    for name, data in RELEASE.items():
        path = tmp_path / "packed" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    bench.source, bench.keep_archive = str(tmp_path / "packed"), True
    bench.run("c14")
    assert bench.cell_files("c14") == TRUTH and bench.left() == {"c14"}
    path = tmp_path / "packed/data/c5.tar.gz"
    path.write_bytes(path.read_bytes()[:-500])
    bench.fails(errors.ChecksumError, "not the file that the archive lists", "c5")
    assert path.exists() and bench.cell_files("c5") is None


def test_a_copy_that_is_cut_or_wrong(copy, bench):
    path = copy / "Recordings/c14/c14_npx_raw.bin"
    whole = path.read_bytes()
    bench.source = str(copy)
    path.write_bytes(whole[: -5 * 768])
    bench.fails(errors.RawDataError, "do not cover the same time", "c14")
    # With sums beside them, any wrong byte is found.
    sums = f"{hashlib.md5(whole).hexdigest()}  Recordings/c14/c14_npx_raw.bin\n"
    (copy / "checksums.md5").write_text(sums)
    path.write_bytes(bytes([whole[0] ^ 1]) + whole[1:])
    bench.fails(errors.ChecksumError, "not the file", "c14")
    assert bench.cell_files("c14") is None
    path.write_bytes(whole)
    bench.run("c14")
    assert bench.cell_files("c14") == TRUTH


def test_a_copy_that_links_to_itself(copy, bench):
    (copy / "Recordings/all").symlink_to(copy)
    bench.source = str(copy)
    bench.run("c14")
    assert bench.cell_files("c14") == TRUTH


def test_copies_that_are_none(bench, tmp_path, archive):
    bench.source = str(tmp_path / "nowhere")
    bench.fails(errors.MissingFileError, "folder to copy from is not there")
    bench.source = str(archive.raw_dir)
    error = bench.fails(errors.OptionError, "holds simulated recordings")
    assert "spe1 build" in error.do
    (tmp_path / "empty").mkdir()
    bench.source = str(tmp_path / "empty")
    bench.fails(errors.ListingError, "lists no 'chanMap.mat'")


def test_from_a_mirror(server, bench, copy):
    """Over HTTP, without a login; packed, or unpacked, resumed file by file."""
    server.has_login = False
    bench.source = server.mirror_url
    bench.run("c14")
    assert bench.cell_files("c14") == TRUTH and server.posted == []
    server.files = with_lists(
        {
            path.relative_to(copy).as_posix(): path.read_bytes()
            for path in sorted(copy.rglob("*"))
            if path.is_file()
        }
    )
    server.faults += [Fault("cut", 5000), Fault("corrupt", 1)]
    server.seen.clear()
    bench.run("c5")
    assert bench.cell_files("c5") == tiny_cell("c5") and bench.left() == {"c14", "c5"}
    assert "bytes=5000-" in [seen.range for seen in server.seen]


def test_a_mirror_with_a_login_or_without_a_list(server, bench):
    bench.source = server.mirror_url
    for server.asks_with in ("redirect", "form"):
        bench.fails(errors.LoginError, "mirror asks for a login")
    server.has_login = False
    del server.files["filelist.txt"]
    error = bench.fails(errors.ListingError, r"no filelist\.txt")
    assert "find . -type f" in error.do


def test_the_list_that_is_told_to_make_is_read(copy, bench, server):
    """The command in the error, run as it stands, makes lists that work."""
    server.has_login = False
    server.files = {}
    bench.source = server.mirror_url
    error = bench.fails(errors.ListingError, r"no filelist\.txt")
    command = error.do.partition("gets one by: ")[2]
    subprocess.run(["sh", "-c", command], cwd=copy, check=True)
    server.files = {
        path.relative_to(copy).as_posix(): path.read_bytes()
        for path in copy.rglob("*")
        if path.is_file()
    }
    bench.run("c14")
    assert bench.cell_files("c14") == TRUTH
