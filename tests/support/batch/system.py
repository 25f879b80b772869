"""A batch system for a test: its programs on a PATH, and what became of its jobs."""

import os
import shlex
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path

from tests.support.batch import programs

_NAMES = {
    "slurm": ("sbatch", "scancel", "squeue"),
    "pbs": ("qsub", "qdel", "qstat"),
    "sge": ("qsub", "qdel", "qstat"),
    "lsf": ("bsub", "bkill", "bjobs"),
}


class FakeBatch:
    """Programs of one system in a folder of the test.

    Parameters
    ----------
    name : str
        As ``--cluster`` has it.
    folder : Path
    """

    def __init__(self, name: str, folder: Path):
        self.bin, self._state = folder / "bin", folder / "state"
        self.bin.mkdir(parents=True)
        (self._state / "jobs").mkdir(parents=True)
        for program in _NAMES[name]:
            # -S -E: without the packages and settings of this interpreter, it starts faster.
            command = [sys.executable, "-S", "-E", programs.__file__, name, program, self._state]
            path = self.bin / program
            path.write_text(f'#!/bin/sh\nexec {shlex.join(map(str, command))} "$@"\n')
            path.chmod(0o755)

    @property
    def path(self) -> str:
        """A PATH with its programs."""
        return os.pathsep.join([str(self.bin), os.environ["PATH"]])

    def refuse(self, words: str) -> None:
        """Take no more jobs."""
        (self._state / "refusal").write_text(words)

    def hold(self) -> None:
        """Let jobs wait in the queue for ever."""
        (self._state / "held").touch()

    def be_deaf(self) -> None:
        """Answer nobody who asks what runs."""
        (self._state / "deaf").touch()

    @property
    def jobs(self) -> list[Path]:
        return sorted((self._state / "jobs").iterdir())

    @property
    def scripts(self) -> list[str]:
        return [(job / "script").read_text() for job in self.jobs]

    @property
    def cancelled(self) -> list[str]:
        return [job.name for job in self.jobs if (job / "cancelled").exists()]

    def alive(self, within_s: float = 10.0) -> list[str]:
        """Jobs that wait or run, once those that were told to end have had time to."""
        until = time.monotonic() + within_s
        while True:
            alive = [job.name for job in self.jobs if programs.is_alive(job)]
            if not alive or time.monotonic() > until:
                return alive
            time.sleep(0.05)

    def kill(self) -> None:
        """End all jobs, as their time does."""
        for job in self.jobs:
            with suppress(FileNotFoundError, ProcessLookupError):
                os.killpg(int((job / "pid").read_text()), signal.SIGKILL)
