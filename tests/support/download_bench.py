"""A download against a server of our own: impatient, and with everything it says kept."""

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from spe1_builder.errors import Spe1Error
from spe1_builder.patience import Patience
from spe1_builder.progress import Silent
from spe1_builder.source.archive.server.connection import Timeouts
from spe1_builder.source.archive.transfer.download import Download, DownloadedCell
from spe1_builder.source.archive.transfer.origin import OriginOptions, open_origin
from tests.support.crcns_faults import PASSWORD, USERNAME


class Recorder(Silent):
    """Keeps the notes, and how far the stages came."""

    def __init__(self):
        self.notes: list[str] = []
        self.stages: list[tuple[str, int, int]] = []
        self.done: list[int] = []

    def note(self, text):
        self.notes.append(text)

    def start(self, stage, total, unit, done=0):
        self.stages.append((stage, total, done))
        self.done.append(done)

    def advance(self, amount):
        self.done[-1] += amount


@dataclass
class DownloadBench:
    """Runs downloads into one raw folder, without ever waiting."""

    raw_dir: Path
    base_url: str | None = None
    source: str | None = None
    attempts: int = 5
    timeouts: Timeouts = field(default_factory=lambda: Timeouts(5.0, 10.0))
    keep_archive: bool = False
    waits_s: list[float] = field(default_factory=list)
    progress: Recorder = field(default_factory=Recorder)

    def run(self, *cell_ids: str) -> list[DownloadedCell]:
        """Shared files, room and cells, as the command does it."""
        patience = Patience(attempts=self.attempts, sleep=self.waits_s.append)
        base_url = None if self.source else self.base_url
        options = OriginOptions(self.source, base_url, patience, self.timeouts)
        with open_origin(options) as origin:
            download = Download(self.raw_dir, origin, keep_archive=self.keep_archive)
            download.shared_files(self.progress)
            download.require_space(cell_ids, None, 300.0, self.progress)
            return [download.cell(cell_id, self.progress) for cell_id in cell_ids]

    def fails(self, kind: type[Spe1Error], match: str, *cell_ids: str) -> Spe1Error:
        """It raises exactly ``kind``, with what an error owes, and without a secret."""
        with pytest.raises(kind, match=match) as caught:
            self.run(*cell_ids)
        error = caught.value
        assert type(error) is kind, repr(error)
        assert error.do and error.where is not None
        text = repr(error) + str(error) + str(error.__dict__) + "".join(self.progress.notes)
        assert PASSWORD not in text and USERNAME not in text
        return error

    def cell_files(self, cell_id: str) -> dict[str, bytes] | None:
        """What lies under the cell's name; None if nothing does."""
        folder = self.raw_dir / "Recordings" / cell_id
        if not folder.exists():
            return None
        return {path.name: path.read_bytes() for path in folder.iterdir()}

    def left(self) -> set[str]:
        """Names in the raw folder besides the shared files and the private folder."""
        usual = {"chanMap.mat", "Data Summary.xlsx", ".spe1", "Recordings"}
        names = {path.name for path in self.raw_dir.iterdir()} - usual
        return names | {path.name for path in (self.raw_dir / "Recordings").iterdir()}
