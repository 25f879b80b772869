"""A disk that refuses, at each of its calls: an error of ours, and what has arrived stays."""

import errno
import os
import re
import sys

import pytest

from spe1_builder import errors
from spe1_builder.source.archive.transfer.disk import disk_errors
from tests.support.release import tiny_cell, tiny_release

DATA = tiny_release("c14")["data/c14.tar.gz"]
NUMBERS = [errno.EFBIG, errno.EIO, errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EMFILE]
#: Calls of the system that a download makes in its folder, as Python's audit names them.
EVENTS = ["open", "os.rename", "os.remove", "os.mkdir", "os.truncate", "os.rmdir", "os.scandir"]
pytestmark = pytest.mark.usefixtures("account")


class Refusal:
    """The n-th call in a folder fails; a hook cannot be taken away, so it is switched off."""

    def __init__(self):
        self.folder, self.number, self.left, self.is_met = None, 0, 0, False
        sys.addaudithook(self.hear)

    def hear(self, event, args):
        if self.folder is None or event not in EVENTS:
            return
        path = args[0] if args else None
        if not isinstance(path, str | os.PathLike) or not str(path).startswith(self.folder):
            return
        self.left -= 1
        if self.left == 0:
            self.is_met = True
            raise OSError(self.number, os.strerror(self.number), str(path))


REFUSAL = Refusal()


@pytest.fixture
def refuse(bench):
    def start(number, nth):
        REFUSAL.number, REFUSAL.left, REFUSAL.is_met = number, nth, False
        REFUSAL.folder = str(bench.raw_dir)

    yield start
    REFUSAL.folder = None


def test_every_call_that_fails(server, bench, refuse):
    """One after the other, each with another number, until none is left to fail."""
    bench.raw_dir.mkdir()
    n_failed = n_disk = nth = 0
    while True:
        nth += 1
        bench.keep_archive = nth % 2 == 0
        part = bench.raw_dir / "c14.tar.gz.part"
        before = part.read_bytes() if part.exists() else b""
        refuse(NUMBERS[nth % len(NUMBERS)], nth)
        try:
            bench.run("c14")
        except errors.Spe1Error as error:
            REFUSAL.folder = None
            n_failed += 1
            assert error.what and error.do and error.where and error.got
            # What is only read is told by the room that reads it.
            n_disk += isinstance(error, errors.SpaceError | errors.AccessError)
            if bench.cell_files("c14") is None and part.exists():
                assert part.read_bytes().startswith(before) and DATA.startswith(part.read_bytes())
        finally:
            REFUSAL.folder = None
        if not REFUSAL.is_met:
            break
        assert nth < 500
        for path in (bench.raw_dir / "Recordings/c14").glob("*"):
            path.unlink()
    assert n_failed > 15 and n_disk > 15, (n_failed, n_disk)
    bench.run("c14")
    assert bench.cell_files("c14") == tiny_cell("c14")


@pytest.mark.parametrize(
    ("number", "kind", "match"),
    [
        (errno.EFBIG, errors.SpaceError, "no file so large"),
        (errno.ENOSPC, errors.SpaceError, "disk is full"),
        (errno.EIO, errors.AccessError, "refuses, or fails"),
        (errno.EROFS, errors.AccessError, "cannot be written"),
        (errno.EMFILE, errors.AccessError, "refuses, or fails"),
    ],
)
def test_what_a_disk_says(tmp_path, number, kind, match):
    with pytest.raises(kind, match=match) as caught, disk_errors(tmp_path, "--root"):
        raise OSError(number, os.strerror(number), str(tmp_path / "x"))
    assert re.search("--root|free some room", caught.value.do)
    assert caught.value.got == os.strerror(number)


def test_an_error_of_ours_stays_what_it_is(tmp_path):
    with pytest.raises(errors.ServerError), disk_errors(tmp_path):
        raise errors.ServerError("The archive does not deliver.")
