"""Tasks that misbehave on a worker, in ways that are counted in files."""

import os
import signal
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from spe1_builder.errors import OptionError
from spe1_builder.runs.clusters.record import read_run, run_files
from spe1_builder.runs.tasks import BuildTask, Task


@dataclass(frozen=True)
class ToyTask(Task):
    """Work in one folder; each call adds a line to a file there."""

    folder: Path

    @property
    def places(self):
        return (self.folder,)

    def absolute(self):
        return self

    def count(self, cell_id) -> int:
        with (self.folder / cell_id).open("a") as file:
            file.write(f"{os.getpid()}\n")
        return self.n_calls(cell_id)

    def n_calls(self, cell_id) -> int:
        path = self.folder / cell_id
        return len(path.read_text().splitlines()) if path.exists() else 0

    def __call__(self, cell_id, progress=None):
        return self.count(cell_id)


class Odd(Exception):
    """It cannot be pickled: what it holds is no value."""

    def __init__(self):
        super().__init__("odd", threading.Lock())


class FailingTask(ToyTask):
    """c1 fails always, c2 once, c3 in a way that does not travel; the others never."""

    def __call__(self, cell_id, progress=None):
        n_calls = self.count(cell_id)
        if cell_id == "c1" or (cell_id == "c2" and n_calls == 1):
            raise OptionError(f"{cell_id} fails.", do="nothing")
        if cell_id == "c3":
            raise Odd
        return n_calls


class DeadlyTask(ToyTask):
    """Its worker dies of it."""

    def __call__(self, cell_id, progress=None):
        self.count(cell_id)
        time.sleep(0.1)  # the client hears that a worker was at it
        os.kill(os.getpid(), signal.SIGKILL)


class SlowTask(ToyTask):
    """It takes as long as the test wants."""

    def end(self):
        (self.folder / "end").touch()

    def __call__(self, cell_id, progress=None):
        self.count(cell_id)
        while not (self.folder / "end").exists():
            time.sleep(0.05)


@dataclass(frozen=True)
class KilledBuild(BuildTask):
    """The first worker that builds is killed as soon as it has written a part of the rows."""

    def __call__(self, cell_id, progress=None):
        mark = self.root.with_name("killed")
        if not mark.exists():
            mark.touch()
            threading.Thread(target=self._kill_within, args=(cell_id,), daemon=True).start()
        return super().__call__(cell_id, progress)

    def _kill_within(self, cell_id):
        staging = self.root / ".spe1/staging" / cell_id
        while not list(staging.glob("*/*.arrow")):
            time.sleep(0.002)
        os.kill(os.getpid(), signal.SIGKILL)


def read_runs(root):
    """The records in a root, the oldest first."""
    return sorted(map(read_run, run_files(root)), key=lambda record: record.begun_at)


def content(folder):
    """Every file below a folder, with its bytes."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
