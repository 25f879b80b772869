"""A full build against what the disk alone takes for the same bytes, in the same run.

The limit is the time to read the raw bytes from the disk, plus the time to write as
many bytes as the build writes and to sync them. Disks are uneven over time, so the
limit is measured before and after the build, and the mean of the two counts. Raw
files leave the page cache before each reading; hashes of them are not known before.

    python benchmarks/disk_limit.py --dir /big/disk/limit --duration-s 310 --save
"""

from __future__ import annotations

import argparse
import os
import shutil
import time
from pathlib import Path
from typing import Any

from common import RESULTS, drop_caches, record, run_stage

CELL_ID = "c14"
_CHUNK_BYTES = 8_000_000


def simulate(raw_dir: Path, duration_s: float) -> int:
    from builder.source.simulate import SimulationOptions, simulate_archive

    simulate_archive(raw_dir, [CELL_ID], SimulationOptions(duration_s=duration_s))
    names = ("npx_raw.bin", "patch_ch1.bin")
    cell = raw_dir / "Recordings" / CELL_ID
    return sum((cell / f"{CELL_ID}_{name}").stat().st_size for name in names)


def read_and_write(raw_dir: Path, target: Path, n_bytes: int) -> dict[str, float]:
    """Seconds to read the raw files, and to write and sync ``n_bytes`` in files of 0.5 GB."""
    buffer = bytearray(_CHUNK_BYTES)
    begun = time.perf_counter()
    for name in ("npx_raw.bin", "patch_ch1.bin"):
        path = raw_dir / "Recordings" / CELL_ID / f"{CELL_ID}_{name}"
        with path.open("rb", buffering=0) as file:
            while file.readinto(buffer):
                pass
    read_s = time.perf_counter() - begun
    target.mkdir()
    chunk = os.urandom(_CHUNK_BYTES)
    begun = time.perf_counter()
    left, number = n_bytes, 0
    while left > 0:
        with (target / f"{number}.bin").open("wb", buffering=0) as file:
            for _ in range(70):
                left -= file.write(chunk[: min(left, _CHUNK_BYTES)])
                if left <= 0:
                    break
            os.fsync(file.fileno())
        number += 1
    write_s = time.perf_counter() - begun
    shutil.rmtree(target)
    return {"read_s": read_s, "write_and_sync_s": write_s, "sum_s": read_s + write_s}


def build(raw_dir: Path, root: Path) -> int:
    from builder.dataset.build import build_cell
    from builder.dataset.inputs import Sources

    result = build_cell(CELL_ID, Sources(raw_dir), root)
    return sum(file.size for file in result.metadata.files)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dir", type=Path, required=True, help="working folder")
    parser.add_argument("--duration-s", type=float, default=310.0)
    parser.add_argument("--save", action="store_true", help=f"write under {RESULTS.name}/")
    arguments = parser.parse_args()
    folder: Path = arguments.dir.resolve()
    raw_dir = folder / "raw"
    raw_bytes = run_stage(simulate, raw_dir, arguments.duration_s).value
    # What the build will write: 4 bytes for each value of the window after 10 s.
    n_bytes = int((arguments.duration_s - 10.0) * 30_000 * 384 * 4)
    limits: list[dict[str, float]] = []

    def measure_limit() -> None:
        drop_caches(raw_dir)
        stage = run_stage(read_and_write, raw_dir, folder / "plain", n_bytes)
        limits.append({name: round(value, 2) for name, value in stage.value.items()})

    measure_limit()
    drop_caches(raw_dir)
    built = run_stage(build, raw_dir, folder / "spe1")
    measure_limit()
    limit_s = sum(limit["sum_s"] for limit in limits) / len(limits)
    result: dict[str, Any] = {
        "recording_s": arguments.duration_s,
        "raw_bytes": raw_bytes,
        "built_bytes": built.value,
        "limits": limits,
        "limit_s": round(limit_s, 2),
        "build_s": round(built.seconds, 2),
        "build_peak_memory_GB": round(built.peak_memory_bytes / 1e9, 3),
        "ratio": round(built.seconds / limit_s, 3),
    }
    shutil.rmtree(folder)
    record(f"disk_limit_{arguments.duration_s:g}s", result, save=arguments.save)


if __name__ == "__main__":
    main()
