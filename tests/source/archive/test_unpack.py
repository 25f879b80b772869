"""Packed cells: what is tolerated, what is refused, and that nothing lands outside."""

import errno
import gzip
import random
import shutil
import subprocess
import tarfile

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from spe1_builder import errors
from spe1_builder.disk import space
from spe1_builder.errors import Spe1Error
from tests.support.release import pack, tiny_cell
from tests.support.tars import member, packed

CELL = tiny_cell("c14")


CELL_MEMBERS = [member(f"c14/{name}", data) for name, data in CELL.items()]


@pytest.mark.parametrize("folder", ["", "./", "c14/", "./c14/", "Recordings/c14/", "spe1 c14/"])
def test_leading_folders_fall_away(place, folder):
    assert place(pack(CELL, folder)) == CELL


def test_a_folder_that_bears_a_files_name(place):
    assert place(pack(CELL, "c14_npx_raw.bin/c14/")) == CELL


def test_litter_of_macs_is_left_out(place):
    litter = [
        member("__MACOSX/c14/._c14_npx_raw.bin"),
        member("c14/._c14_npx_raw.bin"),
        member("c14/.DS_Store"),
        member("c14/Icon\r"),
        (tarfile.TarInfo("c14"), b""),
    ]
    litter[-1][0].type = tarfile.DIRTYPE
    assert place(packed(*litter, *CELL_MEMBERS)) == CELL


def test_as_gnu_tar_makes_it(place, tmp_path):
    """Names too long for the plain format, several gzip members, blocks of zeros behind."""
    long = "n" * 180 + ".txt"
    made = tmp_path.parent / "made"
    (made / "c14").mkdir(parents=True)
    for name, data in {**CELL, long: b"notes"}.items():
        (made / "c14" / name).write_bytes(data)
    subprocess.run(["tar", "-C", made, "-cf", made / "x.tar", "c14"], check=True)
    tar = (made / "x.tar").read_bytes()
    shutil.rmtree(made)
    halves = gzip.compress(tar[:10_000]) + gzip.compress(tar[10_000:] + bytes(20_480))
    assert place(halves) == {**CELL, long: b"notes"}


HOSTILE = {
    "absolute": member("/etc/spe1"),
    "parent": member("../outside"),
    "parent in the middle": member("c14/../../outside"),
    "backslashes": member("..\\outside"),
    "symbolic link": member("c14/link", b"", type=tarfile.SYMTYPE, linkname="/etc/passwd"),
    "hard link": member("c14/link", b"", type=tarfile.LNKTYPE, linkname="/etc/passwd"),
    "fifo": member("c14/pipe", b"", type=tarfile.FIFOTYPE),
    "device": member("c14/null", b"", type=tarfile.CHRTYPE, devmajor=1, devminor=3),
    "block device": member("c14/disk", b"", type=tarfile.BLKTYPE),
    "twice": CELL_MEMBERS[0],
    "a file as a folder": member("c14/c14_npx_raw.bin/x"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_members(place, name):
    with pytest.raises(errors.UnsafeArchiveError) as caught:
        place(packed(*CELL_MEMBERS, HOSTILE[name]))
    assert caught.value.do and "not unpacked" in caught.value.what
    # Where even the published sum is wrong, that is the trouble, and is told.
    with pytest.raises(errors.ChecksumError):
        place(packed(*CELL_MEMBERS, HOSTILE[name]), md5="0" * 32)


def test_a_link_and_then_a_file_through_it(place):
    link = member("c14/out", b"", type=tarfile.SYMTYPE, linkname="..")
    with pytest.raises(errors.UnsafeArchiveError):
        place(packed(link, member("c14/out/escaped")))


def test_a_flood_of_members(place):
    with pytest.raises(errors.UnsafeArchiveError, match="unbelievable number"):
        place(packed(*(member(f"c14/{i}", b"") for i in range(1100))))


@pytest.mark.parametrize("share", [0.0, 0.2, 0.9, 0.9999])
def test_cut_short(place, share):
    data = pack(CELL, "c14/")
    cut = data[: int(len(data) * share)]
    with pytest.raises(errors.DamagedFileError, match="cut short or damaged"):
        place(cut, md5=None)
    # The archive itself is cut: fetching it again would not help.
    with pytest.raises(errors.BadArchiveError, match="as the archive publishes it"):
        place(cut)


def test_not_an_archive_at_all(place):
    for data in (b"<html>no</html>", gzip.compress(b"no tar"), gzip.compress(b""), bytes(5000)):
        with pytest.raises(errors.DamagedFileError):
            place(data, md5=None)


def test_the_gzip_crc_counts(place):
    """A wrong trailer: every member came whole, and still."""
    data = bytearray(pack(CELL, "c14/"))
    data[-6] ^= 1
    with pytest.raises(errors.DamagedFileError, match="cut short or damaged"):
        place(bytes(data), md5=None)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 2**32), where=st.floats(0, 1), n=st.integers(1, 40), packs=st.booleans())
def test_damaged_bytes_never_pass(place, seed, where, n, packs):
    """Random bytes in the packed file, or in the tar inside: right content, or an error."""
    rng = random.Random(seed)
    data = pack(CELL, "c14/") if packs else gzip.decompress(pack(CELL, "c14/"))
    start = int(where * (len(data) - n))
    damaged = bytearray(data)
    damaged[start : start + n] = rng.randbytes(n)
    result = bytes(damaged) if packs else gzip.compress(bytes(damaged), 1)
    try:
        found = place(result, md5=None)
    except Spe1Error:
        return
    if packs:
        assert found == CELL  # the gzip CRC tells everything else


def test_members_that_do_not_fit(place, monkeypatch):
    usage = shutil.disk_usage("/")
    monkeypatch.setattr(space.shutil, "disk_usage", lambda path: usage._replace(free=10_000))
    with pytest.raises(errors.SpaceError, match=r"c14_npx_raw\.bin, which c14\.tar\.gz"):
        place(pack(CELL, "c14/"))


def test_disk_errors_are_not_damage(place, monkeypatch):
    """A disk that fills is no fault of the archive."""

    def full(*args, **kwargs):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("spe1_builder.source.archive.transfer.unpack._write_member", full)
    with pytest.raises(OSError, match="No space left") as caught:
        place(pack(CELL, "c14/"))
    assert not isinstance(caught.value, Spe1Error)
