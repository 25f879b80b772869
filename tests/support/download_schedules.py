"""Random faults over downloads, and what must hold through all of them."""

import random
import shutil
from dataclasses import dataclass

from spe1_builder.errors import DamagedFileError, Spe1Error
from spe1_builder.source.archive.server.connection import Timeouts
from tests.support.crcns_faults import PASSWORD, USERNAME, Fault
from tests.support.crcns_server import CrcnsServer
from tests.support.download_bench import DownloadBench
from tests.support.release import tiny_cell, tiny_release

TRUTH = tiny_cell("c14")
ARCHIVE = tiny_release("c14")["data/c14.tar.gz"]
SIZE = len(ARCHIVE)
#: Of a file; what breaks off is the commonest.
KINDS = [
    *["cut"] * 6,
    *["corrupt", "expire", "status", "no_length", "ignore_range", "unsatisfiable", "wrong_range"],
    *["less", "hang_up", "maintenance", "portal", "listing", "page_as_data", "forbidden"],
    *["too_long", "maintenance_503", "none", "odd_200", "odd_200_open", "odd_200_chunked"],
    *["right_length", "odd_416", "odd_range", "multipart", "endless_size", "bad_location"],
    *["bad_headers", "key_as_etag"],
]
#: Of a list or a login.
SMALL_KINDS = ["none", "status", "hang_up", "portal", "odd_200", "odd_200_chunked", "bad_headers"]
#: They take as long as the client waits.
SLOW_KINDS = ["stall", "drip_headers", "drip_interim", "drip_chunk_size"]
#: What the notes of a run say when the whole was compared, and was wrong.
PROVEN = ("is not the file that the archive lists", "cannot be unpacked")


class PartWatch:
    """Looks at the part before every answer: it only grows, unless it was proven wrong."""

    def __init__(self, bench: DownloadBench):
        self._path = bench.raw_dir / "c14.tar.gz.part"
        self._notes = bench.progress.notes
        self._last, self._n_proven = b"", 0
        self.n_dropped = 0
        self.losses: list[str] = []

    def look(self) -> None:
        now = self._path.read_bytes() if self._path.exists() else b""
        n_proven = sum(any(text in note for text in PROVEN) for note in self._notes)
        if not now.startswith(self._last):
            if n_proven > self._n_proven:
                self.n_dropped += 1
            else:
                self.losses.append(f"{len(self._last)} bytes became {len(now)}: {self._notes[-3:]}")
        self._last, self._n_proven = now, n_proven

    def start(self) -> None:
        """A run begins, with no note yet."""
        self._notes.clear()
        self._n_proven = 0

    def forget(self) -> None:
        """The cell is whole, and its part is gone."""
        self._last = b""


@dataclass
class Outcomes:
    """How runs ended.

    Attributes
    ----------
    whole, errors : int
    n_faults : int
        That were met.
    dropped : int
        Parts that were compared, found wrong and dropped.
    """

    whole: int = 0
    errors: int = 0
    n_faults: int = 0
    dropped: int = 0


def run_schedules(
    server: CrcnsServer, bench: DownloadBench, *, seed: int, n_schedules: int
) -> Outcomes:
    """Run them one after the other; the shared files are there already."""
    rng, outcomes = random.Random(seed), Outcomes()
    files, usual = dict(server.files), (bench.attempts, bench.timeouts)
    watch = PartWatch(bench)
    server.watch = watch.look
    for number in range(n_schedules):
        where = f"seed {seed}, schedule {number}"
        bench.keep_archive = rng.random() < 0.3
        for _ in range(rng.randint(1, 3)):
            _disturb(server, bench, rng, files)
            watch.start()
            is_whole = _run(server, bench, watch, outcomes, where)
            if is_whole:
                break
        _calm(server, bench, files, usual)
        watch.start()
        bench.run("c14")
        assert watch.losses == [], where
        watch.forget()
        kept = {"c14.tar.gz"} if bench.keep_archive else set()
        assert bench.cell_files("c14") == TRUTH, where
        assert bench.left() - {"c14.tar.gz"} == {"c14"} and bench.left() >= kept, where
        archive = bench.raw_dir / "c14.tar.gz"
        assert not archive.exists() or archive.read_bytes() == ARCHIVE, where
        archive.unlink(missing_ok=True)
        shutil.rmtree(bench.raw_dir / "Recordings/c14")
    outcomes.dropped = watch.n_dropped
    server.watch = lambda: None
    return outcomes


def _disturb(
    server: CrcnsServer, bench: DownloadBench, rng: random.Random, files: dict[str, bytes]
) -> None:
    for faults, kinds, most in (
        (server.faults, KINDS, 8),
        (server.text_faults, SMALL_KINDS, 2),
        (server.login_faults, SMALL_KINDS, 1),
    ):
        faults.clear()
        faults += [_fault(rng, rng.choice(kinds)) for _ in range(rng.randint(0, most))]
    if rng.random() < 0.04:
        server.faults.appendleft(_fault(rng, rng.choice(SLOW_KINDS)))
    server.files = dict(files)
    if rng.random() < 0.15:
        del server.files["checksums.md5"]
    server.etag = rng.choice(["strong", "weak", None])
    server.asks_with = rng.choice(["redirect", "form"])
    bench.attempts = rng.choice([2, 4, 6])
    bench.timeouts = Timeouts(5.0, 0.25, headers_s=0.5)


def _fault(rng: random.Random, kind: str) -> Fault:
    if kind == "status":
        return Fault(kind, rng.choice([204, 304, 429, 500, 502, 503]))
    return Fault(kind, rng.randrange(SIZE + 1))


def _calm(
    server: CrcnsServer,
    bench: DownloadBench,
    files: dict[str, bytes],
    usual: tuple[int, Timeouts],
) -> None:
    for faults in (server.faults, server.text_faults, server.login_faults):
        faults.clear()
    server.files, (bench.attempts, bench.timeouts) = dict(files), usual


def _run(
    server: CrcnsServer, bench: DownloadBench, watch: PartWatch, outcomes: Outcomes, where: str
) -> bool:
    """One run; whether the cell is there."""
    n_faults = len(server.faults)
    error = None
    try:
        bench.run("c14")
    except Spe1Error as caught:
        error = caught
    outcomes.n_faults += n_faults - len(server.faults)
    shown = f"{error!s}{error!r}{bench.progress.notes}"
    secrets = {PASSWORD, USERNAME, *server.sessions}
    assert not [secret for secret in secrets if secret in shown], where
    if error is None:
        outcomes.whole += 1
        assert bench.cell_files("c14") == TRUTH, where
        return True
    outcomes.errors += 1
    assert error.do and (error.where is not None or "session" in error.what), (where, error)
    assert bench.cell_files("c14") is None, where
    # What the last try found is in the error, not in a note.
    if isinstance(error, DamagedFileError):
        bench.progress.notes.append(error.what)
    watch.look()
    assert watch.losses == [], where
    return False
