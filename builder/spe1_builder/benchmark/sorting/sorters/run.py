"""A sorter run on a built cell: in a process of its own, capped, its end a result."""

from __future__ import annotations

import json
import signal
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from spe1_builder.benchmark.sorting.sorters.feed import Feed, make_feed
from spe1_builder.benchmark.sorting.sorters.interpreter import (
    CHILD,
    MOST_WORDS,
    child_environment,
    require_installed,
)
from spe1_builder.benchmark.sorting.sorters.known import KnownSorter, known_sorter
from spe1_builder.benchmark.sorting.sorters.task import SorterTask
from spe1_builder.benchmark.sorting.sorters.watch import Watched, run_watched
from spe1_builder.constants import N_CHANNELS, NPX_RATE_HZ
from spe1_builder.dataset.metadata import ConversionMetadata, read_model
from spe1_builder.disk.arrays import read_npz
from spe1_builder.errors import OptionError, SortingError, printable
from spe1_builder.layout import METADATA_NAME
from spe1_builder.reading.sortings.clock import on_window_clock
from spe1_builder.reading.sortings.found import MOST_BYTES, FoundTrains, by_index
from spe1_builder.reading.sortings.units import SortedUnits

_NOT_SORTED = "run the sorter again"


@dataclass(frozen=True, eq=False)
class ProcessRun:
    """What came of a run.

    Attributes
    ----------
    units : SortedUnits or None
        On the clock of the analysis window; None where it did not end well.
    version : str
        Of the sorter's package.
    params : mapping
        As they were given.
    preprocessing : str
        What the recording had been through that it got.
    processor_s, wall_s : float
        With starting it, and compiling.
    peak_bytes : int
        Memory of all its processes together.
    problem : str or None
        Why there are no units: its end, and its last words.
    """

    units: SortedUnits | None
    version: str
    params: Mapping[str, Any]
    preprocessing: str
    processor_s: float
    wall_s: float
    peak_bytes: int
    problem: str | None


def run_sorter(
    name: str,
    cell_folder: Path,
    *,
    channels: Sequence[int] = range(N_CHANNELS),
    params: Mapping[str, Any] | None = None,
    raw_dir: Path | None = None,
    python: Path | None = None,
    memory_bytes: int = 8_000_000_000,
    timeout_s: float = 3600.0,
    seed: int = 0,
) -> ProcessRun:
    """Sort a built cell with a sorter that is installed, here or in another environment.

    Parameters
    ----------
    name : str
        One of `KNOWN_SORTERS`.
    cell_folder : Path
        Of the built cell.
    channels : sequence of int
        Ascending; those around the site, or all.
    params : mapping, optional
        Of the sorter, plain values. SpikeSift takes ``piece_s`` and ``join`` too, those that
        SpikeInterface runs ``n_jobs``.
    raw_dir : Path, optional
        The raw archive: a sorter that preprocesses itself gets the raw counts. Without it, the
        built cell's traces, and is told not to filter them again where it can be.
    python : Path, optional
        Interpreter of the environment that has the sorter; default: this one.
    memory_bytes : int
        Of all its processes together; beyond, it is ended.
    timeout_s : float
        Likewise.
    seed : int
        Of sorters that take one.

    Returns
    -------
    ProcessRun
        A crash, or an end by a limit, is a result, too. Nothing is left on the disk.

    Raises
    ------
    OptionError
        There is no such sorter or channel, or it cannot run here.
    MissingPackageError
        The sorter is not installed; with the line that installs it.
    MissingFileError, OutputError
        The cell is not there, or damaged.
    SpaceError
        The disk has too little room for its recording.
    """
    sorter = known_sorter(name)
    given = _plain(params or {})
    if not (memory_bytes > 0 and timeout_s > 0):
        raise OptionError(
            "A sorter needs memory and time.",
            where="memory_bytes, timeout_s",
            expected="both above 0",
            got=f"{memory_bytes}, {timeout_s}",
            do="leave them out",
        )
    metadata = read_model(cell_folder / METADATA_NAME, ConversionMetadata)
    with tempfile.TemporaryDirectory(prefix="spe1-sorter-") as folder:
        scratch = Path(folder).resolve()
        command = [str(python or sys.executable), "-m", CHILD]
        environment = child_environment(scratch)
        version = require_installed(sorter, sorter.modules(given), command, environment)
        feed = make_feed(
            metadata, cell_folder, channels, raw_dir if sorter.filters_itself else None, scratch
        )
        task = _task(sorter, feed, given, seed, scratch)
        task.write(scratch / "task.json")
        log = scratch / "log.txt"
        ended = run_watched(
            [*command, str(scratch / "task.json")],
            environment=environment,
            folder=scratch,
            log=log,
            memory_bytes=memory_bytes,
            timeout_s=timeout_s,
        )
        problem = _problem(ended, log, memory_bytes, timeout_s)
        units = None
        if problem is None:
            try:
                units = _units(Path(task.result), f"{name} {version}", metadata)
            except (SortingError, FileNotFoundError) as error:
                problem = str(error)
    return ProcessRun(
        units=units,
        version=version,
        params=given,
        preprocessing=feed.preprocessing,
        processor_s=ended.processor_s,
        wall_s=ended.wall_s,
        peak_bytes=ended.peak_bytes,
        problem=problem,
    )


def _plain(params: Mapping[str, Any]) -> dict[str, Any]:
    try:
        text = json.dumps(dict(params), allow_nan=False)
    except (TypeError, ValueError) as error:
        raise OptionError(
            "Parameters of a sorter are plain values: they go to another process, and are kept.",
            where="params",
            got=error,
            do="give numbers, texts, lists and dictionaries of them",
        ) from error
    plain: dict[str, Any] = json.loads(text)
    return plain


def _task(
    sorter: KnownSorter, feed: Feed, params: dict[str, Any], seed: int, scratch: Path
) -> SorterTask:
    return SorterTask(
        sorter=sorter.name,
        engine=sorter.engine,
        traces=str(feed.traces.resolve()),
        dtype=feed.dtype,
        n_samples=feed.n_samples,
        first_sample=feed.first_sample,
        n_channels=len(feed.positions_um),
        positions_um=feed.positions_um.astype(float).tolist(),
        rate_hz=NPX_RATE_HZ,
        gain_uV=feed.gain_uV,
        shifts=None if feed.shifts is None else list(feed.shifts),
        is_filtered=feed.is_filtered,
        params=params,
        seed=seed,
        scratch=str(scratch),
        result=str(scratch / "units.npz"),
    )


def _problem(ended: Watched, log: Path, memory_bytes: int, timeout_s: float) -> str | None:
    if (ended.end, ended.code) == ("exit", 0):
        return None
    how = {
        "exit": f"It ended with status {ended.code}",
        "signal": f"It was ended by {_signal_name(ended.code)}",
        "memory": f"It took more than {memory_bytes / 1e9:.2f} GB of memory",
        "time": f"It took longer than {timeout_s:g} s",
    }[ended.end]
    words = _last_words(log)
    return f"{how}: {words}" if words else f"{how}."


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _last_words(log: Path) -> str:
    """The last line that it printed."""
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - 100_000))
        lines = file.read().decode("utf-8", "replace").split("\n")
    spoken = [line.strip() for line in lines if line.strip()]
    return printable(spoken[-1])[:MOST_WORDS] if spoken else ""


def _units(result: Path, source: str, metadata: ConversionMetadata) -> SortedUnits:
    names = ["unit_ids", "ends", "samples"]
    arrays = read_npz(result, names, MOST_BYTES, error=SortingError, do=_NOT_SORTED)
    unit_ids = tuple(arrays["unit_ids"].tolist())
    trains = by_index(arrays["samples"], arrays["ends"], len(unit_ids), source)
    found = FoundTrains(unit_ids, trains, source, unit="samples", rate_hz=NPX_RATE_HZ)
    return on_window_clock(found, metadata.analysis_window, clock="window")
