"""The record of a run: what ran where, for how long, with which versions."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from pydantic import ValidationError

from spe1_builder import __version__
from spe1_builder.constants import DATA_VERSION
from spe1_builder.disk.atomic import write_text
from spe1_builder.disk.leases import Owner
from spe1_builder.errors import OutputError
from spe1_builder.layout import RootLayout
from spe1_builder.models import Model, first_problem
from spe1_builder.runs.clusters.events import Event, Listener, now_text, to_nobody

RunStatus = Literal["running", "ended", "stopped", "broken", "killed"]
#: Events of a cell that its record follows.
_STEPS = ("queued", "begun", "done", "again", "failed", "cancelled")
#: While it runs, the record is written at most so often.
_EVERY_S = 1.0


class WorkerRecord(Model):
    """A worker that took part."""

    address: str
    host: str
    versions: dict[str, str]
    left_at: str | None = None


class CellRecord(Model):
    """The last try of a cell; ``at`` is when it came to this status."""

    cell: str
    status: Literal["queued", "begun", "done", "again", "failed", "cancelled"]
    worker: str | None = None
    host: str | None = None
    seconds: float | None = None
    attempt: int | None = None
    at: str
    text: str


class RunRecord(Model):
    """A run on a cluster.

    Attributes
    ----------
    status : str
        ``running``, ``ended``, ``stopped`` by Ctrl-C, ``broken`` by an error, which ``problem``
        has, or ``killed``: as it is read, where the file says that it runs and it does not. Of
        another machine's process that is not known.
    process : Owner
        Of the client.
    """

    name: str
    command: str
    cluster: str
    client: str
    process: Owner
    spe1_version: str
    data_version: str
    begun_at: str
    status: RunStatus = "running"
    seconds: float | None = None
    problem: str | None = None
    workers: tuple[WorkerRecord, ...] = ()
    cells: tuple[CellRecord, ...] = ()

    def count(self, status: str) -> int:
        """Cells in this state."""
        return sum(cell.status == status for cell in self.cells)


class Recorder:
    """Gathers the events of a run, and keeps them in its root as they come.

    Parameters
    ----------
    root : Path
    command, cluster : str
        What was run, and where.
    listener : callable, optional
        Told of every event too.
    """

    def __init__(self, root: Path, command: str, cluster: str, listener: Listener = to_nobody):
        begun_at, process = now_text(), Owner.this_process()
        stamp = begun_at[:19].replace("-", "").replace(":", "")
        self._record = RunRecord(
            name=f"{stamp}-{secrets.token_hex(2)}",
            command=command,
            cluster=cluster,
            client=f"{process.host}:{process.pid}",
            process=process,
            spe1_version=__version__,
            data_version=DATA_VERSION,
            begun_at=begun_at,
        )
        self._root, self._tell, self._is_told = root, listener, False
        self._begun = self._written = time.monotonic()
        self._workers: dict[str, WorkerRecord] = {}
        self._cells: dict[str, CellRecord] = {}

    def hear(self, event: Event) -> None:
        """A listener of `each_on_cluster`; tells the one that it has."""
        self._tell(event)
        if event.kind == "worker joined" and event.worker is not None:
            self._workers[event.worker] = WorkerRecord(
                address=event.worker, host=event.host or "", versions=event.versions or {}
            )
        elif event.kind == "worker left" and event.worker in self._workers:
            left = self._workers[event.worker].model_copy(update={"left_at": event.at})
            self._workers[event.worker] = left
        elif event.cell_id is not None and event.kind in _STEPS:
            self._cells[event.cell_id] = CellRecord(
                cell=event.cell_id,
                status=event.kind,  # type: ignore[arg-type]  # the model checks it
                worker=event.worker,
                host=event.host,
                seconds=event.seconds,
                attempt=event.attempt,
                at=event.at,
                text=event.text,
            )
        if time.monotonic() - self._written > _EVERY_S:
            self.keep("running")

    def keep(self, status: RunStatus, problem: str | None = None) -> None:
        """Write the record; a run does not end because it cannot be written, which is told once."""
        self._written = time.monotonic()
        try:
            _write(self._root, self.record(status, problem))
        except OSError as error:
            if not self._is_told:
                self._is_told = True
                text = f"the record of the run cannot be written: {error.strerror or error}"
                self._tell(Event("warning", text))

    def record(self, status: RunStatus, problem: str | None = None) -> RunRecord:
        """The run as it is now."""
        return self._record.model_copy(
            update={
                "status": status,
                "problem": problem,
                "seconds": round(time.monotonic() - self._begun, 3),
                "workers": tuple(self._workers.values()),
                "cells": tuple(self._cells.values()),
            }
        )


@contextmanager
def recorded(
    root: Path, command: str, cluster: str, listener: Listener = to_nobody
) -> Iterator[Recorder]:
    """Keep the record of the block in the root, whatever ends it."""
    recorder = Recorder(root, command, cluster, listener)
    status: RunStatus = "broken"
    problem = None
    recorder.keep("running")
    try:
        yield recorder
        status = "ended"
    except (KeyboardInterrupt, GeneratorExit):
        status = "stopped"
        raise
    except BaseException as error:
        problem = str(error)
        raise
    finally:
        recorder.keep(status, problem)


def _write(root: Path, record: RunRecord) -> None:
    folder = RootLayout(root).runs
    folder.mkdir(parents=True, exist_ok=True)
    write_text(folder / f"{record.name}.json", record.model_dump_json(indent=1) + "\n")


def run_files(root: Path) -> list[Path]:
    """The records of a root."""
    return sorted(RootLayout(root).runs.glob("*.json"))


def read_run(path: Path) -> RunRecord:
    """One record.

    Raises
    ------
    OutputError
        It cannot be read, or is another version's.
    """
    try:
        record = RunRecord.model_validate_json(path.read_bytes())
    except (ValidationError, OSError) as error:
        got = first_problem(error) if isinstance(error, ValidationError) else error.strerror
        raise OutputError(
            "The record of a run cannot be read.",
            where=path,
            got=got,
            do="see it with the version of spe1 that wrote it, or move it away",
        ) from error
    if record.status == "running" and record.process.is_alive is False:
        return record.model_copy(update={"status": "killed"})
    return record
