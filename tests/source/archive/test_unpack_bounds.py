"""Archives that claim the unbelievable: little is read, and the sum is compared first."""

import errno
import gzip
import io
import shutil
import tarfile
import time
import tracemalloc

import pytest

from spe1_builder import errors
from spe1_builder.disk import space
from tests.support.release import pack, tiny_cell
from tests.support.tars import field, header, member, packed, pax

CELL = tiny_cell("c14")
CELL_MEMBERS = [member(f"c14/{name}", data) for name, data in CELL.items()]


#: Archives that no library should be left alone with, and what they are called.
TERRIBLE = {
    "1 TB": (header(size=10**12), errors.BadArchiveError),
    "negative": (header(size=-5), errors.BadArchiveError),
    "pax size 10^400": (pax(field(b"size", b"9" * 400)), errors.BadArchiveError),
    "pax size -1": (pax(field(b"size", b"-1")), errors.BadArchiveError),
    "2 MB of pax digits": (pax(b"9" * 2_000_000), errors.BadArchiveError),
    "60 kB of pax digits": (pax(b"9" * 60_000), errors.BadArchiveError),
    "pax of 1.5 GB": (header("x", 1_500_000_000, b"x") + bytes(9_000_000), errors.BadArchiveError),
    "name of 1.5 GB": (header("x", 1_500_000_000, b"L") + bytes(9_000_000), errors.BadArchiveError),
    "names of names": (header("x", 600, b"L") * 3000, errors.BadArchiveError),
    "300 letters": (packed(member("c14/" + "n" * 300)), errors.UnsafeArchiveError),
    "200 wide letters": (packed(member("c14/" + "\u00b5" * 200)), errors.UnsafeArchiveError),
    "1,900 levels": (packed(member("d/" * 1900 + "x")), errors.UnsafeArchiveError),
    "terminal codes": (packed(member("c14/\x1b[2J\x07.bin")), errors.UnsafeArchiveError),
    "half a character": (packed(member("c14/\udcff.bin")), errors.UnsafeArchiveError),
    "sparse": (pax(field(b"GNU.sparse.major", b"1")), errors.UnsafeArchiveError),
    "old sparse": (header(kind=tarfile.GNUTYPE_SPARSE), errors.UnsafeArchiveError),
    "cut in a header": (header()[:300], errors.BadArchiveError),
    "cut before a header": (header("x", 3, b"L") + bytes(512), errors.BadArchiveError),
    "a name for the end": (header("x", 3, b"L") + bytes(1536), errors.BadArchiveError),
    "zeros behind the end": (bytes(1024) + bytes(50_000_000), errors.BadArchiveError),
}


def test_no_end_but_the_files_own(place):
    """As every tar takes it."""
    assert place(gzip.compress(header("c14/a", 1) + b"x" + bytes(511) + header("c14/b"))) == {
        "a": b"x",
        "b": b"",
    }


def test_headers_of_pax(place):
    """Longer names and sizes in both forms, for one member and for all."""
    name = "n" * 150
    fields = field(b"path", f"c14/{name}".encode()) + field(b"comment", b"any" * 100)
    for kind in (tarfile.XHDTYPE, tarfile.XGLTYPE):
        assert set(place(gzip.compress(pax(fields, kind)))) == {name}
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for long in ("a" * 120, "µ" * 90):
            info, data = member(f"c14/{long}", long.encode())
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    assert set(place(gzip.compress(raw.getvalue()))) == {"a" * 120, "µ" * 90}


@pytest.fixture(params=TERRIBLE)
def terrible(request):
    data, kind = TERRIBLE[request.param]
    return (data if data[:2] == b"\x1f\x8b" else gzip.compress(data, 1)), kind


def test_terrible_archives(place, terrible):
    """Quickly, in little room; and the sum first: what is not as published is only damaged."""
    data, kind = terrible
    with pytest.raises(errors.ChecksumError):
        place(data, md5="0" * 32)
    tracemalloc.start()
    begun_s = time.process_time()
    with pytest.raises(kind) as caught:
        place(data)
    assert time.process_time() - begun_s < 2.0
    assert tracemalloc.get_traced_memory()[1] < 40_000_000
    tracemalloc.stop()
    assert type(caught.value) is kind and caught.value.do
    assert len(str(caught.value)) < 2000 and not set(str(caught.value)) & set("\x1b\x07\udcff")


def test_what_the_disk_says_comes_second_too(place, monkeypatch):
    """A damaged archive in which a member seems too large for the disk is damaged."""
    usage = shutil.disk_usage("/")
    monkeypatch.setattr(space.shutil, "disk_usage", lambda path: usage._replace(free=10_000))
    with pytest.raises(errors.ChecksumError):
        place(pack(CELL, "c14/"), md5="0" * 32)
    monkeypatch.undo()

    def fails(*args, **kwargs):
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr("spe1_builder.source.archive.transfer.unpack._write_member", fails)
    with pytest.raises(errors.ChecksumError):
        place(pack(CELL, "c14/"), md5="0" * 32)


def test_much_litter(place):
    """What a Mac adds is read over, not without end."""
    litter = member("__MACOSX/._big", bytes(150_000_000))
    with pytest.raises(errors.UnsafeArchiveError, match="side files"):
        place(packed(litter, *CELL_MEMBERS))
