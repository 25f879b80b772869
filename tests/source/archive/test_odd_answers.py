"""Answers that are neither the file nor a trouble with a name: they cost time, and no byte."""

import pytest

from spe1_builder import errors
from spe1_builder.source.archive.server.connection import Timeouts
from tests.support.crcns_faults import Fault
from tests.support.crcns_odd import BAD_LOCATIONS, ODD_BODIES
from tests.support.crcns_server import CrcnsServer
from tests.support.release import tiny_cell, tiny_release, with_lists

RELEASE = tiny_release("c14")
TRUTH = tiny_cell("c14")
DATA = RELEASE["data/c14.tar.gz"]
SIZE = len(DATA)
#: The part when an answer turns odd.
HERE = SIZE * 9 // 10
ODD = [
    *[Fault("odd_200", at) for at in range(len(ODD_BODIES))],
    *[Fault("odd_200_open", at) for at in range(len(ODD_BODIES))],
    *[Fault("odd_200_chunked", at) for at in range(len(ODD_BODIES))],
    *[Fault("odd_416", at) for at in range(5)],
    *[Fault("odd_range", at) for at in range(5)],
    Fault("multipart"),
    Fault("unsatisfiable"),
    Fault("wrong_range"),
    *[Fault("bad_location", at) for at in range(3)],
    Fault("status", 204),
    Fault("status", 304),
]
pytestmark = pytest.mark.usefixtures("account")


@pytest.fixture
def server():
    with CrcnsServer(dict(RELEASE)) as server:
        yield server


@pytest.fixture
def part(server, bench):
    """90 % of c14 are here; returns where."""
    bench.run()
    server.faults += [Fault("cut", HERE), *[Fault("status", 500)] * bench.attempts]
    bench.fails(errors.ServerError, "does not deliver", "c14")
    server.faults.clear()
    server.seen.clear()
    bench.progress.notes.clear()
    path = bench.raw_dir / "c14.tar.gz.part"
    assert path.read_bytes() == DATA[:HERE]
    return path


@pytest.mark.parametrize("fault", ODD, ids=lambda f: f"{f.kind}-{f.at}")
def test_one_odd_answer_costs_no_byte(server, bench, part, fault):
    server.faults.append(fault)
    bench.run("c14")
    assert bench.cell_files("c14") == TRUTH and bench.left() == {"c14"}
    assert server.ranges("c14.tar.gz") == [f"bytes={HERE}-"] * len(server.seen)
    if not fault.kind.startswith("status"):
        assert server.seen[-1].n_sent == SIZE - HERE


@pytest.mark.parametrize("fault", ODD, ids=lambda f: f"{f.kind}-{f.at}")
def test_odd_answers_that_last_keep_the_part(server, bench, part, fault):
    server.faults += [fault] * 60
    with pytest.raises(errors.ArchiveError) as caught:
        bench.run("c14")
    assert part.read_bytes() == DATA[:HERE], "nothing was compared, so nothing is dropped"
    assert "kept" in caught.value.do or "check --base-url" in caught.value.do
    assert not set(str(caught.value)) & set("\x1b\x07")
    server.faults.clear()
    server.seen.clear()
    bench.run("c14")
    assert bench.cell_files("c14") == TRUTH and server.seen[0].range == f"bytes={HERE}-"


def test_what_came_is_told(server, bench, part):
    server.faults += [Fault("odd_200", 0)] * 60
    error = bench.fails(errors.PageError, "something else than the bytes", "c14")
    assert error.got == "status 200, text/plain, 20 bytes, beginning with b'please try later on.'"
    server.faults.clear()
    server.faults += [Fault("odd_416", 0)] * 60
    error = bench.fails(errors.PageError, "something else than the bytes", "c14")
    assert error.got.startswith("status 416,") and "range bytes */0" in error.got
    assert any("status 416" in note for note in bench.progress.notes)


def test_at_the_very_beginning(server, bench):
    """An odd answer does not become the first bytes of the file either."""
    bench.run()
    server.faults += [Fault("odd_200_open", at) for at in (0, 1, 2)]
    server.faults += [Fault("odd_200_chunked", 3), Fault("endless_size")]
    bench.run("c14")
    assert bench.cell_files("c14") == TRUTH
    assert server.ranges("c14.tar.gz")[:5] == [None] * 5


def test_other_bytes_of_the_right_length(server, bench, part):
    """Which are right can be told only when one is whole: both are kept until then."""
    server.faults += [Fault("right_length", SIZE // 2), *[Fault("status", 500)] * 20]
    bench.fails(errors.ServerError, "does not deliver", "c14")
    rival = part.with_name("c14.tar.gz.part.anew")
    assert part.read_bytes() == DATA[:HERE] and rival.stat().st_size == SIZE // 2
    server.faults.clear()
    bench.run("c14")
    assert bench.cell_files("c14") == TRUTH and bench.left() == {"c14"}


def test_other_bytes_that_are_whole_are_compared(server, bench, part):
    """They are wrong, and go; the part has not been compared, and stays."""
    server.faults += [Fault("right_length")] * 2
    bench.fails(errors.ChecksumError, "not the file that the archive lists", "c14")
    assert part.read_bytes() == DATA[:HERE]
    server.seen.clear()
    bench.run("c14")
    assert bench.cell_files("c14") == TRUTH
    assert server.ranges("c14.tar.gz") == [f"bytes={HERE}-"] and bench.left() == {"c14"}


def test_a_part_that_was_wrong_gives_way(server, bench, part):
    """The file was replaced at the server: the part is of the old one."""
    bad = bytearray(DATA[:HERE])
    bad[50] ^= 1
    part.write_bytes(bad)
    # Told by the server: the new bytes come beside the old ones.
    server.etag = None
    server.faults += [Fault("ignore_range", SIZE // 3)]
    bench.run("c14")
    assert bench.cell_files("c14") == TRUTH and bench.left() == {"c14"}


def test_a_part_that_is_wrong_in_silence(server, bench, part):
    """Made whole, compared, and only then fetched again."""
    bad = bytearray(DATA[:HERE])
    bad[50] ^= 1
    part.write_bytes(bad)
    bench.run("c14")
    assert bench.cell_files("c14") == TRUTH
    assert server.ranges("c14.tar.gz") == [f"bytes={HERE}-", None]
    assert any("fetched once more" in note for note in bench.progress.notes)


def test_a_server_without_ranges(server, bench, part):
    """What is here comes again and again, and only what is behind it counts."""
    steps = [HERE // 2, HERE, HERE + 200, HERE + 100, HERE + 400]
    server.faults += [Fault("ignore_range", step) for step in steps] + [Fault("ignore_range")]
    bench.run("c14")
    assert bench.cell_files("c14") == TRUTH
    wanted = [HERE, HERE, HERE, HERE + 200, HERE + 200, HERE + 400]
    assert server.ranges("c14.tar.gz") == [f"bytes={n}-" for n in wanted]


def test_a_server_whose_ranges_are_odd(server, bench, part):
    """After two odd ones the whole is asked for, and what is here is passed over."""
    server.faults += [Fault("multipart"), Fault("odd_416")]
    bench.run("c14")
    assert server.ranges("c14.tar.gz") == [f"bytes={HERE}-"] * 2 + [None]
    assert bench.cell_files("c14") == TRUTH


def test_a_part_without_an_identity(server, bench, part):
    """Of what is it a part? Its bytes tell."""
    for content in (None, b"", b"[" * 9000, b'{"path": 3}', b"\xff"):
        part.write_bytes(DATA[:HERE])
        identity = part.with_name(f"{part.name}.json")
        identity.unlink(missing_ok=True)
        if content is not None:
            identity.write_bytes(content)
        server.faults.append(Fault("cut", HERE // 2))
        server.seen.clear()
        bench.run("c14")
        assert server.ranges("c14.tar.gz") == [None, None] and bench.left() == {"c14"}
        for path in (bench.raw_dir / "Recordings/c14").iterdir():
            path.unlink()
        path.parent.rmdir()


def test_a_list_that_has_lost_its_sums_for_a_day(server, bench, part):
    sums = server.files.pop("checksums.md5")
    server.faults += [Fault("status", 500)] * 20
    bench.fails(errors.ServerError, "does not deliver", "c14")
    assert part.read_bytes() == DATA[:HERE]
    server.faults.clear()
    server.files["checksums.md5"] = sums
    bench.run("c14")
    assert bench.cell_files("c14") == TRUTH and server.seen[-1].range == f"bytes={HERE}-"


def test_a_list_that_names_another_file(server, bench, part):
    """Fetched anew, it says so: the part is of no use any more."""
    new = tiny_release("c14", folder="spe1/c14/")["data/c14.tar.gz"]
    files = {name: data for name, data in RELEASE.items() if name.startswith("data/")}
    server.files = with_lists(files | {"data/c14.tar.gz": new})
    bench.run("c14")
    assert bench.cell_files("c14") == TRUTH and server.ranges("c14.tar.gz") == [None]


def test_more_than_is_listed(server, bench, part):
    """With a sum it tells whether the beginning is the file; without one nothing does."""
    server.files.pop("checksums.md5")
    server.faults += [Fault("too_long")] * 20
    error = bench.fails(errors.ListingError, "another length than it lists", "c14")
    assert error.got == f"more than {SIZE} bytes" and part.read_bytes() == DATA[:HERE]


def test_a_list_in_whose_place_something_else_comes(server, bench):
    odd = [Fault("odd_200", 0), Fault("odd_200_open", 2), Fault("odd_200_chunked", 1)]
    server.text_faults += [odd[0], odd[1], Fault("none"), odd[2]]
    bench.run("c14")
    assert bench.cell_files("c14") == TRUTH


def test_an_empty_list_of_sums_is_no_list(server, bench):
    """Else a damaged file would be taken for right."""
    server.files["checksums.md5"] = b"\n"
    bench.fails(errors.ListingError, "list of sums is empty", "c14")


@pytest.mark.parametrize("at", range(len(BAD_LOCATIONS)))
def test_redirects_that_lead_nowhere(server, bench, at):
    server.has_login = False
    bench.source = server.mirror_url
    bench.run()
    server.faults += [Fault("bad_location", at)] * 60
    with pytest.raises(errors.ServerError) as caught:
        bench.run("c14")
    assert caught.value.do and "\x1b" not in str(caught.value)


@pytest.mark.parametrize("kind", ["drip_headers", "drip_interim", "drip_chunk_size"])
def test_a_drip_is_given_up(server, bench, part, kind):
    """Bytes that come one by one are not an answer: it must be there in time."""
    bench.timeouts = Timeouts(5.0, 0.3, headers_s=0.3)
    server.faults.append(Fault(kind))
    bench.run("c14")
    assert bench.cell_files("c14") == TRUTH
    assert sum("no answer in time" in note for note in bench.progress.notes) == 1
