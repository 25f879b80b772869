"""Peak memory of a whole build over the length of the recording: it should be flat.

Each build is a process of its own; its peak is the highest resident memory since it began,
libraries included. The raw files lie on ``--dir``.

    python speed/memory.py --dir /big/disk/memory --save
"""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path

from common import RESULTS, record, run_stage, simulate_cell

CELL_ID = "c14"


def build(raw_dir: Path, root: Path) -> None:
    from spe1_builder.dataset.plan.inputs import Sources
    from spe1_builder.dataset.plan.options import BuildOptions
    from spe1_builder.dataset.write.build import build_cell

    options = BuildOptions(skip_seconds=0.0, duration_s=3600.0)
    build_cell(CELL_ID, Sources(raw_dir), root, options)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dir", type=Path, required=True, help="working folder, 34 GB")
    parser.add_argument("--durations-s", type=float, nargs="+", default=[30.0, 120.0, 480.0])
    parser.add_argument("--save", action="store_true", help=f"write {RESULTS.name}/memory.json")
    arguments = parser.parse_args()
    folder: Path = arguments.dir.resolve()
    peak_GB: dict[str, float] = {}
    for duration_s in arguments.durations_s:
        run_stage(simulate_cell, folder / "raw", CELL_ID, duration_s)
        stage = run_stage(build, folder / "raw", folder / "spe1")
        peak_GB[f"{duration_s:g} s"] = round(stage.peak_memory_bytes / 1e9, 3)
        shutil.rmtree(folder)
    ratio = round(max(peak_GB.values()) / min(peak_GB.values()), 3)
    result = {"build_peak_memory_GB": peak_GB, "ratio_highest_to_lowest": ratio}
    record("memory", result, save=arguments.save)


if __name__ == "__main__":
    main()
