"""A build against what the disk alone takes for the same bytes, in the same run.

The limit is the time to read the raw bytes from the disk, plus the time to write as many
bytes as the build writes and to sync them, in a plain loop. It is measured in three ways,
where the system knows them: through the page cache as the machine is; through the page
cache on memory that was used just before (a virtual machine that has given idle memory back
asks its host for every page, at a second a GB); and past the page cache (``O_DIRECT``).
Disks are uneven over time: limits and builds take turns, and the median of each counts.
Raw files leave the page cache before each reading; their hashes are not known before. The
build is timed in a process that has imported what it needs; ``with_imports_s`` is the first
one, from the start of its process.

    python speed/disk_limit.py --dir /big/disk/limit --duration-s 300 --save
"""

from __future__ import annotations

import argparse
import mmap
import os
import shutil
import statistics
import time
from pathlib import Path
from typing import Any

from common import RESULTS, drop_caches, record, run_stage, simulate_cell

CELL_ID = "c14"
_CHUNK_BYTES = 8 << 20
_FILE_BYTES = 70 * _CHUNK_BYTES
_NAMES = ("npx_raw.bin", "patch_ch1.bin")
_DIRECT = getattr(os, "O_DIRECT", 0)
#: Flag to open files with, and whether the memory is used before.
WAYS = {"page_cache": (0, False), "page_cache_on_used_memory": (0, True)}
if _DIRECT:
    WAYS["direct"] = (_DIRECT, False)


def raw_paths(raw_dir: Path) -> list[Path]:
    return [raw_dir / "Recordings" / CELL_ID / f"{CELL_ID}_{name}" for name in _NAMES]


def read_and_write(raw_dir: Path, target: Path, n_bytes: int, way: str) -> dict[str, float]:
    """Seconds to read the raw files, and to write and sync ``n_bytes`` in files of 0.6 GB.

    On used memory: before each of the two, as much is written once for nothing.
    """
    flag, uses_memory_before = WAYS[way]
    chunk = mmap.mmap(-1, _CHUNK_BYTES)
    chunk[:] = os.urandom(_CHUNK_BYTES)
    if uses_memory_before:
        _write(target, chunk, n_bytes, flag)
    begun = time.perf_counter()
    for path in raw_paths(raw_dir):
        descriptor = os.open(path, os.O_RDONLY | flag)
        while os.readv(descriptor, [chunk]):
            pass
        os.close(descriptor)
    read_s = time.perf_counter() - begun
    drop_caches(raw_dir)
    if uses_memory_before:
        _write(target, chunk, n_bytes, flag)
    write_s = _write(target, chunk, n_bytes, flag)
    return {
        "read_s": round(read_s, 2),
        "write_and_sync_s": round(write_s, 2),
        "sum_s": round(read_s + write_s, 2),
    }


def _write(target: Path, chunk: mmap.mmap, n_bytes: int, flag: int) -> float:
    """Seconds to write and sync ``n_bytes``, which are removed after."""
    target.mkdir()
    begun = time.perf_counter()
    for number, first in enumerate(range(0, n_bytes, _FILE_BYTES)):
        flags = os.O_WRONLY | os.O_CREAT | flag
        descriptor = os.open(target / f"{number}.bin", flags)
        left = min(_FILE_BYTES, n_bytes - first)
        while left > 0:
            left -= os.write(descriptor, chunk)
        os.fsync(descriptor)
        os.close(descriptor)
    seconds = time.perf_counter() - begun
    shutil.rmtree(target)
    return seconds


def build(raw_dir: Path, root: Path, warm_up: bool) -> dict[str, Any]:
    from spe1_builder.dataset.plan.inputs import Sources
    from spe1_builder.dataset.plan.options import BuildOptions
    from spe1_builder.dataset.write.build import build_cell

    if warm_up:
        options = BuildOptions(skip_seconds=0.0, duration_s=2.0, segment_duration_s=1.0)
        build_cell(CELL_ID, Sources(raw_dir), root, options)
        shutil.rmtree(root)
        drop_caches(raw_dir)
    begun, begun_cpu = time.perf_counter(), time.process_time()
    options = BuildOptions(skip_seconds=0.0, duration_s=3600.0)
    result = build_cell(CELL_ID, Sources(raw_dir), root, options)
    seconds, cpu_seconds = time.perf_counter() - begun, time.process_time() - begun_cpu
    return {
        "build_s": round(seconds, 2),
        "build_cpu_s": round(cpu_seconds, 2),
        "bytes": sum(file.size for file in result.metadata.files),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dir", type=Path, required=True, help="working folder, 21 GB for 300 s")
    parser.add_argument("--duration-s", type=float, default=300.0, help="recorded and built")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--save", action="store_true", help=f"write under {RESULTS.name}/")
    arguments = parser.parse_args()
    folder: Path = arguments.dir.resolve()
    raw_dir, root = folder / "raw", folder / "spe1"
    run_stage(simulate_cell, raw_dir, CELL_ID, arguments.duration_s)
    raw_bytes = sum(path.stat().st_size for path in raw_paths(raw_dir))
    n_bytes = int(arguments.duration_s * 30_000 * 384 * 4)
    limits: dict[str, list[dict[str, float]]] = {name: [] for name in WAYS}
    builds: list[dict[str, Any]] = []

    def timed_build(warm_up: bool) -> Any:
        drop_caches(raw_dir)
        stage = run_stage(build, raw_dir, root, warm_up)
        shutil.rmtree(root)
        return stage

    first = timed_build(warm_up=False)
    for _ in range(arguments.rounds):
        for name in WAYS:
            drop_caches(raw_dir)
            stage = run_stage(read_and_write, raw_dir, folder / "plain", n_bytes, name)
            limits[name].append(stage.value)
        builds.append(timed_build(warm_up=True).value)
    shutil.rmtree(folder)
    limits_s = {
        name: statistics.median(limit["sum_s"] for limit in taken) for name, taken in limits.items()
    }
    build_s = statistics.median(taken["build_s"] for taken in builds)
    result: dict[str, Any] = {
        "recording_s": arguments.duration_s,
        "raw_bytes": raw_bytes,
        "built_bytes": builds[0]["bytes"],
        "limits": limits,
        "builds": builds,
        "limit_s": limits_s,
        "build_s": build_s,
        "with_imports_s": round(first.seconds, 2),
        "build_peak_memory_GB": round(first.peak_memory_bytes / 1e9, 3),
        "ratio": {name: round(build_s / limit_s, 3) for name, limit_s in limits_s.items()},
    }
    record(f"disk_limit_{arguments.duration_s:g}s", result, save=arguments.save)


if __name__ == "__main__":
    main()
