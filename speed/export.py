"""Exports: time, size and memory, each against a plain reference in the same run.

The reference writes the same traces as float32 in a flat file, in a plain loop, synced, and
reads it once: what any export has to do. Ratios are of wall time and of bytes to it. Peak memory
is taken at two lengths: it should be flat.

    python speed/export.py --dir /big/disk/export --save
"""

from __future__ import annotations

import argparse
import os
import shutil
from pathlib import Path
from typing import Any

from common import RESULTS, Stage, record, run_stage, simulate_cell

CELL_ID = "c14"
FORMATS = ("binary", "phy", "zarr", "nwb")
DTYPES = ("int16", "float32")


def build(raw_dir: Path, root: Path) -> None:
    from spe1_builder.dataset.plan.inputs import Sources
    from spe1_builder.dataset.plan.options import BuildOptions
    from spe1_builder.dataset.write.build import build_cell

    build_cell(CELL_ID, Sources(raw_dir), root, BuildOptions(skip_seconds=0.0, duration_s=3600.0))


def plain(root: Path, target: Path) -> int:
    """Bytes of the reference."""
    from spe1_builder.reading.spikeinterface.opening import open_recording

    recording = open_recording(CELL_ID, root)
    with target.open("wb") as file:
        for start in range(0, recording.get_num_samples(), 15_000):
            piece = recording.get_traces(start_frame=start, end_frame=start + 15_000, order="C")
            file.write(piece.data)
        file.flush()
        os.fsync(file.fileno())
    with target.open("rb", buffering=0) as file:
        while file.read(8 << 20):
            pass
    return target.stat().st_size


def export(root: Path, target: Path, to: str, dtype: str) -> int:
    """Bytes of an export."""
    from spe1_builder.export.export import export

    return export(CELL_ID, to, target, root, dtype=dtype).n_bytes  # type: ignore[arg-type]


def measured(stage: Stage, reference: Stage) -> dict[str, Any]:
    return {
        "seconds": round(stage.seconds, 2),
        "cpu_seconds": round(stage.cpu_seconds, 2),
        "bytes": stage.value,
        "peak_memory_GB": round(stage.peak_memory_bytes / 1e9, 3),
        "time_ratio": round(stage.seconds / reference.seconds, 2),
        "size_ratio": round(stage.value / reference.value, 3),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dir", type=Path, required=True, help="working folder, 12 GB")
    parser.add_argument("--durations-s", type=float, nargs="+", default=[15.0, 60.0])
    parser.add_argument("--save", action="store_true", help=f"write {RESULTS.name}/export.json")
    arguments = parser.parse_args()
    folder: Path = arguments.dir.resolve()
    results: dict[str, Any] = {}
    for duration_s in arguments.durations_s:
        run_stage(simulate_cell, folder / "raw", CELL_ID, duration_s)
        run_stage(build, folder / "raw", folder / "spe1")
        shutil.rmtree(folder / "raw")
        reference = run_stage(plain, folder / "spe1", folder / "plain")
        found = {"reference": measured(reference, reference)}
        (folder / "plain").unlink()
        for to in FORMATS:
            for dtype in DTYPES:
                place = folder / f"{to}_{dtype}"
                stage = run_stage(export, folder / "spe1", place, to, dtype)
                found[f"{to} {dtype}"] = measured(stage, reference)
                shutil.rmtree(place) if place.is_dir() else place.unlink()
        results[f"{duration_s:g} s"] = found
        shutil.rmtree(folder)
    record("export", {"exports": results}, save=arguments.save)


if __name__ == "__main__":
    main()
