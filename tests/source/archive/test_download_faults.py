"""Every trouble that a server can make ends in the right bytes or in a clear error."""

import pytest

from spe1_builder import errors
from spe1_builder.source.archive.server.connection import Timeouts
from spe1_builder.source.archive.transfer import download
from tests.support.crcns_faults import PASSWORD, USERNAME, Fault
from tests.support.crcns_server import CrcnsServer
from tests.support.download_schedules import run_schedules
from tests.support.release import pack, side, tiny_cell, tiny_release, with_lists

RELEASE = tiny_release("c14")
TRUTH = tiny_cell("c14")
pytestmark = pytest.mark.usefixtures("account")
SIZE = len(RELEASE["data/c14.tar.gz"])
#: Faults after which the file arrives all the same, in this order on one file.
PASSING = [
    Fault("cut", 0),
    Fault("cut", 1),
    Fault("cut", SIZE // 2),
    Fault("cut", SIZE - 1),
    Fault("hang_up"),
    Fault("status", 429, "7"),
    Fault("status", 500),
    Fault("status", 503, "Wed, 21 Oct 2015 07:28:00 GMT"),
    Fault("maintenance_503"),
    Fault("maintenance"),
    Fault("portal"),
    Fault("expire"),
    Fault("page_as_data"),
    Fault("forbidden"),
    Fault("no_length"),
    Fault("no_length", SIZE // 3),
    Fault("corrupt", SIZE // 2),
    Fault("too_long"),
]
#: The same for a file of which a part is here.
PASSING_RESUMED = [
    Fault("ignore_range"),
    Fault("ignore_range", SIZE // 4),
    Fault("unsatisfiable"),
    Fault("wrong_range"),
    Fault("less", 1000),
    Fault("corrupt", 10),
    Fault("expire"),
    Fault("no_length"),
]


@pytest.fixture
def server():
    with CrcnsServer(dict(RELEASE)) as server:
        yield server


def shared_files_first(server, bench):
    """Shared files in peace, so that faults meet the cell."""
    bench.run()
    server.seen.clear()


@pytest.mark.parametrize("fault", PASSING, ids=lambda f: f"{f.kind}-{f.at}")
def test_passing_trouble(server, bench, fault):
    shared_files_first(server, bench)
    server.faults.append(fault)
    (cell,) = bench.run("c14")
    assert cell.status == "downloaded" and bench.cell_files("c14") == TRUTH
    assert bench.left() == {"c14"}
    if fault.kind == "cut" and fault.at > 0:
        assert server.ranges("c14.tar.gz") == [None, f"bytes={fault.at}-"]
        assert sum(seen.n_sent for seen in server.seen) == SIZE
    if fault.header == "7":
        assert bench.waits_s == [7.0]


@pytest.mark.parametrize("fault", PASSING_RESUMED, ids=lambda f: f"{f.kind}-{f.at}")
@pytest.mark.parametrize("etag", ["strong", "weak", None])
def test_passing_trouble_of_a_resumed_file(server, bench, fault, etag):
    server.etag = etag
    shared_files_first(server, bench)
    server.faults += [Fault("cut", SIZE // 2), fault]
    bench.run("c14")
    assert bench.cell_files("c14") == TRUTH and bench.left() == {"c14"}
    assert server.ranges("c14.tar.gz")[:2] == [None, f"bytes={SIZE // 2}-"]
    expected = f'"{server_tag()}"' if etag == "strong" else "Tue, 06 Nov 2018 10:00:00 GMT"
    assert server.seen[1].if_range == expected


def server_tag():
    import zlib

    return f"{zlib.crc32(RELEASE['data/c14.tar.gz']):x}"


def test_silence_counts_as_a_break(server, bench):
    shared_files_first(server, bench)
    bench.timeouts = Timeouts(5.0, 0.2)
    server.faults += [Fault("stall", 0), Fault("stall", 5000)]
    bench.run("c14")
    assert bench.cell_files("c14") == TRUTH
    assert sum("no answer in time" in note for note in bench.progress.notes) >= 2


def test_a_trickle_counts_as_a_break(server, bench):
    """Bytes that come, but would take weeks: the connection is made anew, and it goes on."""
    cell = tiny_cell("c14", n_npx=600)
    files = {**side(["c14"], "data/", n_npx=600), "data/c14.tar.gz": pack(cell, "c14/")}
    server.files = with_lists(files)
    shared_files_first(server, bench)
    server.chunk_pause_s = 0.05
    bench.timeouts = Timeouts(5.0, 0.25, least_bytes_per_s=1e9)
    bench.run("c14")
    assert bench.cell_files("c14") == cell
    assert any("bytes in" in note for note in bench.progress.notes)
    assert any(server.ranges("c14.tar.gz"))


@pytest.mark.parametrize("asks_with", ["redirect", "form"])
def test_the_session_ends_midway(server, bench, asks_with):
    """A new login, and on from the byte that was reached."""
    server.asks_with = asks_with
    shared_files_first(server, bench)
    server.faults += [Fault("cut", 7000), Fault("expire"), Fault("cut", 3000), Fault("expire")]
    bench.run("c14")
    assert bench.cell_files("c14") == TRUTH
    assert server.n_logins == 4  # one for the shared files, one a run, two more
    wanted = [None, *["bytes=7000-"] * 2, *["bytes=10000-"] * 2]
    assert server.ranges("c14.tar.gz") == wanted


def test_another_file_in_its_place(server, bench):
    """The file is replaced between two runs: no byte of the old one stays."""
    shared_files_first(server, bench)
    server.faults += [Fault("cut", SIZE // 2), *[Fault("status", 500)] * 5]
    bench.fails(errors.ServerError, "does not deliver", "c14")
    new = tiny_cell("c14", seed=1)
    files = {path: data for path, data in RELEASE.items() if not path.endswith((".txt", ".md5"))}
    server.faults.clear()
    server.files = with_lists(files | {"data/c14.tar.gz": pack(new, "c14/")})
    bench.run("c14")
    assert bench.cell_files("c14") == new


def test_another_file_during_the_transfer(server, bench):
    """The lists are of the new file, the part is of the old one, and the sizes are equal."""
    shared_files_first(server, bench)
    old = bytearray(RELEASE["data/c14.tar.gz"])
    old[100] ^= 1
    server.files["data/c14.tar.gz"] = bytes(old)
    server.faults += [Fault("cut", SIZE // 2), *[Fault("status", 500)] * 5]
    bench.fails(errors.ServerError, "does not deliver", "c14")
    server.faults.clear()
    server.files["data/c14.tar.gz"] = RELEASE["data/c14.tar.gz"]
    bench.run("c14")
    assert bench.cell_files("c14") == TRUTH
    assert any("fetched beside them" in note for note in bench.progress.notes)
    assert bench.left() == {"c14"}


LASTING = [
    (Fault("status", 500), errors.ServerError, "does not deliver"),
    (Fault("hang_up"), errors.ServerError, "cannot be reached"),
    (Fault("maintenance"), errors.MaintenanceError, "closed for maintenance"),
    (Fault("portal"), errors.PageError, "web page came in place"),
    (Fault("listing"), errors.DirectoryPageError, "listing of a folder"),
    (Fault("expire"), errors.SessionError, "right after every login"),
    (Fault("forbidden"), errors.SessionError, "right after every login"),
    (Fault("moved"), errors.ServerError, "sends to another address"),
    (Fault("corrupt", 99), errors.ChecksumError, "not the file that the archive lists"),
    (Fault("echo"), errors.PageError, "web page came in place"),
    (Fault("status", 404), errors.ListingError, "does not have this file"),
]


@pytest.mark.parametrize(("fault", "kind", "match"), LASTING, ids=lambda v: getattr(v, "kind", ""))
def test_lasting_trouble(server, bench, fault, kind, match):
    shared_files_first(server, bench)
    server.faults += [fault] * 40
    with pytest.raises(kind, match=match) as caught:
        bench.run("c14")
    text = str(caught.value) + "".join(bench.progress.notes)
    assert "leak" not in text and not any(key in text for key in server.sessions)
    assert PASSWORD not in text and USERNAME not in text and caught.value.do
    assert bench.cell_files("c14") is None
    # And when the trouble is over, the same command does it.
    server.faults.clear()
    bench.run("c14")
    assert bench.cell_files("c14") == TRUTH and bench.left() == {"c14"}


def test_a_server_that_never_gets_further_is_given_up(server, bench):
    """It ignores Range and always breaks off at the same byte: bytes, but no progress."""
    shared_files_first(server, bench)
    server.faults += [Fault("ignore_range", SIZE // 2)] * 50
    bench.fails(errors.ServerError, "keeps breaking", "c14")
    assert len(server.seen) == bench.attempts
    assert 0 < bench.waits_s[0] <= 1.0 < bench.waits_s[-1] <= 8.0


def test_slow_progress_is_progress(server, bench):
    """Far more breaks than attempts, each a little further."""
    shared_files_first(server, bench)
    server.faults += [Fault("cut", 1000)] * 20
    bench.run("c14")
    assert bench.cell_files("c14") == TRUTH and len(server.seen) == 21
    done = {name: done for (name, _, _), done in zip(*bench_stages(bench), strict=True)}
    assert done["c14.tar.gz"] == done["unpack c14.tar.gz"] == SIZE


def bench_stages(bench):
    return bench.progress.stages, bench.progress.done


def test_no_checksums(server, bench):
    """Without them a damaged file is still found, by its own CRC; and said so beforehand."""
    del server.files["checksums.md5"]
    shared_files_first(server, bench)
    server.faults.append(Fault("corrupt", SIZE // 2))
    bench.run("c14")
    assert bench.cell_files("c14") == TRUTH
    assert any("no checksums.md5" in note for note in bench.progress.notes)


def test_lists_that_break_off(server, bench):
    server.text_faults += [Fault("cut", 30), Fault("none"), Fault("cut", 10), Fault("status", 500)]
    bench.run("c14")
    assert bench.cell_files("c14") == TRUTH


def test_random_nights(server, bench, monkeypatch):
    """A sample of `tests/faults`: the right bytes or a clear error, and no byte is lost."""
    # A flush to the disk at every rename would test the disk.
    monkeypatch.setattr(download, "sync_tree", lambda folder: None)
    shared_files_first(server, bench)
    outcomes = run_schedules(server, bench, seed=20180706, n_schedules=20)
    assert min(outcomes.whole, outcomes.errors) > 3, outcomes
