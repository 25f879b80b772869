"""The compiled engine against SpikeInterface in float64: time, error; memory over duration.

Both preprocess the same 3-s segments of one simulated recording, one thread each,
in turns; of each the shortest run counts. The error is that of every value. Peak
memory is that of whole builds of recordings of two lengths.

    python benchmarks/engines.py --dir /tmp/engines --save
"""

from __future__ import annotations

import argparse
import shutil
import time
from pathlib import Path
from typing import Any

from common import RESULTS, record, run_stage

CELL_ID = "c14"
SEGMENT_SAMPLES = 90_000


def simulate(raw_dir: Path, duration_s: float) -> None:
    from builder.source.simulate import SimulationOptions, simulate_archive

    simulate_archive(raw_dir, [CELL_ID], SimulationOptions(duration_s=duration_s), overwrite=True)


def compare(raw_dir: Path, n_segments: int, repeats: int) -> dict[str, Any]:
    import numpy as np

    from builder.signal.preprocess import ENGINES, make_preprocessor
    from builder.source.raw import open_raw_cell

    raw = open_raw_cell(raw_dir, CELL_ID)
    engines = {name: make_preprocessor(raw, name) for name in ENGINES}
    out = {name: np.empty((384, SEGMENT_SAMPLES), np.float32) for name in ENGINES}
    engines["fast"].read(0, 2000)  # compiles
    best = dict.fromkeys(ENGINES, float("inf"))
    error_uV = 0.0
    for _ in range(repeats):
        for segment in range(n_segments):
            start = segment * SEGMENT_SAMPLES
            for name, engine in engines.items():
                begun = time.perf_counter()
                engine.read(start, start + SEGMENT_SAMPLES, out=out[name])
                best[name] = min(best[name], time.perf_counter() - begun)
            error_uV = max(error_uV, float(np.abs(out["fast"] - out["reference"]).max()))
    return {
        "segment_s": SEGMENT_SAMPLES / 30_000,
        "fast_s": round(best["fast"], 4),
        "reference_s": round(best["reference"], 4),
        "ratio": round(best["reference"] / best["fast"], 2),
        "largest_error_uV": error_uV,
    }


def build(raw_dir: Path, root: Path) -> None:
    from builder.dataset.build import build_cell
    from builder.dataset.inputs import Sources
    from builder.dataset.options import BuildOptions

    options = BuildOptions(skip_seconds=0.0, duration_s=3600.0)
    build_cell(CELL_ID, Sources(raw_dir), root, options, force=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dir", type=Path, required=True, help="working folder, 17 GB")
    parser.add_argument("--durations-s", type=float, nargs="+", default=[60.0, 240.0])
    parser.add_argument("--segments", type=int, default=3)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--save", action="store_true", help=f"write {RESULTS.name}/engines.json")
    arguments = parser.parse_args()
    folder: Path = arguments.dir.resolve()
    memory_GB: dict[str, float] = {}
    engines: dict[str, Any] = {}
    for duration_s in arguments.durations_s:
        raw_dir = folder / "raw"
        run_stage(simulate, raw_dir, duration_s)
        if not engines:
            engines = run_stage(compare, raw_dir, arguments.segments, arguments.repeats).value
        stage = run_stage(build, raw_dir, folder / "spe1")
        memory_GB[f"{duration_s:g} s"] = round(stage.peak_memory_bytes / 1e9, 3)
        shutil.rmtree(folder)
    low, high = min(memory_GB.values()), max(memory_GB.values())
    record(
        "engines",
        {
            "engines_one_thread": engines,
            "build_peak_memory_GB": memory_GB,
            "memory_ratio_longest_to_shortest": round(high / low, 3),
        },
        save=arguments.save,
    )


if __name__ == "__main__":
    main()
