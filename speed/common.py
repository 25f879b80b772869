"""What the benchmarks share: a stage in a process of its own, and the record."""

from __future__ import annotations

import json
import mmap
import multiprocessing
import os
import platform
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# The scripts run from a checkout too, without the package installed.
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "builder"))

RESULTS = Path(__file__).parent / "results"


@dataclass(frozen=True)
class Stage:
    """One measured stage: wall time, the process's own time and peak memory, what it returned."""

    seconds: float
    cpu_seconds: float
    peak_memory_bytes: int
    value: Any


def run_stage(function: Callable[..., Any], *args: Any) -> Stage:
    """Run a module-level function in a fresh process and measure it there."""
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_measured, args=(sender, function, args))
    process.start()
    sender.close()
    try:
        stage = receiver.recv()
    except EOFError:
        process.join()
        sys.exit(f"{function.__name__} failed")
    process.join()
    return stage


def _measured(sender: Any, function: Callable[..., Any], args: tuple[Any, ...]) -> None:
    begun, begun_cpu = time.perf_counter(), time.process_time()
    value = function(*args)
    seconds, cpu_seconds = time.perf_counter() - begun, time.process_time() - begun_cpu
    sender.send(Stage(seconds, cpu_seconds, peak_memory_bytes(), value))


def peak_memory_bytes() -> int:
    """Highest resident memory of this process since it began, mapped files included.

    From /proc, because ``getrusage`` inherits the parent's peak.
    """
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) * 1024
    raise RuntimeError("/proc/self/status has no VmHWM")


def simulate_cell(raw_dir: Path, cell_id: str, duration_s: float) -> None:
    """A simulated raw cell in the release's byte layout."""
    from spe1_builder.source.simulation.archive import SimulationOptions, simulate

    simulate(raw_dir, [cell_id], SimulationOptions(duration_s=duration_s), overwrite=True)


def drop_caches(folder: Path) -> None:
    """Ask the system to forget the pages of a folder's files, so that a read is a read."""
    for path in folder.rglob("*"):
        if path.is_file():
            descriptor = os.open(path, os.O_RDONLY)
            try:
                os.fsync(descriptor)
                os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
            finally:
                os.close(descriptor)


def touch_memory(n_bytes: int) -> None:
    """Use each page of so much memory once, in a process of its own.

    A virtual machine that has given idle memory back to its host gets it again page by
    page, at a second or two a GB, which would be counted to whoever comes first.
    """
    run_stage(_touch, n_bytes)


def _touch(n_bytes: int) -> None:
    with mmap.mmap(-1, n_bytes) as memory:
        for first in range(0, n_bytes, mmap.PAGESIZE):
            memory[first] = 1


def record(name: str, result: dict[str, Any], *, save: bool) -> None:
    """Print a result as JSON, and keep it under ``speed/results`` if wanted."""
    result = result | {"machine": machine()}
    text = json.dumps(result, indent=2, allow_nan=False)
    print(text)
    if save:
        RESULTS.mkdir(exist_ok=True)
        (RESULTS / f"{name}.json").write_text(text + "\n", encoding="utf-8")


def machine() -> dict[str, Any]:
    """Enough to judge a figure by."""
    from importlib.metadata import version

    packages = ("numpy", "numba", "scipy", "pyarrow", "datasets", "spikeinterface")
    return {
        "python": platform.python_version(),
        "system": platform.system(),
        "processors": len(os.sched_getaffinity(0)),
        "versions": {name: version(name) for name in packages},
    }
